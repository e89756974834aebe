"""A refusal as a client sees it, whichever way it came."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Refused(Exception):
    """An RPC that was not OK.

    code: gRPC's name, "NOT_FOUND". reason and metadata: of ErrorInfo. fields: of BadRequest, field
    to description.
    """

    code: str
    reason: str
    message: str
    domain: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    retry_after_ms: int = 0

    def __str__(self) -> str:
        extra = f" {dict(self.metadata)}" if self.metadata else ""
        return (
            f"{self.code} {self.reason}: {self.message}{extra} {dict(self.fields) or ''}".rstrip()
        )
