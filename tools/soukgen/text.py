"""C source as text: comments, literals and tables."""

from collections.abc import Iterable

MADE_FROM = "Made from {} by tools/protoc-gen-souk."


def comment(text: str) -> str:
    """A proto comment in C, line for line. Empty for an empty one."""
    lines = [line.rstrip() for line in _harmless(text.strip("\n")).split("\n")]
    lines = [line.removeprefix(" ") for line in lines]
    if not any(lines):
        return ""
    if len(lines) == 1:
        return f"/* {lines[0]} */\n"
    return "/*\n" + "".join(f" * {line}".rstrip() + "\n" for line in lines) + " */\n"


def _harmless(text: str) -> str:
    return text.replace("*/", "* /").replace("/*", "/ *")


def literal(text: str) -> str:
    """A C string literal; what is not plain ASCII in octal, which no digit behind can lengthen."""
    escaped = "".join(
        {"\\": "\\\\", '"': '\\"'}.get(chr(byte))
        or (chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}")
        for byte in text.encode()
    )
    return f'"{escaped}"'


def number(value: int) -> str:
    """A constant of type int64_t, without the ones that C cannot write."""
    if value == 2**63 - 1:
        return "INT64_MAX"
    if value == -(2**63):
        return "INT64_MIN"
    return str(value)


def includes(system: Iterable[str], ours: Iterable[str]) -> str:
    """A block of each kind, sorted."""
    blocks = [
        [f"#include <{name}>" for name in sorted(set(system))],
        [f'#include "{name}"' for name in sorted(set(ours))],
    ]
    return "".join("\n".join(block) + "\n\n" for block in blocks if block)


def initialiser(members: Iterable[tuple[str, str]]) -> str:
    """{.a = 1, .b = 2}; the empty value leaves a member out."""
    return "{" + ", ".join(f".{name} = {value}" for name, value in members if value) + "}"


def definition(head: str, members: Iterable[tuple[str, str]]) -> str:
    """`head` = {a member on each line};"""
    body = "".join(f"    .{name} = {value},\n" for name, value in members if value)
    return f"{head} = {{\n{body}}};\n"


def array(head: str, elements: Iterable[str]) -> str:
    """`head` = {an element on each line};"""
    body = "".join(f"    {element},\n" for element in elements)
    return f"{head} = {{\n{body}}};\n"
