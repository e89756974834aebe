"""The whole of Envoy's configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from soukdev.contracts import Contracts
from soukdev.gateway import (
    body,
    clusters,
    headers,
    identity,
    limits,
    protocols,
    refusals,
    routes,
    tracing,
    transcoding,
)
from soukdev.gateway.typed import Json, address, extension


@dataclass(frozen=True)
class Gateway:
    """What differs between one gateway and another.

    services: addresses of each context that runs; the others are unknown paths.
    collector: where spans go, None: nowhere; of trace_per_10000 requests in 10,000.
    """

    listen: tuple[str, int]
    admin: tuple[str, int]
    services: Mapping[str, Sequence[tuple[str, int]]]
    descriptor_set: Path
    jwks_file: Path
    user_per_s: int = 20_000
    collector: tracing.Collector | None = None
    trace_per_10000: int = 100


def render(gateway: Gateway) -> Json:
    """A bootstrap, to be written as JSON."""
    return {
        "node": {"id": "souk-gateway", "cluster": "souk"},
        "admin": {"address": address(*gateway.admin)},
        "overload_manager": {"resource_monitors": [_connections(20_000)]},
        "static_resources": {
            "listeners": [_listener(gateway)],
            "clusters": [
                *[clusters.cluster(*service) for service in gateway.services.items()],
                *([tracing.cluster(gateway.collector)] if gateway.collector else []),
            ],
        },
    }


def _listener(gateway: Gateway) -> Json:
    return {
        "name": "public",
        "address": address(*gateway.listen),
        "per_connection_buffer_limit_bytes": 1 << 20,
        "filter_chains": [{"filters": [_connection_manager(gateway)]}],
    }


def _connection_manager(gateway: Gateway) -> Json:
    contexts = list(gateway.services)
    contracts = Contracts(gateway.descriptor_set)
    services = [name for context in contexts for name in contracts.services(context)]
    host = {
        "name": "souk",
        "domains": ["*"],
        "routes": routes.routes(contracts.methods(), contexts),
    }
    traced = (
        {"tracing": tracing.tracing(gateway.collector, gateway.trace_per_10000)}
        if gateway.collector
        else {}
    )
    return extension(
        "envoy.filters.network.http_connection_manager",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="public",
        # HTTP/1.1 and HTTP/2 without TLS at the same port.
        codec_type="AUTO",
        use_remote_address=True,
        normalize_path=True,
        merge_slashes=True,
        path_with_escaped_slashes_action="REJECT_REQUEST",
        common_http_protocol_options={
            "idle_timeout": "600s",
            "headers_with_underscores_action": "REJECT_REQUEST",
        },
        http2_protocol_options={"max_concurrent_streams": 256},
        request_headers_timeout="5s",
        stream_idle_timeout="300s",
        # A caller may bring its own id, to find its request in our logs.
        generate_request_id=True,
        preserve_external_request_id=True,
        always_set_request_id_in_response=True,
        early_header_mutation_extensions=[headers.early_mutations()],
        http_filters=[
            protocols.refuse_upgrades(),
            identity.authentication(str(gateway.jwks_file)),
            identity.refuse_services(),
            limits.rate_limit(gateway.user_per_s),
            body.limit(),
            transcoding.transcoder(str(gateway.descriptor_set), services),
            extension(
                "envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router"
            ),
        ],
        local_reply_config=refusals.local_replies(),
        access_log=[_access_log()],
        route_config={"name": "public", "virtual_hosts": [host]},
        **traced,
    )


def _connections(limit: int) -> Json:
    return extension(
        "envoy.resource_monitors.global_downstream_max_connections",
        "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
        max_active_downstream_connections=limit,
    )


def _access_log() -> Json:
    line = {
        "time": "%START_TIME%",
        "request_id": "%REQ(X-REQUEST-ID)%",
        "method": "%REQ(:METHOD)%",
        "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
        "status": "%RESPONSE_CODE%",
        "grpc_status": "%GRPC_STATUS(SNAKE_STRING)%",
        "details": "%RESPONSE_CODE_DETAILS%",
        "flags": "%RESPONSE_FLAGS%",
        "duration_ms": "%DURATION%",
        "cluster": "%UPSTREAM_CLUSTER%",
    }
    stdout = extension(
        "envoy.access_loggers.stdout",
        "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
        log_format={"json_format": line},
    )
    # A gRPC call that failed has HTTP status 200.
    http_failed = {"comparison": {"op": "GE", "value": {"default_value": 400, "runtime_key": "-"}}}
    failed = [
        {"status_code_filter": http_failed},
        {"grpc_status_filter": {"statuses": ["OK"], "exclude": True}},
    ]
    return {**stdout, "filter": {"or_filter": {"filters": failed}}}
