"""A message counts once: submissions and skips have an id and, like drafts, the time at which they were made, by the browser's clock."""

from __future__ import annotations

from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.choices import AnswerStatus
from labeling.exceptions import NewerGroupingError
from labeling.models import Answer


def submitted(*, seconds: int, keys: int, message: str, stamp: int | None) -> dict[str, Any]:
    """What a submission makes of its answer, for ``update``: rounds of work add up, and the day on which it counts stays."""
    now = timezone.now()
    return {
        "status": AnswerStatus.SUBMITTED,
        "submitted_at": now,
        "first_submitted_at": Coalesce(F("first_submitted_at"), now),
        "updated_at": now,
        "version": F("version") + 1,
        "seconds": Coalesce(F("seconds"), 0) + seconds,
        "keys": Coalesce(F("keys"), 0) + keys,
        **_noted(message, stamp),
    }


def skipped(*, message: str, stamp: int | None) -> dict[str, Any]:
    """What a skip makes of the answer, for ``update``."""
    return {"status": AnswerStatus.SKIPPED, "updated_at": timezone.now(), **_noted(message, stamp)}


def open_to(answer: Answer, *, message: str, stamp: int | None) -> QuerySet[Answer]:
    """The answer, to be claimed by the submission or skip with this id, made at that time: not if it stands, nor if ``is_past``."""
    claimable = Answer.objects.filter(pk=answer.pk).exclude(status=AnswerStatus.SUBMITTED)
    if message:
        claimable = claimable.exclude(last_message=message)
    return claimable if stamp is None else claimable.filter(draft_stamp__lte=stamp)


def is_past(answer: Answer, *, message: str, stamp: int | None) -> bool:
    """Whether the submission or skip was taken before, or is older than what the person did last."""
    return (message != "" and answer.last_message == message) or (stamp is not None and answer.draft_stamp > stamp)


def gone_on() -> NewerGroupingError:
    """What to raise when the person has done something newer."""
    return NewerGroupingError(
        _(
            "You went on with this question elsewhere after you submitted it here, so what you submitted here does not count."
        )
    )


def _noted(message: str, stamp: int | None) -> dict[str, Any]:
    return {"draft_stamp": Greatest(F("draft_stamp"), stamp or 0), "last_message": message or F("last_message")}
