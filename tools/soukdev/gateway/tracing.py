"""Traces begin at the gateway, and go on in the services."""

from soukdev.gateway.typed import Json, address, extension

Collector = tuple[str, int]


def tracing(collector: Collector, per_10000: int) -> Json:
    """Spans of the connection manager: one for each request, the parent of all that follows.

    Of so many requests in 10,000 spans are recorded, here and everywhere behind. A client may bring
    the id of a trace, and no flag: the id decides. Who makes one up for it has his own requests
    recorded, and nobody else's.
    """
    host, port = collector
    return {
        "provider": extension(
            "envoy.tracers.opentelemetry",
            "envoy.config.trace.v3.OpenTelemetryConfig",
            service_name="gateway",
            http_service={
                "http_uri": {
                    "uri": f"http://{host}:{port}/v1/traces",
                    "cluster": "traces",
                    "timeout": "1s",
                }
            },
            sampler=_sampler(per_10000),
        ),
        "random_sampling": {"value": 100},
    }


def _sampler(per_10000: int) -> Json:
    """By the id of the trace, whatever the client says of its own."""
    return extension(
        "envoy.tracers.opentelemetry.samplers.trace_id_ratio_based",
        "envoy.extensions.tracers.opentelemetry.samplers.v3.TraceIdRatioBasedSamplerConfig",
        sampling_percentage={"numerator": per_10000, "denominator": "TEN_THOUSAND"},
    )


def cluster(collector: Collector) -> Json:
    """Where spans go."""
    endpoint = {"endpoint": {"address": address(*collector)}}
    return {
        "name": "traces",
        "type": "STRICT_DNS",
        "connect_timeout": "0.5s",
        "load_assignment": {
            "cluster_name": "traces",
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
    }
