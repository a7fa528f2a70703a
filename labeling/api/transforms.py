"""Transforms with their rows, and with what people are asked and say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import File, Form, Query, Router, Status, UploadedFile
from pydantic import AwareDatetime

from accounts.models import Team
from labeling.api.access import member, person, question_for, question_set_for, token_of, transform_for
from labeling.api.errors import REFUSALS, NotYetError, WrongFieldError
from labeling.api.inputs import AdoptIn, TransformIn
from labeling.api.paging import After, Limit, Page, next_of, page_of
from labeling.api.run_schemas import MatchResultOut
from labeling.api.schemas import (
    AnswerOut,
    MeOut,
    QuestionOut,
    QuestionSetOut,
    RowsOut,
    TransformOut,
)
from labeling.choices import QuestionState, RunProblem
from labeling.exceptions import GlueError, InvalidSettingError, InvalidSourceError, TableOfOthersError
from labeling.models import MatchResult, Question, RowLabel, SourceFile, Transform
from labeling.permissions import (
    can_manage_question_sets,
    can_manage_transforms,
    can_see_answers,
    can_see_matches,
    is_member,
)
from labeling.selectors.answers import answers_for_transform
from labeling.selectors.key_pages import KeyOrder, key_page
from labeling.selectors.question_sets import set_overviews, sets_in_order
from labeling.selectors.questions import question_progress_by_transform
from labeling.selectors.transforms import transforms_for_team
from labeling.services.adoption import adopt_transform, glue_transform, preview_of
from labeling.services.catalog import CatalogTable, catalog_table
from labeling.services.sources import SourcePreview, discard_source, preview_table, stage_source, staged_preview
from labeling.services.table_versions import take_rows
from labeling.services.transforms import create_transform

router = Router(tags=["Transforms"])

_BEGUN_LAST = KeyOrder("created_at", falling=True)


@router.get("/me", response={200: MeOut, **REFUSALS}, tags=["Token"])
def me(request: HttpRequest) -> MeOut:
    """Who the token acts for."""
    return MeOut.of(token_of(request))


@router.get("/transforms", response={200: Page[TransformOut], **REFUSALS})
def transform_list(
    request: HttpRequest, archived: bool = False, after: After = 0, limit: Limit = 100
) -> Page[TransformOut]:
    """The team's transforms by name; with ``archived`` those that it is done with."""
    found = transforms_for_team(team=member(request).team).filter(archived_at__isnull=not archived)
    transforms, following = page_of(found, after, limit)
    progress = question_progress_by_transform(transforms=transforms)
    return Page[TransformOut](items=[TransformOut.of(each, progress[each.pk]) for each in transforms], next=following)


@router.post("/transforms", response={201: TransformOut, **REFUSALS})
def transform_create(
    request: HttpRequest, wanted: Form[TransformIn], file: File[UploadedFile | None] = None
) -> Status[TransformOut]:
    """Make a transform, over a CSV or Parquet ``file`` or over a ``table`` of the catalog. 422 with what is wrong with either, or with the key.

    A file that is refused is not kept.
    """
    team = member(request, can_manage_transforms, writes=True).team
    # Of a form, what has no place in the description would be let pass in silence.
    if unknown := sorted(set(request.POST) - set(TransformIn.model_fields)):
        raise InvalidSettingError(_("There is no field %(name)s.") % {"name": unknown[0]})
    source, preview = _source_of(request, team, wanted, file)
    try:
        transform = create_transform(
            team=team,
            user=person(request),
            name=wanted.name,
            source=source,
            preview=preview,
            primary_key=wanted.primary_key,
            precision_recall=wanted.precision_recall_trade_off,
            accuracy_cost=wanted.accuracy_cost_trade_off,
            enforce_provided_labels=wanted.enforce_provided_labels,
            thing=wanted.thing,
        )
    except InvalidSourceError:
        if isinstance(source, SourceFile):
            discard_source(source=source)
        raise
    progress = question_progress_by_transform(transforms=[transform])[transform.pk]
    return Status(201, TransformOut.of(transform, progress))


