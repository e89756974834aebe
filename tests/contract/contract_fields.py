"""Requests made from the contract's field rules: one that keeps them all, and each way not to.

The rules are read from the descriptors and from nothing else, so a new field is tested as soon as
it is in a .proto.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from soukdev.contracts import Contracts, Method

_STRING_MAX = 256
_BYTES_MAX = 65536
_ITEMS_MAX = 100
# Texts that patterns of the contracts accept: add one when a new pattern takes none of them.
_TEXTS = ("EUR", "DE", "abc")
# What Google's own comments promise of their fields; our options cannot be put there.
_RANGES = {
    "google.protobuf.Timestamp.seconds": (-62135596800, 253402300799),
    "google.protobuf.Timestamp.nanos": (0, 999999999),
}
_BITS = {
    FieldDescriptor.CPPTYPE_INT32: 32,
    FieldDescriptor.CPPTYPE_INT64: 64,
}
# As long as the text it stands in for, and nowhere else in a request.
_MARK = "QZX"


@dataclass(frozen=True)
class Breach:
    """One way to break one rule: what to do to a valid request, and which field is blamed."""

    kind: str
    field: str
    apply: Callable[[Any], None]


@dataclass(frozen=True)
class Spot:
    """A field of a request, however deep; of each list on the way, the first element."""

    path: tuple[FieldDescriptor, ...]
    rules: Any
    required: bool

    @property
    def field(self) -> FieldDescriptor:
        return self.path[-1]

    @property
    def name(self) -> str:
        """As BadRequest names it."""
        outer = "".join(f"{f.name}[0]." if f.is_repeated else f"{f.name}." for f in self.path[:-1])
        return outer + self.field.name

    @property
    def value_name(self) -> str:
        """Of what it holds: lists blame the element."""
        return f"{self.name}[0]" if self.field.is_repeated else self.name

    @property
    def limits(self) -> tuple[int, int] | None:
        """Smallest and largest number."""
        if self.rules.HasField("min") or self.rules.HasField("max"):
            return self.rules.min, self.rules.max if self.rules.HasField("max") else 2**63 - 1
        return _RANGES.get(self.field.full_name)

    @property
    def max_len(self) -> int:
        default = _STRING_MAX if self.field.type == FieldDescriptor.TYPE_STRING else _BYTES_MAX
        return self.rules.max_len if self.rules.HasField("max_len") else default

    @property
    def max_items(self) -> int:
        return self.rules.max_items if self.rules.HasField("max_items") else _ITEMS_MAX

    @property
    def is_text(self) -> bool:
        return self.field.type == FieldDescriptor.TYPE_STRING

    def holder(self, request: Any) -> Any:
        """The message that has the field."""
        for outer in self.path[:-1]:
            inner = getattr(request, outer.name)
            request = inner[0] if outer.is_repeated else inner
        return request

    def put(self, request: Any, value: Any) -> None:
        """Instead of what is there: the only element of a list."""
        holder = self.holder(request)
        if self.field.is_repeated:
            getattr(holder, self.field.name)[0] = value
        else:
            setattr(holder, self.field.name, value)

    def clear(self, request: Any) -> None:
        self.holder(request).ClearField(self.field.name)

    def repeat(self, request: Any, count: int) -> None:
        """The first element of a list, so often."""
        elements = getattr(self.holder(request), self.field.name)
        first = elements[0]
        elements.extend([first] * (count - len(elements)))


class Requests:
    """What can be made from one method's request by its rules."""

    def __init__(self, contracts: Contracts, method: Method) -> None:
        self._contracts = contracts
        self._method = method
        self.spots = tuple(self._walk(method.request, ()))
        self.breaches = tuple(self._all_breaches())

    def valid(self) -> Any:
        """Every field is set, and keeps its rules; whether it makes sense is another question."""
        request = self._contracts.message(self._method.request.full_name)()
        self._fill(request, ())
        return request

    def at_the_limits(self) -> Any:
        """As valid, but all as long, as large and as many as may be."""
        request = self.valid()
        for spot in self.spots:
            # Members of a oneof would replace each other.
            if spot.field.containing_oneof or "." in spot.name.replace("[0]", ""):
                continue
            if spot.limits:
                bits = _BITS[spot.field.cpp_type]
                spot.put(request, min(spot.limits[1], 2 ** (bits - 1) - 1))
            if spot.is_text and not spot.rules.pattern:
                spot.put(request, "\U0001f36a" * spot.max_len)
            if spot.field.is_repeated:
                spot.repeat(request, spot.max_items)
        return request

    def broken(self, kind: str) -> Iterator[tuple[str, Any]]:
        """The blamed field, and a request with this one fault."""
        for breach in self.breaches:
            if breach.kind == kind:
                request = self.valid()
                breach.apply(request)
                yield breach.field, request

    def all_broken(self, kinds: Iterable[str], *, own: bool = False) -> tuple[set[str], Any]:
        """Every field that can be wrong by itself is; the blamed ones, and the request.

        own: leave Google's messages alone; a time that is none cannot be said in JSON.
        """
        request, blamed = self.valid(), set()
        for spot in self.spots:
            if spot.field.message_type or spot.field.containing_oneof:
                continue
            if own and spot.field.full_name.startswith("google."):
                continue
            breach = next((b for b in self._breaches(spot) if b.kind in kinds), None)
            if breach:
                breach.apply(request)
                blamed.add(breach.field)
        return blamed, request

    def spoiled(self, bad: bytes) -> Iterator[tuple[str, bytes]]:
        """Each text with a bad byte in it: the field's name, and the bytes of the request."""
        for spot in self.spots:
            if not spot.is_text:
                continue
            mark = _MARK[: spot.max_len]
            request = self.valid()
            spot.put(request, mark)
            packed = request.SerializeToString()
            assert packed.count(mark.encode()) == 1, spot.name
            yield spot.value_name, packed.replace(mark.encode(), bad + mark[len(bad) :].encode())

    def another(self, request: Any) -> Any:
        """Differs from `request` in one number; not in whose it is, which is looked at first."""
        other = type(request)()
        other.CopyFrom(request)
        spot = next(
            spot
            for spot in reversed(self.spots)
            if spot.limits and not spot.field.name.startswith(("user_", "shop_", "supplier_"))
        )
        if spot.field.is_repeated:
            elements = getattr(spot.holder(other), spot.field.name)
            elements[:] = [elements[0] - 1] if elements else [1]
        else:
            now = getattr(spot.holder(other), spot.field.name)
            low, high = spot.limits or (0, 0)
            spot.put(other, now + 1 if now + 1 <= high else max(low, now - 1))
        return other

    def _walk(self, message: Descriptor, above: tuple[FieldDescriptor, ...]) -> Iterator[Spot]:
        for field in message.fields:
            path = (*above, field)
            yield self._spot(path)
            if field.message_type:
                yield from self._walk(field.message_type, path)

    def _spot(self, path: tuple[FieldDescriptor, ...]) -> Spot:
        rules = self._contracts.field_rules(path[-1])
        names_request = self._method.mutates and len(path) == 1 and path[0].name == "request_id"
        return Spot(path, rules, rules.required or names_request)

    def _fill(self, message: Any, above: tuple[FieldDescriptor, ...]) -> None:
        message.SetInParent()
        for field in message.DESCRIPTOR.fields:
            if field.containing_oneof and field is not field.containing_oneof.fields[0]:
                continue
            inner = getattr(message, field.name)
            if field.message_type:
                self._fill(inner.add() if field.is_repeated else inner, (*above, field))
            elif field.is_repeated:
                inner.append(self._value(self._spot((*above, field))))
            else:
                setattr(message, field.name, self._value(self._spot((*above, field))))

    @staticmethod
    def _value(spot: Spot) -> Any:
        match spot.field.cpp_type:
            case FieldDescriptor.CPPTYPE_BOOL:
                return True
            case FieldDescriptor.CPPTYPE_ENUM:
                assert spot.field.enum_type
                return spot.field.enum_type.values[1].number
            case FieldDescriptor.CPPTYPE_STRING if not spot.is_text:
                return b"x"
            case FieldDescriptor.CPPTYPE_STRING:
                return next(text for text in _TEXTS if _fits(text, spot))
            case _:
                low, high = spot.limits or (1, 1)
                return min(max(low, 1), high)

    def _all_breaches(self) -> Iterator[Breach]:
        for spot in self.spots:
            yield from self._breaches(spot)

    def _breaches(self, spot: Spot) -> Iterator[Breach]:
        yield from _of_presence(spot)
        yield from _of_lists(spot)
        if spot.limits:
            yield from _of_numbers(spot)
        if spot.field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
            yield from _of_texts(spot)
        if spot.field.enum_type:
            yield Breach("unknown enum", spot.value_name, lambda r: spot.put(r, 9999))


