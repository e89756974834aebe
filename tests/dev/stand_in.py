#!/usr/bin/env python3
"""Stands in for a service: says what it was told on /settings, is ready, ends at SIGTERM."""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType


class Admin(BaseHTTPRequestHandler):
    """The admin port."""

    def do_GET(self) -> None:
        """Answers every path."""
        told = {name: word for name, word in os.environ.items() if name.startswith("SOUK_")}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())


def leave(number: int, frame: FrameType | None) -> None:
    """As a service does when all is well."""
    sys.exit(0)


if "SOUK_FAIL" in os.environ:
    sys.exit("config: SOUK_FAIL is not a setting")
signal.signal(signal.SIGTERM, leave)
host, port = os.environ["SOUK_ADMIN_ADDRESS"].split(":")
ThreadingHTTPServer((host, int(port)), Admin).serve_forever()
