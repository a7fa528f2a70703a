"""The week of a team: what got better, what waits for whom, what ran. The overview on the first page is a part of the same."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Team, User
from accounts.selectors import active_memberships
from labeling.choices import AnswerKind, AnswerStatus, QuestionState, RunKind, RunStatus
from labeling.intervals import figure
from labeling.models import Answer, QuestionAssignment, TaskRun, Transform
from labeling.reports.model import Cell, Column, Figure, Report, Table
from labeling.selectors.days import midnight
from labeling.selectors.natural_order import BY_NAME
from labeling.selectors.questions import question_progress_by_transform
from labeling.selectors.work import Dimension, WorkLine, submitted_answers, work_lines

_MAX_FAILED = 20
_BY_PERSON: tuple[Dimension] = ("person",)


@dataclass(frozen=True, slots=True)
class Week:
    """From Monday to Sunday, both included."""

    since: dt.date

    @property
    def until(self) -> dt.date:
        """The Sunday."""
        return self.since + dt.timedelta(days=6)

    @property
    def name(self) -> str:
        """As in ISO 8601: ``2026-W48``."""
        year, number, _day = self.since.isocalendar()
        return f"{year}-W{number:02d}"

    @property
    def before(self) -> Week:
        """The week before."""
        return Week(self.since - dt.timedelta(days=7))

    @property
    def after(self) -> Week:
        """The week after."""
        return Week(self.since + dt.timedelta(days=7))

    @classmethod
    def of(cls, day: dt.date) -> Week:
        """The week of a day."""
        return cls(day - dt.timedelta(days=day.weekday()))

    @classmethod
    def named(cls, name: str) -> Week:
        """``2026-W48``. Raises ``ValueError`` for anything else, and for the first and last years of the calendar, which lack a week on one side."""
        since = dt.datetime.strptime(f"{name}-1", "%G-W%V-%u").replace(tzinfo=dt.UTC).date()
        if not dt.MINYEAR < since.year < dt.MAXYEAR:
            raise ValueError(name)
        return cls(since)


@dataclass(frozen=True, slots=True)
class TransformWeek:
    """A transform at the end of the week and at its start; None where nothing was known."""

    transform: Transform
    f1: float | None
    f1_before: float | None
    labels: int | None
    labels_before: int | None
    answers: int

    @property
    def has_changed(self) -> bool:
        """There is something to tell of this week."""
        return bool(self.answers) or self.f1 != self.f1_before or self.labels != self.labels_before


def transform_weeks(*, team: Team, week: Week) -> list[TransformWeek]:
    """What became of each transform that was not archived before the week, by name, in a constant number of queries."""
    start, end = midnight(week.since), midnight(week.after.since)
    transforms = list(
        Transform.objects.filter(Q(archived_at=None) | Q(archived_at__gte=start), team=team)
        .annotate(
            estimate=_newest("pk", end, kind=RunKind.EVALUATION, metrics__isnull=False),
            estimate_before=_newest("pk", start, kind=RunKind.EVALUATION, metrics__isnull=False),
            labels_end=_newest("labels_after", end, labels_after__isnull=False),
            labels_start=_newest("labels_after", start, labels_after__isnull=False),
        )
        .order_by(*BY_NAME)
    )
    wanted = {one.estimate for one in transforms} | {one.estimate_before for one in transforms}
    runs = TaskRun.objects.only("metrics").in_bulk({pk for pk in wanted if pk})
    given = submitted_answers(team=team, since=week.since, until=week.until).order_by()
    answers: dict[uuid.UUID, int] = dict(
        given.values_list("question__question_set__transform").annotate(count=Count("pk"))
    )
    return [
        TransformWeek(
            transform=one,
            f1=runs[one.estimate].f1 if one.estimate else None,
            f1_before=runs[one.estimate_before].f1 if one.estimate_before else None,
            labels=one.labels_end,
            labels_before=one.labels_start,
            answers=answers.get(one.pk, 0),
        )
        for one in transforms
    ]


def better_table(*, team: Team, week: Week) -> Table:
    """F1, labels and answers of each transform that the team works with and of which something changed."""
    weeks = transform_weeks(team=team, week=week)
    return _better([one for one in weeks if one.has_changed and one.transform.archived_at is None])


def waiting_table(*, team: Team) -> Table:
    """What waits now, and for whom: first what anybody of a role may do, then what is meant for one person. Five queries."""
    transforms = {one.pk: one for one in _worked_with(team).order_by(*BY_NAME)}
    rows: list[tuple[Cell, ...]] = []
    for pk, progress in question_progress_by_transform(transforms=transforms.values()).items():
        for who, what, count, page in (
            (_("stewards"), _("questions to answer"), progress.open, "question-set-list"),
            (_("leads"), _("disputed questions to decide"), progress.disputed, "adjudication-list"),
            (_("leads"), _("results to import"), progress.waiting_for_import, "import-create"),
        ):
            if count:
                rows.append(_row(who, what, transforms[pk], count, page))
    assigned, begun = _assigned(team), _begun(team)
    people = User.objects.in_bulk({person for person, _transform in assigned | begun})
    for counts, what in ((assigned, _("questions assigned")), (begun, _("answers started"))):
        for (person, pk), count in sorted(counts.items(), key=lambda one: people[one[0][0]].display_name):
            rows.append(_row(people[person].display_name, what, transforms[pk], count, "answer-list"))
    columns = (Column(_("For")), Column(_("What")), Column(_("Transform")), Column(_("How many"), number=True))
    return Table("waiting", _("What is waiting for whom"), columns, tuple(rows), _("Nothing is waiting for anyone."))


def weekly_report(*, team: Team, week: Week) -> Report:
    """The report of a week; what waits is as of now."""
    weeks = transform_weeks(team=team, week=week)
    people = work_lines(team=team, since=week.since, until=week.until, by=_BY_PERSON)
    runs = TaskRun.objects.filter(
        transform__team=team, created_at__gte=midnight(week.since), created_at__lt=midnight(week.after.since)
    )
    states = Counter(dict(runs.order_by().values_list("status").annotate(count=Count("pk"))))
    failed = states[RunStatus.FAILED] + states[RunStatus.TIMEOUT]
    answers = sum(one.answers for one in weeks)
    labels_before = sum(one.labels_before or 0 for one in weeks)
    estimated = sum(1 for one in weeks if one.f1 is not None)
    better = sum(1 for one in weeks if one.f1 is not None and one.f1_before is not None and one.f1 > one.f1_before)
    figures = (
        Figure(
            _("Answers"),
            _count(answers),
            ngettext("by %(n)s person", "by %(n)s people", len(people)) % {"n": f"{len(people):,}"},
        ),
        Figure(
            _("Labels at Glue"),
            _count(sum(one.labels or 0 for one in weeks)),
            _("%(n)s the week before") % {"n": f"{labels_before:,}"},
        ),
        Figure(
            _("Transforms with a better F1"), _count(better), _("of %(n)s with an estimate") % {"n": f"{estimated:,}"}
        ),
        Figure(
            _("Runs"), _count(states.total()), ngettext("%(n)s failed", "%(n)s failed", failed) % {"n": f"{failed:,}"}
        ),
    )
    return Report(
        title=_("Weekly report"),
        subtitle=f"{team.name} · {week.since.isoformat()} – {week.until.isoformat()}",
        figures=figures,
        tables=(_better(weeks), _people(people), waiting_table(team=team), _failed(runs, failed)),
        note=_note(),
    )


def _note() -> str:
    """What the figures count, which the page, the PDF and the CSV all say."""
    return " ".join(
        (
            _(
                "An answer counts on the day on which it was first submitted, also if it was confirmed or corrected later."
            ),
            _("Decisions on disputed questions are no answers."),
            _("Hours are the time that people spent on their answers."),
            _(
                "F1 is measured at the trade-off of the transform, in the last estimate before the week ended, compared with the last before it began."
            ),
            _("What is waiting is as of now."),
            _("Days follow the time zone of the team, %(zone)s.") % {"zone": timezone.get_current_timezone_name()},
        )
    )


def _better(weeks: list[TransformWeek]) -> Table:
    """Without the transforms of which there is nothing to tell."""
    columns = (
        Column(_("Transform")),
        Column("F1", number=True),
        Column(_("change"), number=True),
        Column(_("Labels"), number=True),
        Column(_("change"), number=True),
        Column(_("Answers"), number=True),
    )
    rows = tuple(
        (
            Cell(_name(one.transform), reverse("labeling:quality", args=[one.transform.pk])),
            Cell("–") if one.f1 is None else Cell(figure(one.f1), number=round(one.f1, 3)),
            Cell("–") if one.f1 is None or one.f1_before is None else _signed(round(one.f1 - one.f1_before, 3), 3),
            Cell("–") if one.labels is None else _count(one.labels),
            Cell("–") if one.labels is None else _signed(one.labels - (one.labels_before or 0)),
            _count(one.answers),
        )
        for one in weeks
        if one.f1 is not None or one.labels is not None or one.answers
    )
    return Table(
        "better",
        _("What changed this week"),
        columns,
        rows,
        _("No answers, labels or quality estimates are new this week."),
    )


def _name(transform: Transform) -> str:
    return _("%(name)s (archived)") % {"name": transform.name} if transform.archived_at else transform.name


def _people(lines: Sequence[WorkLine]) -> Table:
    columns = (
        Column(_("Person")),
        Column(_("Answers"), number=True),
        Column(_("Hours"), number=True),
        Column(_("Seconds, median"), number=True),
        Column(_("Corrected later"), number=True),
    )
    rows = tuple(
        (
            Cell(line.person.display_name if line.person else ""),
            _count(line.answers),
            Cell(f"{line.hours:,.2f}", number=round(line.hours, 2)),
            Cell("–") if line.seconds is None else Cell(f"{line.seconds.median:.1f}", number=line.seconds.median),
            _count(line.corrected),
        )
        for line in lines
    )
    return Table("people", _("Who answered"), columns, rows, _("Nobody answered questions this week."))


def _failed(runs: QuerySet[TaskRun], count: int) -> Table:
    failed = runs.filter(status__in=(RunStatus.FAILED, RunStatus.TIMEOUT)).select_related("transform")
    rows = tuple(
        (
            Cell(f"{timezone.localtime(run.created_at):%Y-%m-%d %H:%M}", reverse("labeling:run-detail", args=[run.pk])),
            Cell(run.transform.name),
            Cell(str(run.get_kind_display())),
            Cell(run.error),
        )
        for run in failed.order_by("-created_at")[:_MAX_FAILED]
    )
    columns = (Column(_("When")), Column(_("Transform")), Column(_("Run")), Column(_("What happened")))
    title = _("Runs that failed")
    if count > _MAX_FAILED:
        title = _("Runs that failed, the newest %(n)s of %(of)s") % {"n": _MAX_FAILED, "of": f"{count:,}"}
    return Table("failed", title, columns, rows, _("No run failed this week."))


def _newest(field: str, until: dt.datetime, **conditions: object) -> Subquery:
    """Of the newest run of the transform that ended well before the moment."""
    runs = TaskRun.objects.filter(
        transform=OuterRef("pk"), status=RunStatus.SUCCEEDED, completed_at__lt=until, **conditions
    )
    return Subquery(runs.order_by("-created_at").values(field)[:1])


def _assigned(team: Team) -> Counter[tuple[uuid.UUID, uuid.UUID]]:
    """Open questions by the person they are meant for, who has not answered them, and transform."""
    done = Answer.objects.filter(question=OuterRef("question"), steward=OuterRef("user"), status=AnswerStatus.SUBMITTED)
    found = QuestionAssignment.objects.filter(
        ~Exists(done), question__question_set__transform__in=_worked_with(team), question__answers_missing__gt=0
    )
    return _counted(found.order_by().values_list("user", "question__question_set__transform"))


def _begun(team: Team) -> Counter[tuple[uuid.UUID, uuid.UUID]]:
    """Drafts of people who are there, on questions that still wait for an answer or a decision, by person and transform."""
    waits = Q(kind=AnswerKind.ANSWER, question__answers_missing__gt=0) | Q(
        kind=AnswerKind.ADJUDICATION, question__state=QuestionState.DISPUTED
    )
    found = Answer.objects.filter(
        waits,
        question__question_set__transform__in=_worked_with(team),
        steward__in=active_memberships().filter(team=team).values("user"),
        status=AnswerStatus.DRAFT,
    )
    return _counted(found.order_by().values_list("steward", "question__question_set__transform"))


def _worked_with(team: Team) -> QuerySet[Transform]:
    return Transform.objects.filter(team=team, archived_at=None)


def _counted(groups: QuerySet[Any, tuple[uuid.UUID, uuid.UUID]]) -> Counter[tuple[uuid.UUID, uuid.UUID]]:
    return Counter({(person, transform): count for person, transform, count in groups.annotate(count=Count("pk"))})


def _row(who: str, what: str, transform: Transform, count: int, page: str) -> tuple[Cell, ...]:
    return (
        Cell(who),
        Cell(what),
        Cell(transform.name, reverse(f"labeling:{page}", args=[transform.pk])),
        _count(count),
    )


def _count(number: int) -> Cell:
    return Cell(f"{number:,}", number=number)


def _signed(number: float, places: int = 0) -> Cell:
    return Cell(f"{number:+z,.{places}f}".replace("-", "−"), number=number)
