"""The services behind the gateway."""

from collections.abc import Sequence

from soukdev.gateway.typed import Json, address, typed


def cluster(context: str, backends: Sequence[tuple[str, int]]) -> Json:
    """One context: every address of it is an endpoint, because gRPC is balanced by request."""
    endpoints = [{"endpoint": {"address": address(*backend)}} for backend in backends]
    return {
        "name": context,
        "type": "STRICT_DNS",
        "connect_timeout": "0.5s",
        "lb_policy": "LEAST_REQUEST",
        "typed_extension_protocol_options": _HTTP2,
        "health_checks": [_HEALTH],
        "outlier_detection": _OUTLIERS,
        "circuit_breakers": {"thresholds": [_BREAKER]},
        "load_assignment": {
            "cluster_name": context,
            "endpoints": [{"lb_endpoints": endpoints}],
        },
    }


_HTTP2 = {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config={
            "http2_protocol_options": {
                "connection_keepalive": {"interval": "30s", "timeout": "5s"},
                "max_concurrent_streams": 1024,
            }
        },
    )
}

_HEALTH = {
    "timeout": "1s",
    "interval": "2s",
    "no_traffic_interval": "2s",
    "unhealthy_threshold": 2,
    "healthy_threshold": 1,
    "grpc_health_check": {},
}

# grpc-status UNAVAILABLE and its like count as 5xx.
_OUTLIERS = {
    "consecutive_5xx": 5,
    "consecutive_gateway_failure": 5,
    "enforcing_consecutive_gateway_failure": 100,
    "interval": "1s",
    "base_ejection_time": "5s",
    "max_ejection_percent": 50,
}

# A budget of fewer than 20 retries at once lost calls when a backend was killed.
_BREAKER = {
    "max_connections": 1024,
    "max_pending_requests": 1024,
    "max_requests": 4096,
    "retry_budget": {"budget_percent": {"value": 20}, "min_retry_concurrency": 20},
}
