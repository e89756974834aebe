"""<file>.rpc.[ch]: the side that serves. Its author writes the handlers, nothing is registered."""

from google.protobuf.descriptor import FileDescriptor, MethodDescriptor, ServiceDescriptor

from soukgen import contracts, names, streams, text

ABOUT = """\
What a server of these contracts writes, one function for each method, and the tables that it
hands to its rpc_server. `in` is unpacked and valid, `ret` initialised; what `ret` points to lives
in the request's arena or longer. A method that streams gets a `stream` for its _send and _recv,
which io/rpc_stream.h describes.

"""


def header(of: contracts.Contracts, file: FileDescriptor) -> str:
    """Prototypes of the handlers, under what the contract says of the method."""
    ours = ["base/attributes.h", "base/status.h", "io/contract.h", names.types_header(file)]
    parts = [
        "struct request;\n",
        *(["struct rpc_stream;\n"] if any(map(contracts.streams, _methods(file))) else []),
        *(_prototype(of, method) for method in contracts.methods_of(file)),
        "".join(
            f"extern const struct rpc_service {names.rpc_service(service)};\n"
            for service in contracts.services_of(file)
        ),
    ]
    about = text.comment(ABOUT + text.MADE_FROM.format(file.name))
    return f"#pragma once\n\n{about}\n{text.includes([], ours)}" + "\n".join(parts)


def _methods(file: FileDescriptor) -> list[MethodDescriptor]:
    return list(contracts.methods_of(file))


def _prototype(of: contracts.Contracts, method: MethodDescriptor) -> str:
    heads = [_head(method)]
    if method.client_streaming:
        heads.append(streams.recv_head(names.server_recv(method), method.input_type))
    if method.server_streaming:
        heads.append(streams.send_head(names.server_send(method), method.output_type))
    return text.comment(of.method_comment(method)) + "".join(map(streams.prototype, heads))


def _head(method: MethodDescriptor) -> str:
    arguments = ["struct request *rq"]
    if not method.client_streaming:
        arguments.append(f"const {names.short_type(method.input_type)} *in")
    if contracts.streams(method):
        arguments.append("struct rpc_stream *stream")
    if not method.server_streaming:
        arguments.append(f"{names.short_type(method.output_type)} *ret")
    return f"struct status {names.handler(method)}({', '.join(arguments)})"


def source(file: FileDescriptor) -> str:
    """From the untyped call to the typed handler."""
    parts = [
        *(_thunk(method) for method in _methods(file)),
        *(_messages(method) for method in _methods(file) if contracts.streams(method)),
        *(_service(service) for service in contracts.services_of(file)),
    ]
    note = text.comment(text.MADE_FROM.format(file.name))
    own = f'#include "{names.stem(file)}.rpc.h"\n\n'
    includes = text.includes(["stddef.h"], ["io/rpc_stream.h"])
    has_streams = any(map(contracts.streams, _methods(file)))
    return note + own + (includes if has_streams else "") + "\n".join(parts)


def _thunk(method: MethodDescriptor) -> str:
    request, answer = names.short_type(method.input_type), names.short_type(method.output_type)
    parameters = ["struct request *rq", "const ProtobufCMessage *in"]
    arguments = ["rq"]
    unused = []
    if method.client_streaming:
        unused.append("in")
    else:
        arguments.append(f"(const {request} *)in")
    if contracts.streams(method):
        parameters.append("struct rpc_stream *stream")
        arguments.append("stream")
    parameters.append("ProtobufCMessage *ret")
    if method.server_streaming:
        unused.append("ret")
    else:
        arguments.append(f"({answer} *)ret")
    return (
        f"static struct status serve_{names.handler(method)}({', '.join(parameters)})\n{{\n"
        + "".join(f"    (void){name};\n" for name in unused)
        + f"    return {names.handler(method)}({', '.join(arguments)});\n}}\n"
    )


def _messages(method: MethodDescriptor) -> str:
    parts = []
    if method.client_streaming:
        parts.append(streams.recv(names.server_recv(method), method.input_type))
    if method.server_streaming:
        parts.append(streams.send(names.server_send(method), method.output_type))
    return "\n".join(parts)


def _service(service: ServiceDescriptor) -> str:
    prefix = names.service_prefix(service)
    methods = text.array(
        f"static const struct rpc_method *const {prefix}_methods[]",
        [f"&{names.method(method)}" for method in service.methods],
    )
    arrays = [methods, _handlers(service, "rpc_handler", "handlers", streaming=False)]
    has_streams = any(map(contracts.streams, service.methods))
    if has_streams:
        arrays.append(_handlers(service, "rpc_stream_handler", "stream_handlers", streaming=True))
    table = text.definition(
        f"const struct rpc_service {names.rpc_service(service)}",
        [
            ("name", text.literal(service.full_name)),
            ("domain", text.literal(names.domain(service.file))),
            ("methods", f"{prefix}_methods"),
            ("handlers", f"{prefix}_handlers"),
            ("stream_handlers", f"{prefix}_stream_handlers" if has_streams else ""),
            ("method_count", str(len(service.methods))),
        ],
    )
    return "\n".join([*arrays, table])


def _handlers(service: ServiceDescriptor, kind: str, name: str, *, streaming: bool) -> str:
    """In the order of the methods; NULL for those of the other kind."""
    return text.array(
        f"static const {kind} {names.service_prefix(service)}_{name}[]",
        [
            f"serve_{names.handler(method)}" if contracts.streams(method) == streaming else "NULL"
            for method in service.methods
        ],
    )
