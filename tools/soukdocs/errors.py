"""docs/errors.md: what a call can be refused with."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from google.protobuf.descriptor import EnumDescriptor, FileDescriptor
from google.rpc import code_pb2
from soukdev.gateway.refusals import GATEWAY_DOMAIN, gateway_refusals
from soukgen import contracts, names

from soukdocs import markdown, sources
from soukdocs.services import Service

_WORD = re.compile(r"\b[A-Z][A-Z_]+\b")

_CODES = frozenset(code_pb2.Code.keys())

# In front: of these every service may say something.
_SHARED = ("souk.common", "souk.ops")

# Those have words for events, too.
_NOT_OF_CALLS = ("mq_", "consumer")


def page(
    of: contracts.Contracts,
    files: Sequence[FileDescriptor],
    services: Sequence[Service],
    root: Path,
) -> str:
    enums = [enum for file in files if (enum := contracts.reasons_enum(file))]
    enums.sort(key=lambda enum: (not enum.file.package.startswith(_SHARED), enum.file.package))
    folders = {f"souk.{service.name}": service.folder for service in services}
    return markdown.page(
        "Errors",
        "A refusal is a `google.rpc.Status`; its `ErrorInfo` has one of these reasons, and the "
        "heading it is under as its domain. Clients branch on the reason, never on the text.",
        *(part for enum in enums for part in _section(of, files, enum, folders, root)),
        f"## {GATEWAY_DOMAIN}\n",
        "Of the gateway alone, before any service is asked.\n",
        markdown.table(("Reason", "Code", "HTTP", "Meaning"), _of_gateway()),
    )


def _section(
    of: contracts.Contracts,
    files: Sequence[FileDescriptor],
    enum: EnumDescriptor,
    folders: dict[str, str],
    root: Path,
) -> Iterator[str]:
    domain = names.domain(enum.file)
    told = _Told(of, [file for file in files if file.package == enum.file.package])
    globs = [f"{folders[domain]}/*.c"] if domain in folders else ["libcommon/*/*.c", "svc-*/*.c"]
    files_of = (file for glob in globs for file in root.glob(glob))
    refused = sources.codes_of_reasons(
        file for file in files_of if not file.name.startswith(_NOT_OF_CALLS)
    )

    yield f"## {domain}\n"
    heads = ("Reason", "Code", "Meaning", *(("RPCs",) if told.methods else ()))
    rows = []
    for value in enum.values[1:]:
        reason = value.name.removeprefix(names.REASON_PREFIX)
        comment = of.reason_comment(enum.file, value)
        meaning = markdown.prose(comment, f"{enum.file.name}: {value.name}")
        codes = sorted(refused.get(reason, set()) | told.codes[reason])
        row = (markdown.code(reason), ", ".join(codes), meaning)
        rows.append((*row, ", ".join(told.methods[reason])) if told.methods else row)
    yield markdown.table(heads, rows)


class _Told:
    """What the comments of methods say: `NOT_FOUND SKU_UNKNOWN. ABORTED VERSION_MISMATCH.`"""

    def __init__(self, of: contracts.Contracts, files: Iterable[FileDescriptor]) -> None:
        self.codes: defaultdict[str, set[str]] = defaultdict(set)
        self.methods: defaultdict[str, list[str]] = defaultdict(list)
        for method in (method for file in files for method in contracts.methods_of(file)):
            for paragraph in of.method_comment(method).split("\n\n"):
                self._read(method.name, paragraph)

    def _read(self, method: str, paragraph: str) -> None:
        """A code holds for the reasons behind it."""
        code = ""
        for word in _WORD.findall(paragraph):
            if word in _CODES:
                code = word
                continue
            if code:
                self.codes[word].add(code)
            if method not in self.methods[word]:
                self.methods[word].append(method)


def _of_gateway() -> Iterator[tuple[str, ...]]:
    for refusal in gateway_refusals():
        yield (
            markdown.code(refusal.reason),
            code_pb2.Code.Name(refusal.code),
            str(refusal.status),
            refusal.message or refusal.meaning,
        )
