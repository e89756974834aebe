"""HTTP to our own servers. Not urllib, which would obey a proxy set for the outside world."""

import http.client
from collections.abc import Mapping


class HttpError(OSError):
    """The status was not what the caller needs."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"{status} {body.decode(errors='replace')}")
        self.status = status
        self.body = body


def request(
    port: int,
    path: str,
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = 30,
) -> bytes:
    """The answer's body; HttpError unless it is a 2xx, OSError when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        answer = response.read()
    except http.client.HTTPException as error:
        raise OSError(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()
    if not 200 <= response.status < 300:
        raise HttpError(response.status, answer)
    return answer


def answers(port: int, path: str) -> bool:
    """Is it there, with a 2xx?"""
    try:
        request(port, path, timeout_s=2)
    except OSError:
        return False
    return True
