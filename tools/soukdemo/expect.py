"""Whether a step held."""


class Broken(Exception):
    """It did not; the message says what was wanted and what came."""


def expect(what: str, got: object, wanted: object) -> None:
    """Both must be equal."""
    if got != wanted:
        raise Broken(f"{what}: {got!r} came, {wanted!r} was wanted")
