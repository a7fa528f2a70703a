"""Work in numbers: how much was answered, how long it took, what became of it. No line is better than another: order is by name and day."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from statistics import quantiles
from typing import Literal

from django.db.models.functions import TruncDate
from django.utils.translation import gettext as _

from accounts.models import Team, User
from labeling.choices import AnswerKind, AnswerStatus
from labeling.models import Answer, Transform
from labeling.spreadsheets.cells import csv_text

Dimension = Literal["person", "day", "transform"]
EVERYTHING: tuple[Dimension, ...] = ("person", "day", "transform")


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle half of some numbers: a quarter lies below ``low``, half below ``median``, a quarter above ``high``."""

    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class WorkLine:
    """The submitted answers of one person, day and transform, or of all where one of these is None.

    ``hours`` is the time that people spent on them, ``per_hour`` answers in such an hour. ``accepted_untouched`` are those of the ``proposals_shown``
    that took the proposal as it was, ``corrected`` those that were changed after they had been submitted.
    """

    person: User | None
    day: dt.date | None
    transform: Transform | None
    answers: int
    hours: float
    per_hour: float | None
    seconds: Spread | None
    keys: Spread | None
    proposals_shown: int
    accepted_untouched: int
    corrected: int


@dataclass(frozen=True, slots=True)
class _Done:
    person: uuid.UUID
    day: dt.date
    transform: uuid.UUID
    seconds: int | None
    keys: int | None
    shown: bool
    accepted: bool
    version: int


def work_lines(
    *,
    team: Team,
    transform: Transform | None = None,
    user: User | None = None,
    since: dt.date | None = None,
    until: dt.date | None = None,
    by: Collection[Dimension] = EVERYTHING,
) -> list[WorkLine]:
    """What was answered from ``since`` to ``until`` (both days included, in the current time zone), a line for each of ``by``.

    Ordered by name, day and transform. Three queries.
    """
    answers = Answer.objects.filter(
        question__question_set__transform__team=team, kind=AnswerKind.ANSWER, status=AnswerStatus.SUBMITTED
    ).annotate(day=TruncDate("submitted_at"))
    if transform is not None:
        answers = answers.filter(question__question_set__transform=transform)
    if user is not None:
        answers = answers.filter(steward=user)
    if since is not None:
        answers = answers.filter(day__gte=since)
    if until is not None:
        answers = answers.filter(day__lte=until)
    done = answers.order_by().values_list(
        "steward",
        "day",
        "question__question_set__transform",
        "seconds",
        "keys",
        "proposal_shown",
        "accepted_untouched",
        "version",
    )
    groups: dict[tuple[uuid.UUID | None, dt.date | None, uuid.UUID | None], list[_Done]] = defaultdict(list)
    for one in (_Done(*row) for row in done.iterator(chunk_size=5000)):
        place = (
            one.person if "person" in by else None,
            one.day if "day" in by else None,
            one.transform if "transform" in by else None,
        )
        groups[place].append(one)
    people = User.objects.in_bulk({person for person, _day, _transform in groups if person})
    transforms = Transform.objects.in_bulk({pk for _person, _day, pk in groups if pk})
    lines = [
        _line(people[person] if person else None, day, transforms[pk] if pk else None, group)
        for (person, day, pk), group in groups.items()
    ]
    return sorted(lines, key=_order)


def work_csv_rows(lines: Iterable[WorkLine]) -> Iterator[list[str]]:
    """The lines as cells, a header first; nothing in them runs as a formula."""
    yield [
        *(_("person"), _("day"), _("transform"), _("answers"), _("hours"), _("answers per hour")),
        *(_("seconds, lower quartile"), _("seconds, median"), _("seconds, upper quartile")),
        *(_("keys, lower quartile"), _("keys, median"), _("keys, upper quartile")),
        *(_("proposals shown"), _("accepted untouched"), _("corrected later")),
    ]
    for line in lines:
        yield [
            csv_text(line.person.display_name) if line.person else "",
            line.day.isoformat() if line.day else "",
            csv_text(line.transform.name) if line.transform else "",
            str(line.answers),
            f"{line.hours:.2f}",
            "" if line.per_hour is None else f"{line.per_hour:.1f}",
            *_cells(line.seconds),
            *_cells(line.keys),
            str(line.proposals_shown),
            str(line.accepted_untouched),
            str(line.corrected),
        ]


def _line(person: User | None, day: dt.date | None, transform: Transform | None, done: list[_Done]) -> WorkLine:
    seconds = [one.seconds for one in done if one.seconds is not None]
    hours = sum(seconds) / 3600
    return WorkLine(
        person=person,
        day=day,
        transform=transform,
        answers=len(done),
        hours=hours,
        per_hour=len(seconds) / hours if hours else None,
        seconds=_spread(seconds),
        keys=_spread([one.keys for one in done if one.keys is not None]),
        proposals_shown=sum(one.shown for one in done),
        accepted_untouched=sum(one.accepted for one in done),
        corrected=sum(one.version > 1 for one in done),
    )


def _spread(numbers: list[int]) -> Spread | None:
    if not numbers:
        return None
    if len(numbers) == 1:
        return Spread(*[float(numbers[0])] * 3)
    return Spread(*quantiles(numbers, n=4, method="inclusive"))


def _order(line: WorkLine) -> tuple[str, str, str, dt.date, str]:
    person = line.person
    return (
        *((person.last_name, person.first_name, person.username) if person else ("", "", "")),
        line.day or dt.date.min,
        line.transform.name if line.transform else "",
    )


def _cells(spread: Spread | None) -> list[str]:
    return ["", "", ""] if spread is None else [f"{spread.low:g}", f"{spread.median:g}", f"{spread.high:g}"]
