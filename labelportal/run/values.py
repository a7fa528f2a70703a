"""What stands in environment variables, as values of a kind. What is none is refused in a sentence that names the variable, what it holds and what it takes."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence

from labelportal.run.config import ConfigError

_TRUE = ("true", "yes", "on", "1", "y", "t", "ok")
_FALSE = ("false", "no", "off", "0", "n", "f")


class Values:
    """The values of an environment. A variable that is empty or blank counts as unset: make and compose export some whether or not they are given.

    Every method but ``text`` and ``words`` raises ``ConfigError``.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, default: str = "") -> str:
        """As it stands."""
        held = self._environ.get(name, "")
        return held if held.strip() else default

    def words(self, name: str, default: Sequence[str] = ()) -> list[str]:
        """What stands between commas."""
        return [word for word in map(str.strip, self.text(name).split(",")) if word] or list(default)

    def one_of(self, name: str, choices: Collection[str], default: str) -> str:
        """One of some words, in capitals or not."""
        held = self.text(name, default).strip()
        for choice in choices:
            if held.lower() == choice.lower():
                return choice
        raise self._refused(name, f"one of {', '.join(choices)}")

    def formed(self, name: str, pattern: re.Pattern[str], takes: str, default: str) -> str:
        """A text that the whole pattern fits; ``takes`` is what people call such a one."""
        held = self.text(name, default).strip()
        if not pattern.fullmatch(held):
            raise self._refused(name, takes)
        return held

    def switch(self, name: str, default: bool = False) -> bool:
        """True or false."""
        held = self.text(name).strip().lower()
        if held in _TRUE or held in _FALSE:
            return held in _TRUE
        if held:
            raise self._refused(name, "true or false")
        return default

    def count(self, name: str, default: int, *, least: int = 1) -> int:
        """A whole number."""
        held = self.text(name).strip()
        if not held:
            return default
        if not (re.fullmatch(r"\d+(_\d+)*", held, re.ASCII) and int(held) >= least):
            raise self._refused(name, f"a whole number of {least} or more")
        return int(held)

    def number(self, name: str, default: float, *, zero: bool = False) -> float:
        """A number above 0, or with ``zero`` also 0."""
        held = self.text(name).strip()
        try:
            value = float(held) if held else default
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and (value > 0 or (zero and value == 0))):
            raise self._refused(name, "a number of 0 or more" if zero else "a number above 0")
        return value

    def _refused(self, name: str, takes: str) -> ConfigError:
        return ConfigError(f"{name} is “{self._environ[name]}”; it takes {takes}.")