@router.post("/transforms/adopt", response={201: TransformOut, **REFUSALS})
def transform_adopt(request: HttpRequest, wanted: AdoptIn) -> Status[TransformOut]:
    """Add a transform that exists at Glue already. Its name and settings are Glue's; its labels are exported, its runs come into the history.

    404 if Glue has none that the team may use, 409 if the portal has it, 422 with the reason if it cannot be used.
    """
    team = member(request, can_manage_transforms, writes=True).team
    found = glue_transform(team=team, glue_transform_id=wanted.glue_transform_id)
    preview_of(found=found)
    transform = adopt_transform(team=team, user=person(request), found=found, thing=wanted.thing)
    return Status(201, TransformOut.of(transform, question_progress_by_transform(transforms=[transform])[transform.pk]))


def _source_of(
    request: HttpRequest, team: Team, wanted: TransformIn, file: UploadedFile | None
) -> tuple[SourceFile | CatalogTable, SourcePreview]:
    if (file is None) == (not wanted.table) or (wanted.table and not wanted.database):
        raise InvalidSourceError(_("Send either a file or the name of a table, with its database."))
    if file is None:
        table = _table_of(team, wanted)
        return table, preview_table(table=table)
    source = stage_source(team=team, user=person(request), file=file)
    return source, staged_preview(source=source)


def _table_of(team: Team, wanted: TransformIn) -> CatalogTable:
    """The table of the catalog. One of another team is as one that is not there."""
    try:
        return catalog_table(team=team, database=wanted.database, table=wanted.table)
    except GlueError as error:
        if error.problem != RunProblem.MISSING and not isinstance(error, TableOfOthersError):
            raise
        name = f"{wanted.database}.{wanted.table}"
        raise WrongFieldError(_("There is no table %(name)s.") % {"name": name}, field="table") from error


@router.get("/transforms/{uuid:transform_id}", response={200: TransformOut, **REFUSALS})
def transform_detail(request: HttpRequest, transform_id: UUID) -> TransformOut:
    """One transform."""
    transform = transform_for(request, transform_id, is_member)
    return TransformOut.of(transform, question_progress_by_transform(transforms=[transform])[transform.pk])


@router.post("/transforms/{uuid:transform_id}/rows", response={200: RowsOut, **REFUSALS})
def rows_replace(request: HttpRequest, transform_id: UUID, file: File[UploadedFile]) -> RowsOut:
    """Put a newer file in the place of an uploaded table: CSV or Parquet with the same columns, all rows as they are now. Labels stay.

    422 if the file does not fit, and also if not one row of the table is in it; then nothing changes. 409 while a run is under way.
    """
    transform = transform_for(request, transform_id, can_manage_transforms, writes=True)
    return RowsOut.from_orm(take_rows(transform=transform, user=person(request), file=file))


@router.get(
    "/transforms/{uuid:transform_id}/question-sets",
    response={200: Page[QuestionSetOut], **REFUSALS},
    tags=["Questions"],
)
def question_set_list(
    request: HttpRequest, transform_id: UUID, after: After = 0, limit: Limit = 100
) -> Page[QuestionSetOut]:
    """Its question sets: first those that are asked, in that order."""
    transform = transform_for(request, transform_id, can_manage_question_sets)
    sets, following = page_of(sets_in_order(transform=transform), after, limit)
    return Page[QuestionSetOut](items=[QuestionSetOut.of(each) for each in set_overviews(sets)], next=following)


@router.get("/question-sets/{uuid:set_id}/questions", response={200: Page[QuestionOut], **REFUSALS}, tags=["Questions"])
def questions_of_set(
    request: HttpRequest, set_id: UUID, state: QuestionState | None = None, after: After = 0, limit: Limit = 100
) -> Page[QuestionOut]:
    """The questions of a set in their order, with their rows and, where settled, the result."""
    found = question_set_for(request, set_id, can_manage_question_sets)
    questions = Question.objects.filter(question_set=found).order_by("position")
    return _questions(questions, found.transform, state, after, limit)


