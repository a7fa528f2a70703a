"""Values against the shapes of botocore's service model.

botocore's own ``ParamValidator`` misses maximum lengths, enumerations and patterns (a client need not check them, a service
must), so the walk is our own. Values stay what JSON made of them: a timestamp is a number of seconds.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from localglue.errors import SerializationException, ValidationException

MAX_DEPTH = 64
# 0001-01-01 to 9999-12-31, what datetime can hold, with a day of air on each side for time zones.
_MIN_TIME, _MAX_TIME = -62_135_510_400, 253_402_214_400
_INTEGERS = {"integer": 2**31, "long": 2**63}


def parse(shape: Shape, value: Any) -> Any:
    """``value`` as the shape wants it: members that the shape does not know and nulls are dropped.

    Raises ``SerializationException`` for a value of the wrong type, as AWS does before it looks at constraints.
    """
    return _parse(shape, value, 0)


def _parse(shape: Shape, value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise SerializationException("The request is nested too deeply.")
    if isinstance(shape, StructureShape):
        _expect(value, dict)
        members = shape.members
        return {
            name: _parse(members[name], item, depth + 1)
            for name, item in value.items()
            if item is not None and name in members
        }
    if isinstance(shape, ListShape):
        _expect(value, list)
        return [_parse(shape.member, item, depth + 1) for item in value if item is not None]
    if isinstance(shape, MapShape):
        _expect(value, dict)
        return {
            _parse(shape.key, name, depth + 1): _parse(shape.value, item, depth + 1)
            for name, item in value.items()
            if item is not None
        }
    return _parse_scalar(shape.type_name, value)


def _parse_scalar(kind: str, value: Any) -> Any:
    if kind in ("string", "blob"):
        _expect(value, str)
        try:
            value.encode()
        except UnicodeEncodeError:
            raise SerializationException("A string holds half of a surrogate pair.") from None
        return value
    if kind == "boolean":
        _expect(value, bool)
        return value
    _expect(value, (int, float))
    if abs(value) > sys.float_info.max:  # 1e999 is infinity to Python's json
        raise SerializationException(f"{_shown(value)} cannot be converted to {kind.title()}")
    if kind in _INTEGERS:
        limit = _INTEGERS[kind]
        if value != int(value) or not -limit <= value < limit:
            raise SerializationException(f"{_shown(value)} cannot be converted to {kind.title()}")
        return int(value)
    if kind == "timestamp" and not _MIN_TIME <= value <= _MAX_TIME:
        raise SerializationException(f"{_shown(value)} cannot be converted to Timestamp")
    return value if kind == "timestamp" else float(value)


_KINDS = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}


def _expect(value: Any, kind: type | tuple[type, ...]) -> None:
    wanted = _KINDS.get(kind, "a number") if isinstance(kind, type) else "a number"
    if not isinstance(value, kind) or (wanted == "a number" and isinstance(value, bool)):
        found = _KINDS.get(type(value), "a number")
        raise SerializationException(f"{wanted.capitalize()} was expected where {found} was found.")


def check(shape: Shape, value: Any) -> None:
    """Raise ``ValidationException`` with all broken constraints, in AWS's words, or return."""
    found = list(_check(shape, value, ""))
    if found:
        many = "errors" if len(found) > 1 else "error"
        raise ValidationException(f"{len(found)} validation {many} detected: {'; '.join(found[:20])}")


