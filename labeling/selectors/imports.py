"""What an import carries: the answers that go into its file."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from labelfiles import LabeledRow, LabelFile, Problem, set_digests, set_errors
from labeling.choices import UNSURE, QuestionState
from labeling.models import LabelFile as StoredLabelFile
from labeling.models import LabelUpload, Question, Row, Transform
from labeling.selectors.known_labels import sets_of
from labeling.selectors.questions import MIN_SURE_ROWS, SAYS_SOMETHING, TEACHES, UNLEARNED, WAITING_FOR_IMPORT

TAKEN_BACK = Q(imported_version__isnull=False, is_control=False) & ~Q(state=QuestionState.SETTLED)
"""Questions that Glue has learned from, and of which nothing is settled any more."""


@dataclass(frozen=True, slots=True)
class LabelContents:
    """A label file before it is written, and which version of the result of which question it carries.

    ``unsure_rows`` were left out; ``dropped_sets`` kept fewer than two rows and so said nothing. ``not_taken_back`` questions
    taught Glue something once and teach nothing now: an import that adds cannot unteach that, only one that replaces can. ``refused`` names
    the questions that were left out because Glue would not take the file with them, and with it no other answer.
    """

    label_file: LabelFile
    included: tuple[tuple[uuid.UUID, int], ...]
    unsure_rows: int
    dropped_sets: int
    not_taken_back: int
    corrected_rows: int
    refused: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Result:
    """What is settled about one question."""

    labels: dict[str, str]
    version: int
    imported: int | None


def label_contents(*, transform: Transform, replace_all: bool) -> LabelContents:
    """The result of every settled question (``replace_all``), else of those that Glue has not learned from in its present version.

    Control questions teach nothing. Sets are in the order of their questions and their rows stand together. Two queries.
    """
    wanted = TEACHES if replace_all else UNLEARNED | TAKEN_BACK
    results: dict[uuid.UUID, _Result] = {}
    not_taken_back = 0
    questions = Question.objects.filter(wanted, question_set__transform=transform).order_by()
    for pk, labels, version, imported in questions.values_list("pk", "result", "result_version", "imported_version"):
        if labels is None:
            not_taken_back += 1
        else:
            results[pk] = _Result(labels, version, imported)
    rows: list[LabeledRow] = []
    unsure = dropped = corrected = 0
    included: list[tuple[uuid.UUID, int]] = []
    refused: list[Problem] = []
    for question_id, question_rows in _rows_by_question(questions.filter(state=QuestionState.SETTLED)):
        result = results.get(question_id)
        if result is None:
            continue  # settled between the two queries: the next import takes it
        sure = _sure_rows(result.labels, question_rows)
        unsure += len(question_rows) - len(sure)
        few = len(sure) < MIN_SURE_ROWS
        dropped += few
        wrong = None if few else why_left_out(transform, sure)
        if wrong:
            refused.append(wrong)
        if few or wrong:
            if result.imported is not None and not replace_all:
                not_taken_back += 1
                continue
        else:
            rows.extend(sure)
            corrected += len(sure) if result.imported is not None else 0
        included.append((question_id, result.version))
    return LabelContents(
        label_file=LabelFile(tuple(transform.column_names), tuple(rows)),
        included=tuple(included),
        unsure_rows=unsure,
        dropped_sets=dropped,
        not_taken_back=not_taken_back,
        corrected_rows=corrected,
        refused=tuple(refused),
    )


def teaches_anything(*, transform: Transform, replace_all: bool) -> bool:
    """Whether a row would be in the file of an import. A query, and one for each question that would be looked at until there is one."""
    wanted = TEACHES & SAYS_SOMETHING if replace_all else WAITING_FOR_IMPORT
    questions = Question.objects.filter(wanted, question_set__transform=transform).order_by()
    rows_of = (_sure_rows(question.result or {}, _rows_of(question)) for question in questions.iterator())
    columns, key = transform.column_names, transform.primary_key
    return any(len(rows) >= MIN_SURE_ROWS and not set_errors(rows, columns, key) for rows in rows_of)


def refused_questions(*, questions: Sequence[Question]) -> set[uuid.UUID]:
    """Those of these questions, with their sets and transforms, with whose result Glue would refuse a label file. A query, if there are any."""
    rows: dict[uuid.UUID, list[tuple[int, list[str]]]] = defaultdict(list)
    if questions:
        in_order = Row.objects.filter(question__in=questions).order_by("position")
        for question_id, row_id, values in in_order.values_list("question_id", "pk", "values"):
            rows[question_id].append((row_id, values))
    return {question.pk for question in questions if _is_refused(question, rows[question.pk])}


def _is_refused(question: Question, rows: Sequence[tuple[int, list[str]]]) -> bool:
    transform = question.question_set.transform
    sure = _sure_rows(question.result or {}, [(pk, question.labeling_set_id, values) for pk, values in rows])
    return len(sure) >= MIN_SURE_ROWS and bool(set_errors(sure, transform.column_names, transform.primary_key))


def why_left_out(transform: Transform, sure: Sequence[LabeledRow]) -> Problem | None:
    """That an answered question with these rows is not in the file, and why; None if it is."""
    wrong = set_errors(sure, transform.column_names, transform.primary_key)
    if not wrong:
        return None
    message = _("The answer to question %(set)s is left out, because Glue would refuse the file with it: %(problem)s")
    words = message % {"set": sure[0].labeling_set_id or "–", "problem": wrong[0].message}
    return Problem(None, wrong[0].column, "question_left_out", words, "warning")


def answers_differ_from(*, label_file: StoredLabelFile) -> bool:
    """Whether all answers would teach something else by now than the file that was built from them."""
    transform = label_file.transform
    contents = label_contents(transform=transform, replace_all=True).label_file
    return set_digests(contents, primary_key=transform.primary_key) != sets_of(label_file)


def label_uploads(*, transform: Transform) -> QuerySet[LabelUpload]:
    """Files with labels that people brought, newest first, with the label files that came of them."""
    return LabelUpload.objects.filter(transform=transform).select_related("label_file", "created_by")


def sure_rows_by_question(questions: QuerySet[Question]) -> Iterator[list[LabeledRow]]:
    """The rows that the result of each of these settled questions groups, in the order of a label file. Two queries."""
    results = dict(questions.order_by().values_list("pk", "result"))
    for question_id, rows in _rows_by_question(questions):
        yield _sure_rows(results[question_id] or {}, rows)


def _sure_rows(labels: dict[str, str], rows: Iterable[tuple[int, str, list[str]]]) -> list[LabeledRow]:
    """The rows of a question that its result groups."""
    return [
        LabeledRow(set_id, label, tuple(values))
        for row_id, set_id, values in rows
        if (label := labels.get(str(row_id), UNSURE)) != UNSURE
    ]


def _rows_of(question: Question) -> list[tuple[int, str, list[str]]]:
    """The rows of one question, as ``_rows_by_question`` has them."""
    rows = question.rows.order_by("position").values_list("pk", "values")
    return [(pk, question.labeling_set_id, values) for pk, values in rows]


def _rows_by_question(
    questions: QuerySet[Question],
) -> Iterator[tuple[uuid.UUID, list[tuple[int, str, list[str]]]]]:
    """The rows of each question in order: id, labeling_set_id, values."""
    rows = (
        Row.objects.filter(question__in=questions)
        .order_by("question__question_set__number", "question__position", "position")
        .values_list("question", "pk", "question__labeling_set_id", "values")
    )
    for question_id, group in groupby(rows.iterator(chunk_size=2000), key=itemgetter(0)):
        yield question_id, [(pk, set_id, values) for _question, pk, set_id, values in group]
