"""<file>.rpc.[ch]: the side that serves. Its author writes the handlers, nothing is registered."""

from google.protobuf.descriptor import FileDescriptor, MethodDescriptor, ServiceDescriptor

from soukgen import contracts, names, text

ABOUT = """\
What a server of these contracts writes, one function for each method, and the tables that it
hands to its rpc_server. `in` is unpacked and valid, `ret` initialised; what `ret` points to lives
in the request's arena or longer.

"""


def header(of: contracts.Contracts, file: FileDescriptor) -> str:
    """Prototypes of the handlers, under what the contract says of the method."""
    ours = ["base/attributes.h", "base/status.h", "io/contract.h", names.types_header(file)]
    parts = [
        "struct request;\n",
        *(_prototype(of, method) for method in contracts.methods_of(file)),
        "".join(
            f"extern const struct rpc_service {names.rpc_service(service)};\n"
            for service in contracts.services_of(file)
        ),
    ]
    about = text.comment(ABOUT + text.MADE_FROM.format(file.name))
    return f"#pragma once\n\n{about}\n{text.includes([], ours)}" + "\n".join(parts)


def _prototype(of: contracts.Contracts, method: MethodDescriptor) -> str:
    arguments = (
        f"struct request *rq, const {names.short_type(method.input_type)} *in, "
        f"{names.short_type(method.output_type)} *ret"
    )
    return (
        text.comment(of.method_comment(method))
        + f"MUST_USE SUSPENDS struct status {names.handler(method)}({arguments});\n"
    )


def source(file: FileDescriptor) -> str:
    """From the untyped call to the typed handler."""
    parts = [
        *(_thunk(method) for method in contracts.methods_of(file)),
        *(_service(service) for service in contracts.services_of(file)),
    ]
    note = text.comment(text.MADE_FROM.format(file.name))
    return f'{note}#include "{names.stem(file)}.rpc.h"\n\n' + "\n".join(parts)


def _thunk(method: MethodDescriptor) -> str:
    request, answer = names.short_type(method.input_type), names.short_type(method.output_type)
    return (
        f"static struct status serve_{names.handler(method)}(struct request *rq, "
        "const ProtobufCMessage *in,\n    ProtobufCMessage *ret)\n"
        f"{{\n    return {names.handler(method)}(rq, (const {request} *)in, ({answer} *)ret);\n}}\n"
    )


def _service(service: ServiceDescriptor) -> str:
    prefix = names.service_prefix(service)
    methods = text.array(
        f"static const struct rpc_method *const {prefix}_methods[]",
        [f"&{names.method(method)}" for method in service.methods],
    )
    handlers = text.array(
        f"static const rpc_handler {prefix}_handlers[]",
        [f"serve_{names.handler(method)}" for method in service.methods],
    )
    table = text.definition(
        f"const struct rpc_service {names.rpc_service(service)}",
        [
            ("name", text.literal(service.full_name)),
            ("domain", text.literal(names.domain(service.file))),
            ("methods", f"{prefix}_methods"),
            ("handlers", f"{prefix}_handlers"),
            ("method_count", str(len(service.methods))),
        ],
    )
    return "\n".join([methods, handlers, table])