def _fits(text: str, spot: Spot) -> bool:
    pattern = spot.rules.pattern
    return len(text) <= spot.max_len and (not pattern or bool(re.fullmatch(pattern, text)))


def _of_presence(spot: Spot) -> Iterator[Breach]:
    if spot.required or spot.rules.min_items:
        yield Breach("missing", spot.name, spot.clear)


def _of_lists(spot: Spot) -> Iterator[Breach]:
    if spot.field.is_repeated:
        yield Breach("too many", spot.name, lambda r: spot.repeat(r, spot.max_items + 1))


def _of_numbers(spot: Spot) -> Iterator[Breach]:
    low, high = spot.limits or (0, 0)
    highest = 2 ** (_BITS[spot.field.cpp_type] - 1) - 1
    yield Breach("out of range", spot.value_name, lambda r: spot.put(r, low - 1))
    yield Breach("out of range", spot.value_name, lambda r: spot.put(r, -highest - 1))
    if high < highest:
        yield Breach("out of range", spot.value_name, lambda r: spot.put(r, high + 1))
        yield Breach("out of range", spot.value_name, lambda r: spot.put(r, highest))


def _of_texts(spot: Spot) -> Iterator[Breach]:
    unit: Any = "é" if spot.is_text else b"x"
    yield Breach("too long", spot.value_name, lambda r: spot.put(r, unit * (spot.max_len + 1)))
    if spot.rules.pattern:
        yield Breach("pattern", spot.value_name, lambda r: spot.put(r, "!" * min(2, spot.max_len)))
