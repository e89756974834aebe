"""The search engine behind a door: requests and answers can be held there."""

import contextlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread

from soukdev.http import HttpError, request

PATIENCE_S = 60


class Held:
    """Requests, or answers, of one kind: from now on each waits until it is let go."""

    def __init__(self, method: str, path: str, *, answers: bool) -> None:
        self._method, self._path, self.answers = method, path, answers
        self._reached, self._let_go = Event(), Event()

    def concerns(self, method: str, path: str) -> bool:
        return method == self._method and self._path in path

    def wait_reached(self) -> None:
        assert self._reached.wait(PATIENCE_S), f"no {self._method} {self._path}"

    def let_go(self) -> None:
        self._let_go.set()

    def pass_through(self) -> None:
        self._reached.set()
        self._let_go.wait(PATIENCE_S)


class EngineDoor:
    """Listens at `url`, and hands on to the engine at a port of this machine."""

    def __init__(self, engine_port: int) -> None:
        self.engine_port = engine_port
        self._held: list[Held] = []
        self._lock = Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def hold_requests(self, method: str, path: str) -> Held:
        """Those with `path` in theirs, before the engine sees them."""
        return self._hold(Held(method, path, answers=False))

    def hold_answers(self, method: str, path: str) -> Held:
        """When the engine has done what was asked."""
        return self._hold(Held(method, path, answers=True))

    def pass_through(self, method: str, path: str, *, answers: bool) -> None:
        with self._lock:
            held = [one for one in self._held if one.answers is answers]
        for one in held:
            if one.concerns(method, path):
                one.pass_through()

    def close(self) -> None:
        for one in self._held:
            one.let_go()
        self._server.shutdown()
        self._server.server_close()

    def _hold(self, held: Held) -> Held:
        with self._lock:
            self._held.append(held)
        return held


def _handler(door: EngineDoor) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            door.pass_through(self.command, self.path, answers=False)
            status, answer = self._ask(body)
            door.pass_through(self.command, self.path, answers=True)
            with contextlib.suppress(OSError):  # whoever asked may have gone
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        do_GET = do_PUT = do_POST = do_DELETE = handle_one

        def _ask(self, body: bytes) -> tuple[int, bytes]:
            headers = {"content-type": "application/json"} if body else {}
            try:
                answer = request(
                    door.engine_port,
                    self.path,
                    method=self.command,
                    body=body or None,
                    headers=headers,
                )
            except HttpError as error:
                return error.status, error.body
            except OSError:
                return 503, b"{}"
            return 200, answer

        def log_message(self, *_: object) -> None:
            pass

    return Handler
