"""Sending and receiving messages of a stream under their own types, for either side."""

from google.protobuf.descriptor import Descriptor

from soukgen import names


def send_head(name: str, message: Descriptor) -> str:
    return (
        f"struct status {name}(struct rpc_stream *stream, "
        f"const {names.short_type(message)} *message)"
    )


def recv_head(name: str, message: Descriptor) -> str:
    return f"struct status {name}(struct rpc_stream *stream, {names.short_type(message)} **ret)"


def prototype(head: str) -> str:
    return f"MUST_USE SUSPENDS {head};\n"


def send(name: str, message: Descriptor) -> str:
    """By rpc_stream_send()."""
    return (
        f"{send_head(name, message)}\n{{\n    return rpc_stream_send(stream, &message->base);\n}}\n"
    )


def recv(name: str, message: Descriptor, by: str = "rpc_stream_recv") -> str:
    """By rpc_stream_recv(), or what gives a message like it."""
    return (
        f"{recv_head(name, message)}\n{{\n"
        "    ProtobufCMessage *message;\n"
        f"    TRY({by}(stream, &message));\n"
        f"    *ret = ({names.short_type(message)} *)message;\n"
        "    return STATUS_OK;\n}\n"
    )
