"""What goes out. Field names are those of the glossary, values of ``kind`` and ``status`` those of AWS wherever AWS has a word."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from ninja import Schema

from accounts.models import ApiToken
from labeling.choices import QuestionState
from labeling.models import Answer, Question, QuestionSet, Transform
from labeling.selectors.question_sets import SetOverview
from labeling.selectors.questions import QuestionProgress


class MeOut(Schema):
    """Who the token acts for, and what it may do."""

    username: str
    team: str
    team_id: UUID
    role: str
    token: str
    may_write: bool
    expires_at: dt.datetime | None

    @classmethod
    def of(cls, token: ApiToken) -> MeOut:
        membership = token.membership
        return cls(
            username=membership.user.username,
            team=membership.team.name,
            team_id=membership.team_id,
            role=membership.role,
            token=token.name,
            may_write=token.may_write,
            expires_at=token.expires_at,
        )


class ProgressOut(Schema):
    """Questions of a transform: ``answered`` ones need nobody any more, ``disputed`` ones among them wait for adjudication."""

    total: int
    answered: int
    open: int
    disputed: int
    waiting_for_import: int


class TransformOut(Schema):
    """A FindMatches transform. ``status`` and ``label_count`` are Glue's, as the portal last saw them."""

    id: UUID
    name: str
    thing: str
    glue_transform_id: str
    status: str
    label_count: int
    database: str
    table: str
    primary_key: str
    columns: list[str]
    precision_recall_trade_off: float
    accuracy_cost_trade_off: float
    enforce_provided_labels: bool
    archived: bool
    created_at: dt.datetime
    questions: ProgressOut

    @classmethod
    def of(cls, transform: Transform, progress: QuestionProgress) -> TransformOut:
        return cls(
            id=transform.pk,
            name=transform.name,
            thing=transform.thing,
            glue_transform_id=transform.glue_transform_id,
            status=transform.glue_status,
            label_count=transform.label_count,
            database=transform.database_name,
            table=transform.table_name,
            primary_key=transform.primary_key,
            columns=transform.column_names,
            precision_recall_trade_off=transform.precision_recall,
            accuracy_cost_trade_off=transform.accuracy_cost,
            enforce_provided_labels=transform.enforce_provided_labels,
            archived=transform.archived_at is not None,
            created_at=transform.created_at,
            questions=ProgressOut(
                total=progress.total,
                answered=progress.answered,
                open=progress.open,
                disputed=progress.disputed,
                waiting_for_import=progress.waiting_for_import,
            ),
        )


class RowsOut(Schema):
    """The rows of a table that were replaced, by primary key: how many there were and are, how many are new or gone.

    ``asked_gone`` of the latter stand in questions; what people said of them stays.
    """

    before: int
    after: int
    new: int
    gone: int
    asked_gone: int


class QuestionSetOut(Schema):
    """The questions of one label file, or of groups that a lead chose."""

    id: UUID
    number: int
    title: str
    priority: int
    due_on: dt.date | None
    answers_per_question: int
    questions: int
    settled: int
    disputed: int
    open: int
    run: UUID | None
    label_file: UUID
    created_at: dt.datetime

    @classmethod
    def of(cls, overview: SetOverview) -> QuestionSetOut:
        found: QuestionSet = overview.question_set
        return cls(
            id=found.pk,
            number=found.number,
            title=found.title,
            priority=found.priority,
            due_on=found.due_on,
            answers_per_question=found.answers_wanted,
            questions=overview.questions,
            settled=overview.settled,
            disputed=overview.disputed,
            open=overview.open,
            run=found.task_run_id,
            label_file=found.label_file_id,
            created_at=found.created_at,
        )


class RowOut(Schema):
    """A record in a question. ``group`` is its letter in the result, ``?`` where people are unsure, null while nothing is settled."""

    key: str
    values: dict[str, Any]
    group: str | None


class QuestionOut(Schema):
    """How do these rows group? ``imported``: Glue has learned from this result."""

    id: UUID
    question_set: UUID
    labeling_set_id: str
    state: QuestionState
    control: bool
    imported: bool
    changed_at: dt.datetime
    rows: list[RowOut]

    @classmethod
    def of(cls, question: Question, columns: list[str]) -> QuestionOut:
        groups = question.result_labels
        return cls(
            id=question.pk,
            question_set=question.question_set_id,
            labeling_set_id=question.labeling_set_id,
            state=QuestionState(question.state),
            control=question.is_control,
            imported=question.result is not None and question.imported_version == question.result_version,
            changed_at=question.changed_at,
            rows=[
                RowOut(key=row.key, values=dict(zip(columns, row.values, strict=False)), group=groups.get(row.pk))
                for row in question.rows.all()
            ],
        )


class AnswerOut(Schema):
    """One person's grouping of one question: the letter of each row by its key. An adjudication decides what people disagreed on.

    Work is counted by ``first_submitted_at``; ``corrected``: its groups were changed after that. ``changed_at`` is when the answer, or the state or
    result of its question, changed last.
    """

    id: UUID
    question: UUID
    person: str
    kind: str
    status: str
    version: int
    begun_at: dt.datetime
    first_submitted_at: dt.datetime | None
    submitted_at: dt.datetime | None
    corrected: bool
    changed_at: dt.datetime
    seconds: int | None
    control: bool
    proposal_shown: bool
    accepted_untouched: bool
    groups: dict[str, str]

    @classmethod
    def of(cls, answer: Answer) -> AnswerOut:
        return cls(
            id=answer.pk,
            question=answer.question_id,
            person=answer.steward.username,
            kind=answer.kind,
            status=answer.status,
            version=answer.version,
            begun_at=answer.created_at,
            first_submitted_at=answer.first_submitted_at,
            submitted_at=answer.submitted_at,
            corrected=answer.corrected,
            changed_at=max(answer.updated_at, answer.question.changed_at),
            seconds=answer.seconds,
            control=answer.control,
            proposal_shown=answer.proposal_shown,
            accepted_untouched=answer.accepted_untouched,
            groups={label.row.key: label.label for label in answer.row_labels.all()},
        )
