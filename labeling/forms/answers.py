"""What the workbench sends as JSON, checked by hand: a draft, an answer, a wish for the next question."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from labeling.exceptions import InvalidAnswerError
from labeling.forms.json_body import json_object, malformed

_LAST = 2**53  # the last whole number that every browser can count to
_LONGEST_ID = 64
_MOST = 86_400  # seconds, those of a day, and keys


@dataclass(frozen=True, slots=True)
class AnswerPayload:
    """The whole grid as it stands, and what it took so far; ``overrules`` is the version of the result that a decision replaces.

    ``stamp`` says when the grid was made, in milliseconds by the browser's clock; ``message`` is the id of what was sent, by which it is known
    when it comes once more.
    """

    labels: dict[int, str]
    seconds: int
    keys: int
    proposal_shown: bool
    overrules: int | None = None
    stamp: int | None = None
    message: str = ""


def parse_answer(body: bytes) -> AnswerPayload:
    """``{"labels": {"17": "A"}, "seconds": 12, "keys": 9, "proposalShown": true}``. Raises ``InvalidAnswerError`` for anything else."""
    data = json_object(body, InvalidAnswerError)
    labels = data.get("labels")
    if not isinstance(labels, dict):
        raise malformed(InvalidAnswerError)
    try:
        return AnswerPayload(
            labels={int(row_id): _text(label) for row_id, label in labels.items()},
            seconds=min(max(0, int(data.get("seconds", 0))), _MOST),  # type: ignore[call-overload]
            keys=min(max(0, int(data.get("keys", 0))), _MOST),  # type: ignore[call-overload]
            proposal_shown=data.get("proposalShown") is True,
            overrules=None if data.get("overrules") is None else int(data["overrules"]),  # type: ignore[call-overload]
            stamp=None if data.get("stamp") is None else min(max(0, int(data["stamp"])), _LAST),  # type: ignore[call-overload]
            message=_id(data.get("message", "")),
        )
    except (TypeError, ValueError, OverflowError) as error:  # OverflowError: 1e999 is an infinite number to json
        raise malformed(InvalidAnswerError) from error


def parse_exclude(body: bytes) -> list[UUID]:
    """``{"exclude": ["<uuid>", …]}``: the questions already on the screen."""
    wanted = json_object(body, InvalidAnswerError).get("exclude", [])
    if not isinstance(wanted, list):
        raise malformed(InvalidAnswerError)
    try:
        return [UUID(str(item)) for item in wanted]
    except ValueError as error:
        raise malformed(InvalidAnswerError) from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _id(value: object) -> str:
    """Plain characters alone: half of a character, or NUL, cannot be kept."""
    text = _text(value)
    if not (text.isascii() and text.isprintable()):
        raise ValueError
    return text[:_LONGEST_ID]
