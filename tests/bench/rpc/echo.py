#!/usr/bin/env python3
"""Unary echo: libcommon's RPC server against gRPC's own C++ asynchronous one, each on one core.

h2load sends the same message of about 100 bytes from the other core, 100 calls at a time on 4
connections. The two take turns, so that a noisy machine harms both; the ratio is that of each
round. That both answer what they should is checked by grpcio first.
"""

import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tools"))

from soukdev import paths

_ROUNDS, _CALLS = 5, 200_000
_FOLDER = paths.BUILD / "bench"
_SERVERS = ("souk_server", "cpp_server")
_METHOD = "/bench.Echo/Unary"


def main() -> None:
    if shutil.which("h2load") is None:
        sys.exit("h2load is missing: run tools/setup packages")
    message = _message()
    body = _FOLDER / "echo.bin"
    body.write_bytes(b"\0" + len(message).to_bytes(4, "big") + message)
    rounds = []
    for number in range(_ROUNDS):
        rates = [_rate(server, message, body) for server in _SERVERS]
        rounds.append(rates[0] / rates[1])
        print(f"round {number + 1}: souk {rates[0]:.0f}/s  C++ {rates[1]:.0f}/s  {rounds[-1]:.2f}")
    print(f"echo on one core, souk / C++ async: median {statistics.median(rounds):.2f}")


def _message() -> bytes:
    """An EchoRequest of two lines, as protoc would encode it."""
    return subprocess.run(
        [
            "protoc",
            f"-I{paths.ROOT / 'tests'}",
            "--encode=bench.EchoRequest",
            "bench/rpc/echo.proto",
        ],
        input=b"""id: 7041829460123648 customer: "customer-4711" note: "leave at the door"
                  lines { sku: "VOUCHER-10" quantity: 2 unit_minor: 990 }
                  lines { sku: "TOPUP-50" quantity: 1 unit_minor: 4850 }""",
        stdout=subprocess.PIPE,
        check=True,
    ).stdout


def _rate(server: str, message: bytes, body: Path) -> float:
    with _running(server) as address:
        _check(address, message)
        url = f"http://{address}{_METHOD}"
        load = ["h2load", "-n", str(_CALLS), "-c", "4", "-m", "25", "-d", str(body)]
        headers = ["-H", "content-type: application/grpc", "-H", "te: trailers"]
        report = subprocess.run(
            ["taskset", "-c", "1", *load, *headers, url],
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        ).stdout
    succeeded = re.search(r"(\d+) succeeded, 0 failed, 0 errored", report)
    rate = re.search(r"finished in .*?, ([\d.]+) req/s", report)
    if succeeded is None or int(succeeded[1]) != _CALLS or rate is None:
        sys.exit(f"{server} failed calls:\n{report}")
    return float(rate[1])


@contextmanager
def _running(server: str) -> Iterator[str]:
    with (_FOLDER / f"{server}.log").open("w") as log:
        process = subprocess.Popen(
            ["taskset", "-c", "0", str(_FOLDER / server)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    try:
        yield f"127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()


def _check(address: str, message: bytes) -> None:
    """The answer holds the request's id, and its lines after the status."""
    with grpc.insecure_channel(address) as channel:
        answer = channel.unary_unary(_METHOD)(message, timeout=5)
    if not answer.startswith(message[:9]) or b"RESERVED" not in answer or b"TOPUP-50" not in answer:
        sys.exit(f"not an echo: {answer!r}")


main()
