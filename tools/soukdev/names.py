"""The contexts, and what each is called where."""

from pathlib import Path

from soukdev import paths

CONTEXTS = ("listing", "inventory", "order", "pricing", "cart", "search")


def folder(context: str) -> str:
    """The service's folder and binary: svc-inventory."""
    return "svc-search-feed" if context == "search" else f"svc-{context}"


def binary(context: str, mode: str) -> Path:
    """Where make leaves it."""
    return paths.BUILD / mode / folder(context) / folder(context)


def schema(context: str) -> str:
    """Its database schema, and the user that owns it."""
    return f"souk_{context}"
