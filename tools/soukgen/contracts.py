"""What protoc sends: descriptors, our options on them and the comments beside them."""

from collections.abc import Iterator
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.compiler import plugin_pb2
from google.protobuf.descriptor import (
    Descriptor,
    EnumDescriptor,
    EnumValueDescriptor,
    FieldDescriptor,
    FileDescriptor,
    MethodDescriptor,
    ServiceDescriptor,
)

OPTIONS_PACKAGE = "souk.common.v1"
REASONS = "ErrorReason"

# Where the parts of a file are in google.protobuf.FileDescriptorProto: keys of its comments.
MESSAGES, ENUMS, ENUM_VALUES, SERVICES, METHODS, SYNTAX = 4, 5, 2, 6, 2, 12


def messages_of(file: FileDescriptor) -> Iterator[Descriptor]:
    """All of them, the nested ones behind those they are in. Entries of maps are no messages."""
    for message in file.message_types_by_name.values():
        yield from _with_nested(message)


def _with_nested(message: Descriptor) -> Iterator[Descriptor]:
    yield message
    for nested in message.nested_types:
        if not nested.GetOptions().map_entry:
            yield from _with_nested(nested)


def enums_of(file: FileDescriptor) -> Iterator[EnumDescriptor]:
    """Those inside messages behind the others."""
    yield from file.enum_types_by_name.values()
    for message in messages_of(file):
        yield from message.enum_types


def services_of(file: FileDescriptor) -> list[ServiceDescriptor]:
    """In the order of the file, as everything here."""
    return list(file.services_by_name.values())


def methods_of(file: FileDescriptor) -> Iterator[MethodDescriptor]:
    """Of all its services."""
    for service in services_of(file):
        yield from service.methods


def streams(method: MethodDescriptor) -> bool:
    """One side or both send many messages."""
    return method.client_streaming or method.server_streaming


def is_map(field: FieldDescriptor) -> bool:
    """A map is a list of entries on the wire."""
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def proto3_optionals(message: Descriptor) -> set[str]:
    """Fields with the word `optional`, which protoc turns into a oneof each."""
    raw = descriptor_pb2.DescriptorProto()
    message.CopyToProto(raw)
    return {field.name for field in raw.field if field.proto3_optional}


def reasons_enum(file: FileDescriptor) -> EnumDescriptor | None:
    """What its errors can be called."""
    return file.enum_types_by_name.get(REASONS)


def reasons_for(service: ServiceDescriptor) -> EnumDescriptor | None:
    """What its package declares, in its own file or in one that it imports."""
    file = service.file
    files = [file, *(other for other in file.dependencies if other.package == file.package)]
    return next((enum for other in files if (enum := reasons_enum(other))), None)


class Contracts:
    """Every file of one request, linked."""

    def __init__(self, request: plugin_pb2.CodeGeneratorRequest) -> None:
        self._pool = descriptor_pool.DescriptorPool()
        self._comments: dict[str, dict[tuple[int, ...], str]] = {}
        for file in request.proto_file:
            self._pool.AddSerializedFile(file.SerializeToString())
            self._comments[file.name] = {
                tuple(location.path): location.leading_comments
                for location in file.source_code_info.location
                if location.leading_comments
            }

    def file(self, name: str) -> FileDescriptor:
        return self._pool.FindFileByName(name)

    def policy(self, method: MethodDescriptor) -> Any:
        return self._option(method, "MethodOptions", f"{OPTIONS_PACKAGE}.policy")

    def limits(self, field: FieldDescriptor) -> Any:
        return self._option(field, "FieldOptions", f"{OPTIONS_PACKAGE}.field")

    def route(self, message: Descriptor) -> Any:
        return self._option(message, "MessageOptions", f"{OPTIONS_PACKAGE}.event")

    def events(self, file: FileDescriptor) -> list[Descriptor]:
        return [message for message in messages_of(file) if self.route(message)]

    def http(self, method: MethodDescriptor) -> Any:
        return self._option(method, "MethodOptions", "google.api.http")

    def declares_options(self, file: FileDescriptor) -> bool:
        """Such a file speaks to this plugin; no C needs its messages."""
        return any(
            extension.containing_type
            and extension.containing_type.full_name.startswith("google.protobuf.")
            for extension in file.extensions_by_name.values()
        )

    def role_names(self, policy: Any) -> list[str]:
        roles = self._pool.FindEnumTypeByName(f"{OPTIONS_PACKAGE}.Role")
        return [roles.values_by_number[number].name for number in sorted(set(policy.roles))]

    def file_comment(self, file: FileDescriptor) -> str:
        return self._comment(file, SYNTAX)

    def message_comment(self, message: Descriptor) -> str:
        """Of one that is in no other."""
        position = list(message.file.message_types_by_name).index(message.name)
        return self._comment(message.file, MESSAGES, position)

    def method_comment(self, method: MethodDescriptor) -> str:
        service = method.containing_service
        return self._comment(service.file, SERVICES, service.index, METHODS, method.index)

    def reason_comment(self, file: FileDescriptor, value: EnumValueDescriptor) -> str:
        position = list(file.enum_types_by_name).index(REASONS)
        return self._comment(file, ENUMS, position, ENUM_VALUES, value.index)

    def _comment(self, file: FileDescriptor, *path: int) -> str:
        return self._comments[file.name].get(path, "")

    def _option(self, of: Any, holder: str, name: str) -> Any:
        """The option's value; None where it is not set, or where no file imports it.

        Python knows nothing of our extensions, so its own options objects carry them as unknown
        fields. Classes made from the request's own descriptor.proto know them.
        """
        try:
            extension: Any = self._pool.FindExtensionByName(name)
            holder_type = self._pool.FindMessageTypeByName(f"google.protobuf.{holder}")
        except KeyError:
            return None
        options = message_factory.GetMessageClass(holder_type).FromString(
            of.GetOptions().SerializeToString()
        )
        return options.Extensions[extension] if options.HasExtension(extension) else None
