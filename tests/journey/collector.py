"""An OTLP receiver: takes spans over HTTP as JSON (our services) and protobuf (Envoy)."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from soukdev.poll import until

Attributes = dict[str, str | int]


@dataclass(frozen=True)
class Span:
    trace: str
    id: str
    parent: str
    service: str
    name: str
    kind: int
    start_ns: int
    end_ns: int
    status: int
    attributes: Attributes = field(default_factory=dict)


class Collector:
    """What came in, and how to look at it."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.answer = 200
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self._server.server_port

    def trace(self, trace: str) -> list[Span]:
        return [span for span in self.spans if span.trace == trace]

    def await_span(self, timeout_s: float = 60, **wanted: Any) -> Span:
        """The first span whose fields or attributes are so."""

        def found() -> Span | None:
            return next((span for span in list(self.spans) if _fits(span, wanted)), None)

        return until(found, timeout_s, f"a span with {wanted}", every_s=0.05)

    def path(self, span: Span) -> list[Span]:
        """From the root to the span; nothing while one between has not come in."""
        known = {one.id: one for one in self.trace(span.trace)}
        path = [span]
        while parent := path[0].parent:
            if parent not in known:
                return []
            path.insert(0, known[parent])
        return path

    @contextmanager
    def listening(self) -> Iterator["Collector"]:
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def _take(self, kind: str, body: bytes) -> None:
        self.spans += _of_json(json.loads(body)) if "json" in kind else _of_protobuf(body)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self._body()
                assert self.path == "/v1/traces"
                if collector.answer == 200:
                    collector._take(self.headers["content-type"], body)
                self.send_response(collector.answer)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def _body(self) -> bytes:
                if "content-length" in self.headers:
                    return self.rfile.read(int(self.headers["content-length"]))
                pieces = []
                while size := int(self.rfile.readline(), 16):
                    pieces.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(pieces)

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: the spans are what counts."""

        return Handler


def _fits(span: Span, wanted: dict[str, Any]) -> bool:
    return all(
        getattr(span, name) == value
        if hasattr(span, name)
        else span.attributes.get(name.replace("__", ".")) == value
        for name, value in wanted.items()
    )


def _of_json(message: dict[str, Any]) -> Iterator[Span]:
    for resource in message["resourceSpans"]:
        service = str(_json_attributes(resource["resource"])["service.name"])
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                yield Span(
                    trace=span["traceId"],
                    id=span["spanId"],
                    parent=span.get("parentSpanId", ""),
                    service=service,
                    name=span["name"],
                    kind=span["kind"],
                    start_ns=int(span["startTimeUnixNano"]),
                    end_ns=int(span["endTimeUnixNano"]),
                    status=span.get("status", {}).get("code", 0),
                    attributes=_json_attributes(span),
                )


def _json_attributes(holder: dict[str, Any]) -> Attributes:
    return {
        one["key"]: int(one["value"]["intValue"])
        if "intValue" in one["value"]
        else one["value"]["stringValue"]
        for one in holder["attributes"]
    }


def _of_protobuf(body: bytes) -> Iterator[Span]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        names = {one.key: one.value.string_value for one in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Span(
                    trace=span.trace_id.hex(),
                    id=span.span_id.hex(),
                    parent=span.parent_span_id.hex(),
                    service=names["service.name"],
                    name=span.name,
                    kind=span.kind,
                    start_ns=span.start_time_unix_nano,
                    end_ns=span.end_time_unix_nano,
                    status=span.status.code,
                    attributes={one.key: one.value.string_value for one in span.attributes},
                )
