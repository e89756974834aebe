"""<file>.types.c: the tables, for both sides: limits of requests, events, methods, reasons."""

from google.protobuf.descriptor import (
    Descriptor,
    EnumDescriptor,
    FileDescriptor,
    MethodDescriptor,
)

from soukgen import contracts, names, rules, text

DEADLINE_MS, WEIGHT = 1000, 1


def source(of: contracts.Contracts, file: FileDescriptor) -> str:
    """All of them, children before those that point at them where order matters."""
    note = text.comment(text.MADE_FROM.format(file.name))
    own = f'#include "{names.types_header(file)}"\n\n'
    if of.declares_options(file):
        return note + own
    sections = [
        *([_reason_definition(enum)] if (enum := contracts.reasons_enum(file)) else []),
        *_rule_tables(of, file),
        *(_event_definition(of, message) for message in of.events(file)),
        *(_method_definition(of, method) for method in contracts.methods_of(file)),
    ]
    return note + own + _source_includes(of, file) + "\n".join(sections)


def _source_includes(of: contracts.Contracts, file: FileDescriptor) -> str:
    """The headers of every type that the tables name."""
    with_rules = rules.with_rules(of, file)
    foreign = rules.foreign(with_rules)
    fields = [field for message in [*with_rules, *foreign] for field in message.fields]
    types = [of for field in fields for of in (field.message_type, field.enum_type) if of]
    files = {of.file.name: of.file for of in types}
    for service in contracts.services_of(file):
        if reasons := contracts.reasons_for(service):
            files[reasons.file.name] = reasons.file
    files.pop(file.name, None)
    ours = [
        names.types_header(other) if rules.is_ours(other) else names.pb_header(other)
        for other in files.values()
    ]
    return text.includes(["stddef.h", "stdint.h"], ours)


def _reason_definition(enum: EnumDescriptor) -> str:
    words = [f"REASON_{names.reason(value)}" for value in enum.values if value.number]
    name = names.reason_list(enum)
    return (
        text.array("static const char *const reasons[]", words)
        + f"\nconst struct reason_list {name} = {{reasons, {len(words)}}};\n"
    )


def _rule_tables(of: contracts.Contracts, file: FileDescriptor) -> list[str]:
    with_rules = rules.with_rules(of, file)
    request_ids = {
        method.input_type.fields_by_name[rules.REQUEST_ID].full_name
        for method in contracts.methods_of(file)
        if of.policy(method).mutates
    }
    tables = [
        *((message, "static const") for message in rules.foreign(with_rules)),
        *((message, "const") for message in with_rules),
    ]
    return [_rule_table(of, message, head, request_ids) for message, head in tables]


def _rule_table(
    of: contracts.Contracts, message: Descriptor, head: str, request_ids: set[str]
) -> str:
    rule = rules.rule_name(message)
    stem = rule.removesuffix("_rule")
    rows = [
        rules.field_rule(of, field, field.full_name in request_ids)
        for field in rules.fields_by_number(message)
    ]
    patterns = "".join(
        f"static struct pb_pattern {stem}_{row.name}_pattern = "
        f"{{.text = {text.literal(row.pattern)}}};\n"
        for row in rows
        if row.pattern
    )
    fields = text.array(
        f"static const struct pb_field_rule {stem}_fields[]", [_row(stem, row) for row in rows]
    )
    members = [
        ("name", text.literal(message.full_name)),
        ("size", f"sizeof({names.pb_type(message)})"),
        ("fields", f"{stem}_fields" if rows else ""),
        ("field_count", str(len(rows)) if rows else ""),
    ]
    table = text.definition(f"{head} struct pb_message_rule {rule}", members)
    return patterns + (fields if rows else "") + table


def _row(stem: str, row: rules.FieldRule) -> str:
    low, high = row.range or (0, 0)
    return text.initialiser(
        [
            ("name", text.literal(row.name)),
            ("number", str(row.number)),
            ("kind", row.kind),
            ("repeated", "true" if row.repeated else ""),
            ("required", "true" if row.required else ""),
            ("in_oneof", "true" if row.in_oneof else ""),
            ("has_range", "true" if row.range else ""),
            ("min", text.number(low) if low else ""),
            ("max", text.number(high) if high else ""),
            ("max_len", str(row.max_len) if row.max_len else ""),
            ("min_items", str(row.min_items) if row.min_items else ""),
            ("max_items", str(row.max_items) if row.max_items else ""),
            ("pattern", f"&{stem}_{row.name}_pattern" if row.pattern else ""),
            ("values", f"&{names.pb_lower(row.values)}__descriptor" if row.values else ""),
            ("message", f"&{rules.rule_name(row.message)}" if row.message else ""),
        ]
    )


def _event_definition(of: contracts.Contracts, message: Descriptor) -> str:
    route = of.route(message)
    key = names.pb_member(message.fields_by_name[route.key])
    return text.definition(
        f"const struct event_type {names.event(message)}",
        [
            ("type", text.literal(route.type)),
            ("topic", text.literal(route.topic)),
            ("message", f"&{names.pb_lower(message)}__descriptor"),
            ("key_offset", f"offsetof({names.short_type(message)}, {key})"),
        ],
    )


def _method_definition(of: contracts.Contracts, method: MethodDescriptor) -> str:
    policy = of.policy(method)
    request = names.short_type(method.input_type)
    reasons = contracts.reasons_for(method.containing_service)
    return text.definition(
        f"const struct rpc_method {names.method(method)}",
        [
            ("path", text.literal(names.method_path(method))),
            ("name", text.literal(method.name)),
            ("in", f"&{names.pb_lower(method.input_type)}__descriptor"),
            ("out", f"&{names.pb_lower(method.output_type)}__descriptor"),
            ("in_rule", f"&{rules.rule_name(method.input_type)}"),
            ("reasons", f"&{names.reason_list(reasons)}" if reasons else ""),
            ("roles", " | ".join(f"ROLE_BIT({role})" for role in of.role_names(policy))),
            ("mutates", "true" if policy.mutates else ""),
            ("request_id_offset", f"offsetof({request}, request_id)" if policy.mutates else ""),
            ("deadline_ms", str(policy.deadline_ms or DEADLINE_MS)),
            ("weight", str(policy.weight or WEIGHT)),
            ("client_streams", "true" if method.client_streaming else ""),
            ("server_streams", "true" if method.server_streaming else ""),
        ],
    )
