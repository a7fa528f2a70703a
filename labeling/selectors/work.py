"""Work in numbers: how much was answered, how long it took, what became of it. No line is better than another: order is by name and day."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any, Literal, overload

from django.db.models import Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils.translation import gettext as _

from accounts.models import Team, User
from labeling.choices import AnswerKind, AnswerStatus
from labeling.models import Answer, Transform
from labeling.selectors.days import bounds
from labeling.selectors.natural_order import natural_key
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


DONE = Q(kind=AnswerKind.ANSWER, first_submitted_at__isnull=False) & ~Q(status=AnswerStatus.WITHDRAWN)
"""Answers that are somebody's work: also those that are asked again, while they wait for their person, but none that was withdrawn."""

_Place = tuple[uuid.UUID | None, dt.date | None, uuid.UUID | None]
"""Person, day and transform of a line."""

_Done = tuple[int | None, int | None, bool, bool, bool]
"""What is known of one answer: seconds, keys, whether the proposal was shown, whether it was accepted untouched, and whether corrected."""

_FIELDS: dict[Dimension, str] = {
    "person": "steward",
    "day": "day",
    "transform": "question__question_set__transform",
}


@dataclass(frozen=True, slots=True)
class WorkLines(Sequence[WorkLine]):
    """Lines in order, each worked out when it is looked at: a page shows a hundred of what may be very many."""

    places: list[_Place]
    done: Mapping[_Place, list[_Done]]
    people: Mapping[uuid.UUID, User]
    transforms: Mapping[uuid.UUID, Transform]

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, index: int) -> WorkLine: ...
    @overload
    def __getitem__(self, index: slice) -> list[WorkLine]: ...
    def __getitem__(self, index: int | slice) -> WorkLine | list[WorkLine]:
        """A line, or some."""
        return self._line(self.places[index]) if isinstance(index, int) else list(map(self._line, self.places[index]))

    def _line(self, place: _Place) -> WorkLine:
        person, day, transform = place
        return _line(
            self.people[person] if person else None,
            day,
            self.transforms[transform] if transform else None,
            self.done[place],
        )


def work_lines(
    *,
    team: Team,
    transform: Transform | None = None,
    user: User | None = None,
    since: dt.date | None = None,
    until: dt.date | None = None,
    by: Collection[Dimension] = EVERYTHING,
) -> WorkLines:
    """What was answered from ``since`` to ``until`` (both days included, in the current time zone), a line for each of ``by``.

    Ordered by name, the newest day first, then by transform. Up to three queries.
    """
    answers = submitted_answers(team=team, since=since, until=until)
    if transform is not None:
        answers = answers.filter(question__question_set__transform=transform)
    if user is not None:
        answers = answers.filter(steward=user)
    if "day" in by:
        answers = answers.annotate(day=TruncDate("first_submitted_at"))
    # What no line tells apart is not asked for: a date, or an id, for each of very many answers takes longer than all the rest.
    asked = [field for name, field in _FIELDS.items() if name in by]
    rows = answers.order_by().values_list(
        *asked, "seconds", "keys", "proposal_shown", "accepted_untouched", "corrected"
    )
    by_asked: dict[tuple[Any, ...], list[_Done]] = defaultdict(list)
    for row in rows.iterator(chunk_size=5000):
        by_asked[row[: len(asked)]].append(row[len(asked) :])
    done = {_place(dict(zip(asked, key, strict=True))): some for key, some in by_asked.items()}
    people = User.objects.in_bulk({person for person, _day, _transform in done if person})
    transforms = Transform.objects.in_bulk({pk for _person, _day, pk in done if pk})
    places = sorted(done, key=lambda place: _order(place, people, transforms))
    return WorkLines(places, done, people, transforms)


def submitted_answers(*, team: Team, since: dt.date | None = None, until: dt.date | None = None) -> QuerySet[Answer]:
    """What people of the team have answered from ``since`` to ``until`` (both days included, in the current time zone).

    An answer counts on the day on which it was first submitted: who corrects or confirms it later has not done the work twice, and the figures of a week
    that is over stay as they were.
    """
    answers = Answer.objects.filter(DONE, question__question_set__transform__team=team)
    # Moments, not days of moments: those would be worked out for every answer that there is.
    start, end = bounds(since, until)
    if start is not None:
        answers = answers.filter(first_submitted_at__gte=start)
    if end is not None:
        answers = answers.filter(first_submitted_at__lt=end)
    return answers


def work_csv_rows(lines: Iterable[WorkLine]) -> Iterator[list[str]]:
    """The lines as cells, a header first; nothing in them runs as a formula."""
    yield [
        *(_("person"), _("day"), _("transform"), _("answers"), _("hours"), _("answers per hour")),
        *(_("seconds, lower quartile"), _("seconds, median"), _("seconds, upper quartile")),
        *(_("keys, lower quartile"), _("keys, median"), _("keys, upper quartile")),
        *(_("proposals shown"), _("accepted unchanged"), _("corrected later")),
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


def _line(person: User | None, day: dt.date | None, transform: Transform | None, done: Sequence[_Done]) -> WorkLine:
    all_seconds, all_keys, shown, accepted, corrected = zip(*done, strict=True)
    seconds = [one for one in all_seconds if one is not None]
    hours = sum(seconds) / 3600
    return WorkLine(
        person=person,
        day=day,
        transform=transform,
        answers=len(done),
        hours=hours,
        per_hour=len(seconds) / hours if hours else None,
        seconds=_spread(seconds),
        keys=_spread([one for one in all_keys if one is not None]),
        proposals_shown=sum(shown),
        accepted_untouched=sum(accepted),
        corrected=sum(corrected),
    )


def _place(found: Mapping[str, Any]) -> _Place:
    person, day, transform = (found.get(field) for field in _FIELDS.values())
    return person, day, transform


def _spread(numbers: list[int]) -> Spread | None:
    if not numbers:
        return None
    if len(numbers) == 1:
        return Spread(*[float(numbers[0])] * 3)
    return Spread(*quantiles(numbers, n=4, method="inclusive"))


def _order(
    place: _Place, people: Mapping[uuid.UUID, User], transforms: Mapping[uuid.UUID, Transform]
) -> tuple[str, str, str, int, str]:
    who, day, what = place
    person = people[who] if who else None
    return (
        *((person.last_name, person.first_name, person.username) if person else ("", "", "")),
        -day.toordinal() if day else 0,
        natural_key(transforms[what].name) if what else "",
    )


def _cells(spread: Spread | None) -> list[str]:
    return ["", "", ""] if spread is None else [f"{spread.low:g}", f"{spread.median:g}", f"{spread.high:g}"]
