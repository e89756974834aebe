"""The plugin's protocol: a request on standard input, files or one error on standard output."""

import sys
from collections.abc import Iterator

from google.protobuf.compiler import plugin_pb2
from google.protobuf.descriptor import FileDescriptor

from soukgen import client, contracts, law, names, rules, server, tables, types


def outputs(of: contracts.Contracts, file: FileDescriptor) -> Iterator[tuple[str, str]]:
    """What is made of one file: name and content."""
    stem = names.stem(file)
    yield f"{stem}.types.h", types.header(of, file)
    yield f"{stem}.types.c", tables.source(of, file)
    if contracts.services_of(file):
        yield f"{stem}.rpc.h", server.header(of, file)
        yield f"{stem}.rpc.c", server.source(file)
        yield f"{stem}.client.h", client.header(of, file)
        yield f"{stem}.client.c", client.source(file)


def answer(request: plugin_pb2.CodeGeneratorRequest) -> plugin_pb2.CodeGeneratorResponse:
    """All files, or all breaches of all of them."""
    # protoc would refuse proto3 optional by itself, without saying where.
    response = plugin_pb2.CodeGeneratorResponse(
        supported_features=plugin_pb2.CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL
    )
    of = contracts.Contracts(request)
    files = [of.file(name) for name in request.file_to_generate]
    ours = [file for file in files if rules.is_ours(file)]

    breaches = [breach for file in ours for breach in law.breaches(of, file)]
    if breaches:
        response.error = "\n".join(breaches)
        return response
    for file in ours:
        for name, content in outputs(of, file):
            response.file.add(name=name, content=content)
    return response


def main() -> None:
    """One request, one answer."""
    request = plugin_pb2.CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    sys.stdout.buffer.write(answer(request).SerializeToString(deterministic=True))
