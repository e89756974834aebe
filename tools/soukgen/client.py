"""<file>.client.[ch]: the side that calls. One function for each method, typed at both ends."""

from google.protobuf.descriptor import FileDescriptor, MethodDescriptor

from soukgen import contracts, names, text

ABOUT = """\
Calls to the servers of these contracts. `*ret` is untouched unless the call is OK; io/rpc_client.h
says where it lives, and the rest.

"""


def header(of: contracts.Contracts, file: FileDescriptor) -> str:
    """The typed functions."""
    ours = ["base/attributes.h", "base/status.h", names.types_header(file)]
    parts = [
        "struct rpc_client;\nstruct rpc_call;\n",
        *(
            f"{text.comment(of.method_comment(method))}MUST_USE SUSPENDS {_head(method)};\n"
            for method in contracts.methods_of(file)
        ),
    ]
    about = text.comment(ABOUT + text.MADE_FROM.format(file.name))
    return f"#pragma once\n\n{about}\n{text.includes([], ours)}" + "\n".join(parts)


def _head(method: MethodDescriptor) -> str:
    return (
        f"struct status {names.client_stub(method)}(struct rpc_client *client, "
        f"struct rpc_call *call,\n    const {names.short_type(method.input_type)} *in, "
        f"{names.short_type(method.output_type)} **ret)"
    )


def source(file: FileDescriptor) -> str:
    """Each by one rpc_client_call()."""
    note = text.comment(text.MADE_FROM.format(file.name))
    own = f'#include "{names.stem(file)}.client.h"\n\n'
    includes = text.includes(["stddef.h"], ["io/rpc_client.h"])
    return note + own + includes + "\n".join(_stub(of) for of in contracts.methods_of(file))


def _stub(method: MethodDescriptor) -> str:
    return (
        f"{_head(method)}\n{{\n"
        "    ProtobufCMessage *answer = NULL;\n"
        f"    TRY(rpc_client_call(client, call, &{names.method(method)}, &in->base, &answer));\n"
        f"    *ret = ({names.short_type(method.output_type)} *)answer;\n"
        "    return STATUS_OK;\n}\n"
    )
