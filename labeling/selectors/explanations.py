"""What the engine has said about two rows, in the words of a page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from labeling.models import PairExplanation

LISTED = 15
"""So many columns are shown, those that say most; others say next to nothing."""

_LONGEST = 60
"""In letters, of what a row is called where two are chosen."""

# In log odds, of which three turn an even chance into 95 %: below the first of them a column hardly counts.
_LITTLE, _WEAK, _STRONG = 0.1, 0.75, 2.0
_NARROW, _SURE = 1.0, 3.0

_FOR: tuple[Promise, ...] = (
    gettext_lazy("speaks strongly for"),
    gettext_lazy("speaks for"),
    gettext_lazy("speaks weakly for"),
)
_AGAINST: tuple[Promise, ...] = (
    gettext_lazy("speaks strongly against"),
    gettext_lazy("speaks against"),
    gettext_lazy("speaks weakly against"),
)


@dataclass(frozen=True, slots=True)
class Reason:
    """What one column says. ``column`` is empty where no single column is meant, and ``about`` says what is. ``width`` of its bar is up to 50, half of
    the whole, ``left`` where it begins: to the right of the middle is what speaks for one thing. ``strength`` is that in words."""

    column: str
    about: str
    cells: tuple[str, str]
    words: str
    supports: bool
    width: int
    strength: str

    @property
    def left(self) -> int:
        """Where its bar begins, of 100."""
        return 50 if self.supports else 50 - self.width


@dataclass(frozen=True, slots=True)
class ShownExplanation:
    """The two rows by their keys, whether the engine takes them for the same thing and how sure it is of that, and the reasons, the largest first.

    ``start`` is where any two rows begin that are compared; ``more`` reasons are not shown.
    """

    keys: tuple[str, str]
    match: bool
    verdict: str
    start: Reason
    reasons: tuple[Reason, ...]
    more: int


@dataclass(frozen=True, slots=True)
class RowChoice:
    """A row that one can ask about, by its place, and what it is called."""

    place: int
    text: str


def shown_explanation(*, explanation: PairExplanation) -> ShownExplanation | None:
    """The explanation as a page shows it; None where there is none (yet)."""
    contents = explanation.contents
    if contents is None:
        return None
    columns = set(explanation.transform.column_names)
    parts = sorted(contents["contributions"], key=lambda part: -abs(part["log_odds"]))
    typical = contents["typical_log_odds"]
    start = {
        "column": _("Any two rows that are compared"),
        "cells": (None, None),
        "words": _("most are the same thing") if typical > 0 else _("most are different things"),
        "log_odds": typical,
    }
    largest = max(abs(part["log_odds"]) for part in (start, *parts))
    scale = max(largest, _STRONG)
    margin = contents["log_odds"] - _log_odds(contents["threshold"])
    return ShownExplanation(
        keys=tuple(contents["keys"]),
        match=contents["score"] >= contents["threshold"],
        verdict=_verdict(margin),
        start=_reason(start, columns, scale),
        reasons=tuple(_reason(part, columns, scale) for part in parts[:LISTED]),
        more=max(len(parts) - LISTED, 0),
    )


def row_choices(*, explanation: PairExplanation) -> list[RowChoice]:
    """The rows among which two can be chosen, by their key and what else stands at their beginning."""
    place = explanation.transform.key_place
    choices = []
    for number, row in enumerate(explanation.values):
        others = [value for at, value in enumerate(row) if value.strip() and at != place]
        text = " · ".join([row[place], *others])
        choices.append(RowChoice(number, text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"))
    return choices


def _reason(part: Mapping[str, Any], columns: set[str], scale: float) -> Reason:
    size, supports = abs(part["log_odds"]), part["log_odds"] > 0
    named = part["column"] in columns
    one, two = part["cells"]
    return Reason(
        column=part["column"] if named else "",
        about="" if named else part["column"].strip("()").capitalize(),
        cells=(one or "", two or ""),
        words=part["words"],
        supports=supports,
        width=round(50 * size / scale),
        strength=_strength(size, supports),
    )


def _strength(size: float, supports: bool) -> str:
    if size < _LITTLE:
        return _("hardly counts")
    words = _FOR if supports else _AGAINST
    return str(words[0] if size >= _STRONG else words[1] if size >= _WEAK else words[2])


def _verdict(margin: float) -> str:
    """``margin`` is how far the log odds are above (below 0: under) those from which on two rows match."""
    if margin >= _SURE:
        return _("The engine is sure that these two rows are the same thing.")
    if margin >= _NARROW:
        return _("The engine takes these two rows for the same thing.")
    if margin >= 0:
        return _("The engine takes these two rows for the same thing, but only just.")
    if margin > -_NARROW:
        return _("The engine keeps these two rows apart, but only just.")
    if margin > -_SURE:
        return _("The engine keeps these two rows apart.")
    return _("The engine is sure that these two rows are different things.")


def _log_odds(share: float) -> float:
    inside = min(max(share, 1e-6), 1 - 1e-6)
    return math.log(inside / (1 - inside))
