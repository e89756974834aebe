"""tools/make-docs: prints a page."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from google.protobuf import descriptor_pb2
from google.protobuf.compiler import plugin_pb2
from google.protobuf.descriptor import FileDescriptor
from soukgen import contracts

from soukdocs import configuration, errors, events, markdown, services

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make-docs", description=__doc__)
    parser.add_argument("page", choices=("events", "errors", "configuration"))
    parser.add_argument("--contracts", type=Path, help="descriptor set with comments")
    parser.add_argument("--root", type=Path, default=ROOT, help="where svc-x and libcommon are")
    parser.add_argument("services", nargs="+", type=Path, help="programs: build/debug/svc-x/svc-x")
    told = parser.parse_args(arguments)
    known = services.described(told.services)
    if told.page == "configuration":
        sys.stdout.write(configuration.page(known))
        return 0
    of, files = _contracts(told.contracts.read_bytes())
    make = {"events": events.page, "errors": errors.page}[told.page]
    try:
        sys.stdout.write(make(of, files, known, told.root))
    except markdown.NotSaidError as error:
        sys.exit(str(error))
    return 0


def _contracts(
    descriptor_set: bytes,
) -> tuple[contracts.Contracts, list[FileDescriptor]]:
    """Ours, by their names."""
    files = descriptor_pb2.FileDescriptorSet.FromString(descriptor_set).file
    of = contracts.Contracts(plugin_pb2.CodeGeneratorRequest(proto_file=files))
    ours = sorted(file.name for file in files if file.package.startswith("souk."))
    return of, [of.file(name) for name in ours]
