"""JSON in, gRPC on, JSON out, by the google.api.http annotations of the contracts."""

from collections.abc import Sequence

from soukdev.gateway.typed import Json, extension


def transcoder(descriptor_set: str, services: Sequence[str]) -> Json:
    """Only annotated methods have a REST path; native gRPC passes untouched."""
    return extension(
        "envoy.filters.http.grpc_json_transcoder",
        "envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        proto_descriptor=descriptor_set,
        services=list(services),
        convert_grpc_status=True,
        # As forms and most clients write a blank.
        query_param_unescape_plus=True,
        request_validation_options={
            # Methods of other services, health and reflection, pass.
            "reject_unknown_method": False,
            "reject_unknown_query_parameters": True,
            "reject_binding_body_field_collisions": True,
        },
        print_options={
            "always_print_primitive_fields": True,
            "preserve_proto_field_names": True,
            "stream_newline_delimited": True,
        },
    )
