"""What the contracts say, read from the descriptor set that the build makes of proto/."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import descriptor, descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "souk."
_DEFAULT_DEADLINE_MS = 1000


@dataclass(frozen=True)
class Rest:
    """A method's place in the JSON API, as google.api.http says it.

    body: the field that is the HTTP body, "*" for all that the path does not name, "" for none.
    """

    verb: str
    path: str
    body: str


@dataclass(frozen=True)
class Method:
    """One RPC and what its policy says. roles: "CUSTOMER" and so on."""

    context: str
    service: str
    name: str
    mutates: bool
    deadline_ms: int
    streams: bool
    roles: frozenset[str]
    rest: Rest | None
    request: descriptor.Descriptor
    response: descriptor.Descriptor

    @property
    def path(self) -> str:
        """As gRPC asks for it."""
        return f"/{self.service}/{self.name}"


class Contracts:
    """A parsed descriptor set; message classes for tests come from it too."""

    def __init__(self, descriptor_set: Path) -> None:
        self._files = descriptor_pb2.FileDescriptorSet.FromString(descriptor_set.read_bytes())
        # A pool of its own: options are only understood where their definition was loaded.
        self._pool = descriptor_pool.DescriptorPool()
        for file in self._files.file:
            self._pool.AddSerializedFile(file.SerializeToString())

    def message(self, full_name: str) -> Any:
        """The Python class of a message, say souk.inventory.v1.GetStockRequest."""
        return message_factory.GetMessageClass(self._pool.FindMessageTypeByName(full_name))

    def services(self, context: str) -> list[str]:
        """Full names of a context's services."""
        return sorted({method.service for method in self.methods() if method.context == context})

    def methods(self) -> Iterator[Method]:
        """Every RPC of ours."""
        for file in self._ours():
            for service in file.services_by_name.values():
                for method in service.methods:
                    policy = self._option(method, "souk.common.v1.policy")
                    yield Method(
                        context=file.package.split(".")[1],
                        service=service.full_name,
                        name=method.name,
                        mutates=policy.mutates,
                        deadline_ms=policy.deadline_ms or _DEFAULT_DEADLINE_MS,
                        streams=method.client_streaming or method.server_streaming,
                        roles=frozenset(self._role_names(policy)),
                        rest=self._rest(method),
                        request=method.input_type,
                        response=method.output_type,
                    )

    def topics(self) -> list[str]:
        """The topics that events name."""
        return sorted({route.topic for _, route in self._routes()})

    def event_types(self) -> dict[str, str]:
        """The full name of each event's message by the event's name (ce_type)."""
        return {route.type: message.full_name for message, route in self._routes()}

    def field_rules(self, field: descriptor.FieldDescriptor) -> Any:
        """The souk.common.v1.FieldRules of a field; empty where it has none."""
        return self._option(field, "souk.common.v1.field")

    def _role_names(self, policy: Any) -> Iterator[str]:
        roles = self._pool.FindEnumTypeByName("souk.common.v1.Role").values_by_number
        for role in policy.roles:
            yield roles[role].name.removeprefix("ROLE_")

    def _rest(self, method: descriptor.MethodDescriptor) -> Rest | None:
        rule = self._option(method, "google.api.http")
        verb = rule.WhichOneof("pattern")
        return Rest(verb.upper(), getattr(rule, verb), rule.body) if verb else None

    def _routes(self) -> Iterator[tuple[descriptor.Descriptor, Any]]:
        for file in self._ours():
            for message in file.message_types_by_name.values():
                route = self._option(message, "souk.common.v1.event")
                if route.topic:
                    yield message, route

    def _ours(self) -> Iterator[descriptor.FileDescriptor]:
        for file in self._files.file:
            if file.package.startswith(_PACKAGE):
                yield self._pool.FindFileByName(file.name)

    def _option(self, thing: Any, name: str) -> Any:
        extension: Any = self._pool.FindExtensionByName(name)
        options = message_factory.GetMessageClass(extension.containing_type)
        return options.FromString(thing.GetOptions().SerializeToString()).Extensions[extension]
