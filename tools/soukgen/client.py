"""<file>.client.[ch]: the side that calls. Functions for each method, typed at both ends."""

from google.protobuf.descriptor import FileDescriptor, MethodDescriptor

from soukgen import contracts, names, streams, text

ABOUT = """\
Calls to the servers of these contracts. `*ret` is untouched unless the call is OK; io/rpc_client.h
says where it lives, and the rest. A method that streams gives a stream, to be closed: see
io/rpc_stream.h.

"""


def header(of: contracts.Contracts, file: FileDescriptor) -> str:
    """The typed functions."""
    ours = ["base/attributes.h", "base/status.h", names.types_header(file)]
    has_streams = any(map(contracts.streams, contracts.methods_of(file)))
    parts = [
        "struct rpc_client;\nstruct rpc_call;\n" + ("struct rpc_stream;\n" if has_streams else ""),
        *(
            text.comment(of.method_comment(method))
            + "".join(map(streams.prototype, _heads(method)))
            for method in contracts.methods_of(file)
        ),
    ]
    about = text.comment(ABOUT + text.MADE_FROM.format(file.name))
    return f"#pragma once\n\n{about}\n{text.includes([], ours)}" + "\n".join(parts)


def _heads(method: MethodDescriptor) -> list[str]:
    heads = [_head(method)]
    if method.client_streaming:
        heads.append(streams.send_head(names.client_send(method), method.input_type))
    if method.server_streaming:
        heads.append(streams.recv_head(names.client_recv(method), method.output_type))
    elif method.client_streaming:
        heads.append(streams.recv_head(names.client_answer(method), method.output_type))
    return heads


def _head(method: MethodDescriptor) -> str:
    arguments = ["struct rpc_client *client", "struct rpc_call *call"]
    if not method.client_streaming:
        arguments.append(f"const {names.short_type(method.input_type)} *in")
    answer = (
        "struct rpc_stream" if contracts.streams(method) else names.short_type(method.output_type)
    )
    arguments.append(f"{answer} **ret")
    return f"struct status {names.client_stub(method)}({', '.join(arguments)})"


def source(file: FileDescriptor) -> str:
    """Each by one rpc_client_call(), or by functions of rpc_stream.h."""
    note = text.comment(text.MADE_FROM.format(file.name))
    own = f'#include "{names.stem(file)}.client.h"\n\n'
    has_streams = any(map(contracts.streams, contracts.methods_of(file)))
    ours = ["io/rpc_client.h", *(["io/rpc_stream.h"] if has_streams else [])]
    includes = text.includes(["stddef.h"], ours)
    return (
        note
        + own
        + includes
        + "\n".join(
            _opening(of) if contracts.streams(of) else _stub(of)
            for of in contracts.methods_of(file)
        )
    )


def _stub(method: MethodDescriptor) -> str:
    return (
        f"{_head(method)}\n{{\n"
        "    ProtobufCMessage *answer = NULL;\n"
        f"    TRY(rpc_client_call(client, call, &{names.method(method)}, &in->base, &answer));\n"
        f"    *ret = ({names.short_type(method.output_type)} *)answer;\n"
        "    return STATUS_OK;\n}\n"
    )


def _opening(method: MethodDescriptor) -> str:
    """With what its messages go by."""
    request = "NULL" if method.client_streaming else "&in->base"
    parts = [
        f"{_head(method)}\n{{\n"
        f"    return rpc_stream_open(client, call, &{names.method(method)}, {request}, ret);\n}}\n"
    ]
    if method.client_streaming:
        parts.append(streams.send(names.client_send(method), method.input_type))
    if method.server_streaming:
        parts.append(streams.recv(names.client_recv(method), method.output_type))
    elif method.client_streaming:
        parts.append(
            streams.recv(names.client_answer(method), method.output_type, by="rpc_stream_answer")
        )
    return "\n".join(parts)
