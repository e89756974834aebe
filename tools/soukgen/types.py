"""<file>.types.h: short names for what protoc-c made, and what tables there are."""

from google.protobuf.descriptor import (
    EnumDescriptor,
    FileDescriptor,
    OneofDescriptor,
)

from soukgen import contracts, names, rules, text


def header(of: contracts.Contracts, file: FileDescriptor) -> str:
    """Empty but for a comment where the file only declares options."""
    note = text.MADE_FROM.format(file.name)
    top = "#pragma once\n\n" + text.comment(f"{of.file_comment(file)}\n{note}") + "\n"
    if of.declares_options(file):
        return top
    sections = [
        _typedefs(file),
        _constants(file),
        _reasons(of, file),
        _inits(file),
        _declarations(of, file),
    ]
    return top + _header_includes(of, file) + "\n".join(part for part in sections if part)


def _header_includes(of: contracts.Contracts, file: FileDescriptor) -> str:
    ours = [names.pb_header(file)]
    if _has_contract(of, file):
        ours.append("io/contract.h")
    if rules.with_rules(of, file):
        ours.append("io/pb_check.h")
    return text.includes([], ours)


def _has_contract(of: contracts.Contracts, file: FileDescriptor) -> bool:
    return bool(contracts.reasons_enum(file) or contracts.services_of(file) or of.events(file))


def _enums(file: FileDescriptor) -> list[EnumDescriptor]:
    return [enum for enum in contracts.enums_of(file) if enum.name != contracts.REASONS]


def _typedefs(file: FileDescriptor) -> str:
    aliases = [
        *(f"{names.pb_type(of)} {names.short_type(of)}" for of in contracts.messages_of(file)),
        *(f"{names.pb_type(of)} {names.short_type(of)}" for of in _enums(file)),
        *(f"{names.pb_type(of)}Case {_case_type(of)}" for of in _oneofs(file)),
    ]
    return "".join(f"typedef {alias};\n" for alias in aliases)


def _oneofs(file: FileDescriptor) -> list[OneofDescriptor]:
    return [oneof for message in contracts.messages_of(file) for oneof in message.oneofs]


def _case_type(oneof: OneofDescriptor) -> str:
    return f"{names.short_type(oneof.containing_type)}{names.camel(oneof.name)}Case"


def _constants(file: FileDescriptor) -> str:
    """Values of an enum inside a message are known by the message's name too."""
    lines = []
    for enum in _enums(file):
        outer = enum.containing_type
        prefix = f"{names.short_upper(outer)}_" if outer else ""
        for value in enum.values:
            lines.append(f"{prefix}{value.name} {names.pb_upper(enum)}__{value.name}")
    for oneof in _oneofs(file):
        lines += _cases(oneof)
    return "".join(f"#define {line}\n" for line in lines)


def _cases(oneof: OneofDescriptor) -> list[str]:
    ours = f"{names.short_upper(oneof.containing_type)}_{names.snake(oneof.name).upper()}_"
    theirs = f"{names.pb_upper(oneof.containing_type)}__{names.snake(oneof.name).upper()}_"
    fields = [names.snake(field.name).upper() for field in oneof.fields]
    return [
        f"{ours}NOT_SET {theirs}_NOT_SET",
        *(f"{ours}{field} {theirs}{field}" for field in fields),
    ]


def _reasons(of: contracts.Contracts, file: FileDescriptor) -> str:
    enum = contracts.reasons_enum(file)
    if not enum:
        return ""
    lines = [
        text.comment(of.reason_comment(file, value))
        + f"#define REASON_{names.reason(value)} {text.literal(names.reason(value))}\n"
        for value in enum.values
        if value.number
    ]
    return "".join(lines) + f"\nextern const struct reason_list {names.reason_list(enum)};\n"


def _inits(file: FileDescriptor) -> str:
    return "\n".join(
        f"static inline void {names.short_lower(message)}_init("
        f"{names.short_type(message)} *message)\n"
        f"{{\n    {names.pb_lower(message)}__init(message);\n}}\n"
        for message in contracts.messages_of(file)
    )


def _declarations(of: contracts.Contracts, file: FileDescriptor) -> str:
    constants = [
        *(f"pb_message_rule {rules.rule_name(of)}" for of in rules.with_rules(of, file)),
        *(f"event_type {names.event(of)}" for of in of.events(file)),
        *(f"rpc_method {names.method(of)}" for of in contracts.methods_of(file)),
    ]
    return "".join(f"extern const struct {constant};\n" for constant in constants)
