"""Questions that Glue generated become rows in the portal."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from labelfiles import MAX_SET_ROWS, SET_ID_COLUMN, LabelFileError, Problem, read_label_file, summarise
from labelfiles import LabelFile as LabelFileContents
from labeling.aws import storage
from labeling.choices import LabelFileKind, LeftOut, RunKind, RunStatus
from labeling.exceptions import LabelportalError
from labeling.models import LabelFile, Question, QuestionSet, Row, TaskRun, Transform
from labeling.services.archive import refuse_archived
from labeling.services.row_order import reading_order
from labeling.tasks import refresh_proposals

logger = logging.getLogger(__name__)

_MIN_ROWS = 2
_CLOCK_SKEW = timedelta(minutes=2)
_LONGEST_ID = 240  # with room in its column for what tells it from the ids of other sets (``_unused``)


class UnreadableQuestionsError(LabelportalError):
    """The generated file is not there or is not what the transform's table promises."""


@dataclass(frozen=True, slots=True)
class GeneratedQuestions:
    """The file that a generation run wrote: where it lies, and what it holds with its columns in the table's order."""

    uri: str
    size: int
    sha256: str
    contents: LabelFileContents


def read_generated_questions(*, run: TaskRun) -> GeneratedQuestions:
    """Fetch and check the file. Raises ``UnreadableQuestionsError``, ``GlueError``."""
    found = [item for item in storage.list_objects(run.path) if item.name.endswith(".csv")]
    if run.foreign and len(found) > 1:
        found = [item for item in found if _written_during(run, item)]
    if len(found) != 1:
        message = _("Glue should have written one file of questions, but there are %(count)d.")
        raise UnreadableQuestionsError(message % {"count": len(found)})
    content = storage.read_uri(found[0].uri)
    try:
        contents = read_label_file(content)
        _refuse_unstorable(contents)
    except LabelFileError as error:
        message = _("The file of questions cannot be read: %(error)s") % {"error": error}
        raise UnreadableQuestionsError(message) from error
    return GeneratedQuestions(
        uri=found[0].uri,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        contents=_in_table_order(contents, run.transform.column_names),
    )


def make_question_set(
    *,
    transform: Transform,
    generated: GeneratedQuestions,
    user: User | None,
    task_run: TaskRun | None = None,
    title: str = "",
) -> QuestionSet:
    """Make the questions of a file in S3; to be called in a transaction, that which ends the run if there is one, so that it happens once.

    A set of one row asks nothing, and the labels of one of more than 50 rows could not be sent: the pre-flight would refuse the label file, and all
    other answers in it; so it is with a set without an id, with a row without a key, or with two rows of one key. All these are left out, and noted in
    ``left_out``. A set id that an earlier file of the transform used gets the number of this
    set of questions behind it, because ids must not meet in a label file. The set starts with the transform's settings for labeling; where
    several people are to answer, without the engine's proposal, so that each forms an opinion of their own. The proposal is made later, by
    a worker.
    """
    # A run that ends while somebody asks about groups must not take the same number, nor the same ids.
    Transform.objects.select_for_update().get(pk=transform.pk)
    summary = summarise(generated.contents)
    bucket, key = storage.split_uri(generated.uri)
    label_file = LabelFile.objects.create(
        transform=transform,
        kind=LabelFileKind.GENERATED,
        bucket=bucket,
        key=key,
        size=generated.size,
        sha256=generated.sha256,
        sets=summary.sets,
        rows=summary.rows,
        created_by=user,
    )
    latest = QuestionSet.objects.filter(transform=transform).aggregate(latest=Max("number"))["latest"] or 0
    question_set = QuestionSet.objects.create(
        transform=transform,
        number=latest + 1,
        task_run=task_run,
        title=title,
        label_file=label_file,
        answers_wanted=transform.answers_per_question,
        show_proposals=transform.show_proposals and transform.answers_per_question == 1,
    )
    questions, rows = _make_questions(question_set, generated.contents)
    question_set.save(update_fields=["left_out"])
    Question.objects.bulk_create(questions, batch_size=500)
    Row.objects.bulk_create(rows, batch_size=500)
    # robust: with the broker down the questions still stand, and the sweep proposes later.
    transaction.on_commit(lambda: refresh_proposals.delay(transform_id=str(transform.pk)), robust=True)
    logger.info(
        "transform %s: %d questions in set %s, %d left out",
        transform.pk,
        len(questions),
        question_set.pk,
        len(question_set.left_out),
    )
    return question_set


