"""What an import would carry, worked out once for the preview and for the file itself."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from django.db.models import QuerySet

from labelfiles import LabeledRow, LabelFile, summarise
from labeling.choices import UNSURE, AnswerStatus
from labeling.models import Answer, RowLabel, Transform
from labeling.selectors.questions import WAITING_FOR_IMPORT

_MIN_ROWS = 2


@dataclass(frozen=True, slots=True)
class LabelContents:
    """A label file before it is written, and which version of which answer it carries.

    ``unsure_rows`` were left out; ``dropped_sets`` kept fewer than two rows and so said nothing. ``not_taken_back`` answers
    taught Glue something once and say nothing now: an import that adds cannot unteach that, only one that replaces can.
    """

    label_file: LabelFile
    included: tuple[tuple[uuid.UUID, int], ...]
    unsure_rows: int
    dropped_sets: int
    not_taken_back: int
    corrected_rows: int


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What pressing *import* would do. Labels are labelled rows, as Glue counts them; ``labels_after`` is an estimate."""

    answers: int
    sets: int
    rows: int
    matching_pairs: int
    non_matching_pairs: int
    unsure_rows: int
    dropped_sets: int
    not_taken_back: int
    labels_now: int
    labels_forgotten: int
    labels_after: int


def label_contents(*, transform: Transform, replace_all: bool) -> LabelContents:
    """Every submitted answer (``replace_all``), else those that Glue has not learned from in their present version.

    Sets are in the order of their questions and their rows stand together. Three queries at most.
    """
    answers = Answer.objects.filter(question__question_set__transform=transform, status=AnswerStatus.SUBMITTED)
    if not replace_all:
        answers = answers.filter(WAITING_FOR_IMPORT)
    versions = {
        pk: (version, imported) for pk, version, imported in answers.values_list("pk", "version", "imported_version")
    }
    rows: list[LabeledRow] = []
    unsure = dropped = corrected = not_taken_back = 0
    included: list[tuple[uuid.UUID, int]] = []
    for answer_id, answer_rows in _labels_by_answer(answers):
        if answer_id not in versions:
            continue  # submitted between the two queries: the next import takes it
        version, imported = versions[answer_id]
        sure = [row for row in answer_rows if row.label != UNSURE]
        unsure += len(answer_rows) - len(sure)
        if len(sure) < _MIN_ROWS:
            dropped += 1
            if imported is not None and not replace_all:
                not_taken_back += 1
                continue
        else:
            rows.extend(sure)
            corrected += len(sure) if imported is not None else 0
        included.append((answer_id, version))
    return LabelContents(
        label_file=LabelFile(tuple(transform.column_names), tuple(rows)),
        included=tuple(included),
        unsure_rows=unsure,
        dropped_sets=dropped,
        not_taken_back=not_taken_back,
        corrected_rows=corrected,
    )


def import_preview(*, transform: Transform, replace_all: bool) -> ImportPreview:
    """What an import started now would carry, and what Glue would forget."""
    contents = label_contents(transform=transform, replace_all=replace_all)
    summary = summarise(contents.label_file)
    now = transform.label_count
    added = summary.rows - (0 if replace_all else min(contents.corrected_rows, summary.rows))
    return ImportPreview(
        answers=len(contents.included),
        sets=summary.sets,
        rows=summary.rows,
        matching_pairs=summary.matching_pairs,
        non_matching_pairs=summary.non_matching_pairs,
        unsure_rows=contents.unsure_rows,
        dropped_sets=contents.dropped_sets,
        not_taken_back=contents.not_taken_back,
        labels_now=now,
        labels_forgotten=now if replace_all else 0,
        labels_after=added if replace_all else now + added,
    )


def _labels_by_answer(answers: QuerySet[Answer]) -> Iterator[tuple[uuid.UUID, list[LabeledRow]]]:
    labels = (
        RowLabel.objects.filter(answer__in=answers)
        .order_by(
            "answer__question__question_set__number",
            "answer__question__position",
            "answer__submitted_at",
            "answer",
            "row__position",
        )
        .values_list("answer", "answer__question__labeling_set_id", "label", "row__values")
    )
    for answer_id, group in groupby(labels.iterator(chunk_size=2000), key=itemgetter(0)):
        yield answer_id, [LabeledRow(set_id, label, tuple(values)) for _answer, set_id, label, values in group]