@router.get(
    "/transforms/{uuid:transform_id}/questions", response={200: Page[QuestionOut], **REFUSALS}, tags=["Questions"]
)
def questions_of_transform(
    request: HttpRequest, transform_id: UUID, state: QuestionState | None = None, after: After = 0, limit: Limit = 100
) -> Page[QuestionOut]:
    """All questions of a transform in their order, with their rows and, where settled, the result."""
    transform = transform_for(request, transform_id, can_manage_question_sets)
    questions = Question.objects.filter(question_set__transform=transform)
    return _questions(questions.order_by("question_set__number", "position"), transform, state, after, limit)


@router.get("/questions/{uuid:question_id}", response={200: QuestionOut, **REFUSALS}, tags=["Questions"])
def question_detail(request: HttpRequest, question_id: UUID) -> QuestionOut:
    """One question."""
    question = question_for(request, question_id, can_manage_question_sets)
    return QuestionOut.of(question, question.question_set.transform.column_names)


@router.get("/transforms/{uuid:transform_id}/answers", response={200: Page[AnswerOut], **REFUSALS}, tags=["Questions"])
def answer_list(
    request: HttpRequest,
    transform_id: UUID,
    username: Annotated[str, Query(alias="person", max_length=150, pattern=r"^[^\x00]*$")] = "",
    changed_since: Annotated[
        AwareDatetime | None, Query(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(9000, 1, 1, tzinfo=UTC))
    ] = None,
    after: str = "",
    limit: Limit = 100,
) -> Page[AnswerOut]:
    """Who said what, what was begun last first: a place that no change moves, so that paging misses nothing.

    Answers of others to open questions are left out: those who may still answer do it alone. What is new since a moment (``changed_since``) may stand
    anywhere in this order: also answers that can be read only now, because their question is no longer open, are among it.
    """
    transform = transform_for(request, transform_id, can_see_answers)
    answers = answers_for_transform(transform=transform)
    if username:
        answers = answers.filter(steward__username=username)
    if changed_since is not None:
        answers = answers.filter(Q(updated_at__gte=changed_since) | Q(question__changed_at__gte=changed_since))
    readable = answers.exclude(question__state=QuestionState.OPEN) | answers.filter(steward=person(request))
    labels = RowLabel.objects.select_related("row").order_by("row__position")
    readable = readable.prefetch_related(None).prefetch_related(Prefetch("row_labels", queryset=labels))
    page = key_page(readable, order=_BEGUN_LAST, after=after, size=limit)
    return Page[AnswerOut](items=[AnswerOut.of(answer) for answer in page.records], next=next_of(page, after))


@router.get("/transforms/{uuid:transform_id}/matches", response={200: MatchResultOut, **REFUSALS}, tags=["Matches"])
def matches(request: HttpRequest, transform_id: UUID) -> MatchResultOut:
    """What the newest result says that the portal has read; 404 while there is none. The table itself is at its run."""
    transform = transform_for(request, transform_id, can_see_matches)
    read = MatchResult.objects.filter(run__transform=transform, read_at__isnull=False, problem="")
    result = read.order_by("-run__created_at").first()
    if result is None or result.read_at is None:
        raise NotYetError(_("No result of this transform has been read yet."))
    return MatchResultOut.of(result, result.read_at)


def _questions(
    questions: QuerySet[Question], transform: Transform, state: QuestionState | None, after: int, limit: int
) -> Page[QuestionOut]:
    if state is not None:
        questions = questions.filter(state=state)
    found, following = page_of(questions.prefetch_related("rows"), after, limit)
    columns = transform.column_names
    return Page[QuestionOut](items=[QuestionOut.of(question, columns) for question in found], next=following)