def _make_questions(question_set: QuestionSet, contents: LabelFileContents) -> tuple[list[Question], list[Row]]:
    """The questions of a file and their rows, not saved yet; what is not asked is noted in ``left_out``."""
    transform = question_set.transform
    used = set(Question.objects.filter(question_set__transform=transform).values_list("labeling_set_id", flat=True))
    key_index = transform.key_place
    questions: list[Question] = []
    rows: list[Row] = []
    for set_id, set_rows in contents.by_set().items():
        if not _MIN_ROWS <= len(set_rows) <= MAX_SET_ROWS:
            question_set.left_out.append([set_id, len(set_rows)])
            continue
        if doubt := doubtful_keys(set_id, [row.values[key_index] for row in set_rows]):
            question_set.left_out.append([set_id, len(set_rows), doubt])
            continue
        question = Question(
            question_set=question_set,
            labeling_set_id=_unused(set_id, used, question_set.number),
            position=len(questions) + 1,
            answers_missing=transform.answers_per_question,
        )
        questions.append(question)
        order = reading_order([row.values for row in set_rows], key=key_index)
        rows.extend(
            Row(question=question, position=position, key=values[key_index], values=list(values))
            for position, values in enumerate((set_rows[place].values for place in order), start=1)
        )
    return questions, rows


def doubtful_keys(set_id: str, keys: Sequence[str]) -> str:
    """Why labels of these rows could not be told apart at Glue (a ``LeftOut``); empty where they could."""
    if not set_id.strip():
        return LeftOut.NO_SET_ID
    if not all(key.strip() for key in keys):
        return LeftOut.BLANK_KEY
    return LeftOut.REPEATED_KEY if len(set(keys)) < len(keys) else ""


def ask_foreign_questions(*, run: TaskRun, user: User) -> QuestionSet:
    """Ask here what somebody had generated outside the portal: once, however often it is asked for.

    The file is copied, because nobody keeps theirs for us. Raises ``UnreadableQuestionsError``, also where the run brought no questions,
    ``RunConflictError`` if the transform is archived, ``GlueError``.
    """
    refuse_archived(run.transform)
    if not (run.foreign and run.kind == RunKind.LABELING_SET_GENERATION and run.status == RunStatus.SUCCEEDED):
        raise UnreadableQuestionsError(_("This run has no questions that could be asked here."))
    theirs = read_generated_questions(run=run)
    stored = storage.save_bytes(f"questions/{run.transform_id}/{run.pk}/questions.csv", storage.read_uri(theirs.uri))
    if stored.sha256 != theirs.sha256:
        raise UnreadableQuestionsError(_("The file of questions is being changed. Try again in a moment."))
    with transaction.atomic():
        TaskRun.objects.select_for_update().get(pk=run.pk)
        asked = QuestionSet.objects.filter(task_run=run).first()
        if asked is not None:
            return asked
        question_set = make_question_set(
            transform=run.transform, generated=replace(theirs, uri=stored.uri), user=user, task_run=run
        )
    logger.info("run %s: its questions are asked here, by user %s", run.pk, user.pk)
    return question_set


def _written_during(run: TaskRun, item: storage.ListedObject) -> bool:
    """Others let many runs write into one folder. The clocks of Glue and S3 may differ by some minutes."""
    started, ended = run.started_at or run.created_at, run.completed_at or timezone.now()
    return started - _CLOCK_SKEW <= item.modified <= ended + _CLOCK_SKEW


def _refuse_unstorable(contents: LabelFileContents) -> None:
    """Raises ``LabelFileError``: PostgreSQL keeps no NUL, and a key without it would be another one; nor an id that is longer than its column."""
    for row in contents.rows:
        if len(row.labeling_set_id) > _LONGEST_ID:
            message = f"The id has {len(row.labeling_set_id)} characters; the portal keeps up to {_LONGEST_ID}."
            raise LabelFileError([Problem(row.line, SET_ID_COLUMN, "set_id_too_long", message)])
        for name, cell in zip((SET_ID_COLUMN, *contents.columns), (row.labeling_set_id, *row.values), strict=True):
            if "\0" in cell:
                message = "The cell contains a NUL character. Remove it from the table."
                raise LabelFileError([Problem(row.line, name, "nul_character", message)])


def _in_table_order(contents: LabelFileContents, columns: list[str]) -> LabelFileContents:
    if list(contents.columns) == columns:
        return contents
    if sorted(contents.columns) != sorted(columns):
        different = ", ".join(sorted(set(contents.columns) ^ set(columns)))
        message = _("The file of questions and the table differ in these columns: %(columns)s.")
        raise UnreadableQuestionsError(message % {"columns": different})
    places = [contents.columns.index(column) for column in columns]
    return LabelFileContents(
        tuple(columns),
        tuple(replace(row, values=tuple(row.values[place] for place in places)) for row in contents.rows),
    )


def _unused(set_id: str, used: set[str], number: int) -> str:
    name, extra = set_id, 0
    while name in used:
        extra += 1
        name = f"{set_id}-{number}" if extra == 1 else f"{set_id}-{number}-{extra}"
    used.add(name)
    return name
