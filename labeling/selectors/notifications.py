"""What people are told, in words, and what they have chosen to hear."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Membership, Team, User
from labeling.choices import NotificationEvent, RunKind, RunStatus
from labeling.intervals import figure
from labeling.models import Notification, NotificationPreference, Occurrence, QuestionSet, TaskRun

DEFAULT_EMAIL = frozenset({NotificationEvent.RUN_FAILED, NotificationEvent.AGREEMENT_FELL})
"""By e-mail comes what somebody has to act on; everything is in the page."""

_OF_RUN = ("occurrence__run__label_file", "occurrence__run__question_set__label_file")


@dataclass(frozen=True, slots=True)
class Choice:
    """Whether an event is told in the page and by e-mail; ``own`` unless it is what the team or the product has chosen."""

    event: NotificationEvent
    in_page: bool
    email: bool
    own: bool


@dataclass(frozen=True, slots=True)
class Words:
    """A line, what follows from it, and the page that shows more."""

    title: str
    detail: str
    path: str


def notifications_for(*, user: User, team: Team) -> QuerySet[Notification]:
    """What the person has been told in the page about this team, newest first."""
    return (
        Notification.objects.filter(user=user, in_page=True, occurrence__transform__team=team)
        .select_related("occurrence__transform", "occurrence__question_set__transform", *_OF_RUN)
        .order_by("-created_at")
    )


def unread_count(*, membership: Membership) -> int:
    """How many the member has not read. Every page of a lead shows it, so neither person nor team is fetched."""
    return Notification.objects.filter(
        user=membership.user_id, in_page=True, read_at=None, occurrence__transform__team=membership.team_id
    ).count()


def choices_of(*, team: Team, user: User | None) -> list[Choice]:
    """One choice for each event: the person's, else the team's, else the product's. Without a person: the team's. One query."""
    found = _chosen(team)
    return [_choice(found, event, user.pk if user else None) for event in NotificationEvent]


def choice_of_each(*, team: Team, event: NotificationEvent, people: Iterable[uuid.UUID]) -> dict[uuid.UUID, Choice]:
    """What each of the people has chosen for an event. One query."""
    found = _chosen(team)
    return {person: _choice(found, event, person) for person in people}


def _chosen(team: Team) -> dict[tuple[uuid.UUID | None, str], NotificationPreference]:
    return {(row.user_id, row.event): row for row in NotificationPreference.objects.filter(team=team)}


def _choice(
    found: Mapping[tuple[uuid.UUID | None, str], NotificationPreference],
    event: NotificationEvent,
    person: uuid.UUID | None,
) -> Choice:
    own = found.get((person, event))
    row = own or found.get((None, event))
    in_page, email = (row.in_page, row.email) if row else (True, event in DEFAULT_EMAIL)
    return Choice(event, in_page, email, own is not None)


def words_of(occurrence: Occurrence) -> Words:
    """The occurrence in the reader's language. No row of a table is ever quoted."""
    if occurrence.run is not None:
        return _run_words(occurrence)
    figures, about = occurrence.figures, {"set": str(occurrence.question_set), "transform": occurrence.transform.name}
    assert occurrence.question_set is not None
    if occurrence.event == NotificationEvent.AGREEMENT_FELL:
        return Words(
            _("%(transform)s: people agree less on “%(set)s”") % about,
            _("Krippendorff’s alpha is %(alpha)s; on earlier sets it was %(before)s.")
            % {"alpha": figure(figures["alpha"], 2), "before": figure(figures["alpha_before"], 2)},
            reverse("labeling:agreement", args=[occurrence.transform_id]),
        )
    disputed = figures.get("disputed", 0)
    answered = ngettext("%(n)s question has been answered", "%(n)s questions have been answered", figures["questions"])
    detail = answered % {"n": f"{figures['questions']:,}"}
    if disputed:
        more = ngettext("%(n)s of them is disputed.", "%(n)s of them are disputed.", disputed) % {"n": f"{disputed:,}"}
        detail = f"{detail}; {more}"
    else:
        detail += "."
    return Words(
        _("%(transform)s: all questions of “%(set)s” are answered") % about,
        detail,
        reverse("labeling:question-set-detail", args=[occurrence.question_set.pk]),
    )


def payload_of(occurrence: Occurrence) -> dict[str, Any]:
    """The occurrence for other systems; ids, states and figures, no rows."""
    found: dict[str, Any] = {
        "event": occurrence.event,
        "at": occurrence.created_at.isoformat(),
        "transform": {"id": str(occurrence.transform_id), "name": occurrence.transform.name},
    }
    run = occurrence.run
    if run is not None:
        found["run"] = {"id": str(run.pk), "kind": run.kind, "status": run.status, "error": run.error}
        found["run"]["outside"] = run.foreign
        if metrics := run.measured:
            found["run"]["metrics"] = {
                "precision": metrics.precision,
                "recall": metrics.recall,
                "f1": metrics.f1_at_trade_off,
                "best_f1": metrics.f1,
            }
    if occurrence.question_set is not None:
        question_set = occurrence.question_set
        found["question_set"] = {"id": str(question_set.pk), "number": question_set.number, **occurrence.figures}
    return found


def _run_words(occurrence: Occurrence) -> Words:
    run = occurrence.run
    assert run is not None
    about = {"transform": occurrence.transform.name, "kind": run.get_kind_display()}
    path = reverse("labeling:run-detail", args=[run.pk])
    if occurrence.event == NotificationEvent.RUN_WAITS:
        return Words(
            _("%(transform)s: “%(kind)s” is waiting for Glue") % about, f"{run.error} {run.advice}".strip(), path
        )
    title = _how_it_ended(run) % about
    if occurrence.event == NotificationEvent.RUN_FAILED:
        return Words(title, f"{run.error} {run.advice}".strip(), path)
    if metrics := run.measured:
        figures = {"f1": metrics.f1_at_trade_off, "p": metrics.precision, "r": metrics.recall}
        return Words(title, _("F1 %(f1).3f, precision %(p).3f, recall %(r).3f.") % figures, path)
    return Words(title, _brought(run), path)


def _how_it_ended(run: TaskRun) -> str:
    """A sentence about it, with places for the names of ``transform`` and ``kind``."""
    match run.status:
        case RunStatus.SUCCEEDED:
            return _("%(transform)s: “%(kind)s” has succeeded")
        case RunStatus.STOPPED:
            return _("%(transform)s: “%(kind)s” was stopped")
        case RunStatus.TIMEOUT:
            return _("%(transform)s: “%(kind)s” has timed out")
    return _("%(transform)s: “%(kind)s” has failed")


def _brought(run: TaskRun) -> str:
    """What a run that went well came to, in a sentence; empty where there is nothing to say."""
    if run.foreign and run.replace_all_labels:
        return _("It was started outside the portal and replaced all labels that Glue held.")
    if run.kind == RunKind.IMPORT_LABELS and run.labels_before is not None and run.labels_after is not None:
        return _("Labels at Glue: %(before)s → %(after)s.") % {
            "before": f"{run.labels_before:,}",
            "after": f"{run.labels_after:,}",
        }
    if run.foreign:
        return _("It was started outside the portal.")
    if run.kind == RunKind.EXPORT_LABELS and run.label_file is not None:
        rows = run.label_file.rows
        return ngettext("%(n)s label was exported.", "%(n)s labels were exported.", rows) % {"n": f"{rows:,}"}
    asked: QuestionSet | None = getattr(run, "question_set", None)
    if asked is not None:
        count = asked.asked
        return ngettext("%(n)s question was generated.", "%(n)s questions were generated.", count) % {"n": f"{count:,}"}
    return ""
