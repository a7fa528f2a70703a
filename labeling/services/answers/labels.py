"""The labels of an answer: checked, written, and their changes remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from labeling.choices import UNSURE, AnswerKind, AnswerStatus, ChangeAction
from labeling.exceptions import InvalidAnswerError
from labeling.models import Answer, AnswerChange, Question, Row, RowLabel
from labeling.selectors.groupings import labels_by_answer
from partitions import LABELS, Grouping, labels_for

_STANDING = (ChangeAction.SUBMITTED, ChangeAction.CORRECTED, ChangeAction.ADJUDICATED)


def checked_labels(rows: Mapping[int, Row], labels: Mapping[int, str], *, complete: bool) -> dict[int, str]:
    """The labels that are given, blanks left out, in the order of ``rows``: the rows of the question by id.

    Raises ``InvalidAnswerError`` for what does not belong to the question and, if it is to be ``complete``, for blank rows.
    """
    allowed = labels_for(len(rows))
    if not {label for label in labels.values() if label} <= {*allowed, UNSURE}:
        message = _("A group is a letter from A to O, or a question mark if you cannot tell.")
        if allowed == LABELS:
            message = _("A group is a letter from A to O, one of AA to OO, or a question mark if you cannot tell.")
        raise InvalidAnswerError(message)
    if not labels.keys() <= rows.keys():
        raise InvalidAnswerError(_("A row does not belong to this question. Reload the page."))
    given = {row_id: labels[row_id] for row_id in rows if labels.get(row_id)}
    if complete and len(given) < len(rows):
        raise InvalidAnswerError(_("Every row needs a group, or a question mark if you cannot tell."))
    return given


def rows_of(question: Question) -> dict[int, Row]:
    """The rows of the question by id, in their order, without their values."""
    rows = Row.objects.filter(question=question).order_by("position").only("pk", "proposed", "proposed_confidence")
    return {row.pk: row for row in rows}


def write_labels(answer: Answer, labels: Mapping[int, str], *, complete: bool = False) -> None:
    """Make the answer's row labels exactly these; ``complete`` says that all rows of the question are among them."""
    if not complete:
        RowLabel.objects.filter(answer=answer).exclude(row_id__in=labels).delete()
    RowLabel.objects.bulk_create(
        [RowLabel(answer=answer, row_id=row_id, label=label) for row_id, label in labels.items()],
        update_conflicts=True,
        unique_fields=["answer", "row"],
        update_fields=["label"],
    )


def write_draft(answer: Answer, labels: Mapping[int, str], *, stamp: int | None = None, complete: bool = False) -> None:
    """Make these the labels of the person's draft, unless the answer is submitted or its draft has a greater ``stamp``: that one is newer.

    To be called in a transaction. ``answer`` is then as the database has it.
    """
    mine = Answer.objects.filter(pk=answer.pk)
    drafts = mine.exclude(status=AnswerStatus.SUBMITTED)
    change: dict[str, object] = {"status": AnswerStatus.DRAFT, "updated_at": timezone.now()}
    if stamp is not None:
        drafts = drafts.filter(draft_stamp__lte=stamp)
        change["draft_stamp"] = stamp
    taken = drafts.update(**change)
    answer.refresh_from_db()
    if taken:
        write_labels(answer, labels, complete=complete)


def labels_of(answer: Answer) -> dict[int, str]:
    """The answer's labels by row id, in the order of the rows."""
    return dict(answer.row_labels.order_by("row__position").values_list("row_id", "label"))


def remember_submission(answer: Answer, *, by: User, labels: Mapping[int, str]) -> None:
    """Write a submission to the history: the first, one that says the same again, a correction of what stood before, or an adjudication."""
    before: dict[str, str] = {}
    action, after = ChangeAction.SUBMITTED, _stored(labels)
    if answer.version > 1:
        last = answer.changes.filter(action__in=_STANDING).order_by("-pk").first()
        before = last.after if last else {}
        if Grouping(before) != Grouping(after):
            action, answer.corrected = ChangeAction.CORRECTED, True
            answer.save(update_fields=["corrected"])
    if answer.kind == AnswerKind.ADJUDICATION:
        action = ChangeAction.ADJUDICATED
    assert answer.submitted_at is not None
    _remember(answer, action, by, answer.submitted_at, before, after)


def remember_taken_back(
    answer: Answer, action: ChangeAction, *, by: User, at: datetime, labels: Mapping[int, str]
) -> None:
    """Write to the history that the answer no longer stands, as it is reopened or withdrawn."""
    _remember(answer, action, by, at, _stored(labels), {})


def remember_withdrawn(answers: Sequence[Answer], *, by: User, at: datetime) -> None:
    """Write to the history of each of these that it is withdrawn. Two queries."""
    labels = labels_by_answer([answer.pk for answer in answers])
    AnswerChange.objects.bulk_create(
        _change(answer, ChangeAction.WITHDRAWN, by, at, _stored(labels[answer.pk]), {}) for answer in answers
    )


def _remember(
    answer: Answer, action: ChangeAction, by: User, at: datetime, before: dict[str, str], after: dict[str, str]
) -> None:
    _change(answer, action, by, at, before, after).save(force_insert=True)


def _change(
    answer: Answer, action: ChangeAction, by: User, at: datetime, before: dict[str, str], after: dict[str, str]
) -> AnswerChange:
    return AnswerChange(answer=answer, version=answer.version, at=at, by=by, action=action, before=before, after=after)


def _stored(labels: Mapping[int, str]) -> dict[str, str]:
    return {str(row_id): label for row_id, label in labels.items()}