def _check(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        for name in shape.required_members:
            if name not in value:
                yield f"Value null at '{_join(path, name)}' failed to satisfy constraint: Member must not be null"
        for name, item in value.items():
            yield from _check(shape.members[name], item, _join(path, name))
        return
    yield from _constraints(shape, value, path)
    if isinstance(shape, ListShape):
        for number, item in enumerate(value, start=1):
            yield from _check(shape.member, item, f"{path}.{number}.member")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from _check(shape.key, key, path)
            yield from _check(shape.value, item, f"{path}.{key}.member")


def _constraints(shape: Shape, value: Any, path: str) -> Iterator[str]:
    rules: Mapping[str, Any] = shape.metadata
    sized = isinstance(value, (str, list, dict))
    size = len(value) if sized else value
    word = "have length" if sized else "have value"
    if "min" in rules and size < rules["min"]:
        yield _broken(value, path, f"{word} greater than or equal to {rules['min']}")
    if "max" in rules and size > rules["max"]:
        yield _broken(value, path, f"{word} less than or equal to {rules['max']}")
    if rules.get("enum") and value not in rules["enum"]:
        yield _broken(value, path, f"satisfy enum value set: [{', '.join(rules['enum'])}]")
    if "pattern" in rules and not compiled(rules["pattern"]).fullmatch(value):
        yield _broken(value, path, f"satisfy regular expression pattern: {rules['pattern']}")
    elif isinstance(value, str) and "\0" in value:
        # Not a rule of the model, but PostgreSQL cannot keep it, and no use of Glue needs it.
        yield _broken(value, path, "not hold the character U+0000")


def _broken(value: Any, path: str, rule: str) -> str:
    return f"Value '{_shown(value)}' at '{path}' failed to satisfy constraint: Member must {rule}"


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 200 else text[:200] + "…"


def _join(path: str, name: str) -> str:
    name = name[:1].lower() + name[1:]
    return f"{path}.{name}" if path else name


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """A Java pattern of the service model as a Python one: surrogate ranges and Unicode categories are spelt otherwise."""
    pattern = pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
    return re.compile(re.sub(r"\\p\{([A-Z][a-z]?)\}", lambda found: _category(found[1]), pattern))


@lru_cache(maxsize=8)
def _category(name: str) -> str:
    """All characters of a Unicode category as the inside of a character class."""
    ranges: list[list[int]] = []
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code)).startswith(name):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)


def serialise(shape: Shape, value: Any) -> Any:
    """``value`` as JSON of this shape: None is dropped, times become numbers. Raises ``TypeError`` for what the shape has not."""
    return _serialiser(shape)(value)


@cache
def _serialiser(shape: Shape) -> Callable[[Any], Any]:
    """A function made once for each shape: a page of 1,000 runs passes through it 20,000 times."""
    if isinstance(shape, StructureShape):
        return _structure_serialiser(shape)
    if isinstance(shape, ListShape):
        each = _later(shape.member)
        return lambda value: [each(item) for item in value]
    if isinstance(shape, MapShape):
        of_value = _later(shape.value)
        return lambda value: {key: of_value(item) for key, item in value.items() if item is not None}
    return _scalar_serialiser(shape)


def _later(shape: Shape) -> Callable[[Any], Any]:
    """Shapes may hold themselves, so what is inside is looked up when it is met."""
    return lambda value: _serialiser(shape)(value)


def _structure_serialiser(shape: StructureShape) -> Callable[[Any], Any]:
    members, required = shape.members, shape.required_members
    known: dict[str, Callable[[Any], Any]] = {}

    def run(value: Any) -> dict[str, Any]:
        result = {}
        for name, item in value.items():
            if name not in known:
                if name not in members:
                    raise TypeError(f"{shape.name} has no member {name}")
                known[name] = _serialiser(members[name])
            if item is not None:
                result[name] = known[name](item)
        if missing := [name for name in required if name not in result]:
            raise TypeError(f"{shape.name} needs the member {', '.join(missing)}")
        return result

    return run


_PYTHON = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "double": (int, float),
    "float": (int, float),
    "timestamp": (int, float),
}


def _scalar_serialiser(shape: Shape) -> Callable[[Any], Any]:
    kind, allowed = shape.type_name, _PYTHON[shape.type_name]

    def run(value: Any) -> Any:
        if isinstance(value, datetime):
            value = value.replace(microsecond=value.microsecond // 1000 * 1000).timestamp()
        if not isinstance(value, allowed) or (kind != "boolean" and isinstance(value, bool)):
            raise TypeError(f"{shape.name} is a {kind}, not a {type(value).__name__}")
        return value

    return run
