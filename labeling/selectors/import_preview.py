"""What an import started now would do, told before it starts: figures from the results of questions, without the rows of all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from io import BytesIO

from django.conf import settings
from django.db.models import QuerySet

from labelfiles import LabelFile, PairCounts, Problem, SetDigest, label_file_bytes, preflight, set_digests
from labeling.choices import UNSURE
from labeling.models import Question, Transform
from labeling.selectors.imports import TAKEN_BACK, sure_rows_by_question, why_left_out
from labeling.selectors.known_labels import AddEffect, KnownLabels, known_labels
from labeling.selectors.questions import MIN_SURE_ROWS, REFUSED, SAYS_SOMETHING, TEACHES, UNLEARNED, WAITING_FOR_IMPORT

LOOKED_AT = 1000
"""Up to so many answers the file itself is looked at before it is asked for. Of forty thousand that would take as long as writing the file."""


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What adding would do. ``answers`` are settled questions. Labels are labelled rows, as Glue counts them; ``labels_after``
    is an estimate where the portal does not know what Glue holds (``held``). ``effect`` says what adding changes, where that is known. ``findings`` are
    the questions that would not be in the file and, if it was ``looked_at``, those of the pre-flight, of the file as it would be sent."""

    answers: int
    sets: int
    rows: int
    matching_pairs: int
    non_matching_pairs: int
    unsure_rows: int
    dropped_sets: int
    not_taken_back: int
    labels_now: int
    labels_after: int
    held: KnownLabels | None
    effect: AddEffect | None
    findings: tuple[Problem, ...]
    looked_at: bool

    @property
    def labels_replaced(self) -> int:
        """Adding replaces none."""
        return 0


@dataclass(frozen=True, slots=True)
class ReplacePreview:
    """What Glue would hold once all labels are replaced by the answers, and how many labels that it holds now would give way, also those that are among the new ones again."""

    sets: int
    rows: int
    matching_pairs: int
    non_matching_pairs: int
    labels_replaced: int

    @property
    def labels_after(self) -> int:
        """Labels are labelled rows, as Glue counts them."""
        return self.rows

    def changes_nothing(self, add: ImportPreview) -> bool:
        """Whether Glue holds just these labels, as far as the portal knows: nothing waits to be added, and it holds no others."""
        if add.answers or add.not_taken_back or add.held is None:
            return False
        held, pairs = add.held, PairCounts(self.matching_pairs, self.non_matching_pairs)
        return (len(held.sets), held.rows, held.pairs) == (self.sets, self.rows, pairs)


@dataclass(slots=True)
class _Told:
    """What the results say. ``sets`` has rows and pairs of each set that would be in the file, by its id."""

    answers: int = 0
    unsure_rows: int = 0
    dropped_sets: int = 0
    not_taken_back: int = 0
    corrected_rows: int = 0
    refused: int = 0
    sets: dict[str, SetDigest] = field(default_factory=dict)


def import_preview(*, transform: Transform) -> ImportPreview:
    """What an import started now would carry and add. Rows are read of few answers, and of those that Glue has learned from before."""
    questions = Question.objects.filter(question_set__transform=transform)
    told = _told(questions)
    known = known_labels(transform=transform)
    sets = told.sets
    if known and (both := sets.keys() & known.sets.keys()):
        answered_again = questions.filter(WAITING_FOR_IMPORT, labeling_set_id__in=both)
        sets |= set_digests(_file(transform, answered_again), primary_key=transform.primary_key)
    after = known.after(sets) if known else None
    rows = sum(found.rows for found in sets.values())
    pairs = sum((found.pairs for found in sets.values() if found.pairs), PairCounts(0, 0))
    looked_at = len(sets) <= LOOKED_AT
    refused = _refused(transform, questions) if told.refused else ()
    now = transform.label_count
    return ImportPreview(
        answers=told.answers,
        sets=len(sets),
        rows=rows,
        matching_pairs=pairs.matching,
        non_matching_pairs=pairs.non_matching,
        unsure_rows=told.unsure_rows,
        dropped_sets=told.dropped_sets,
        not_taken_back=told.not_taken_back,
        labels_now=now,
        labels_after=after.rows if after else now + rows - min(told.corrected_rows, rows),
        held=known,
        effect=known.effect_of(sets) if known else None,
        findings=(*refused, *(_findings(transform, questions, after) if sets and looked_at else ())),
        looked_at=looked_at,
    )


def replace_preview(*, transform: Transform) -> ReplacePreview:
    """What replacing all labels would do now, told from the results alone: the rows of all answers would be most of the work. One query."""
    every = list(_group_sizes(Question.objects.filter(TEACHES & SAYS_SOMETHING, question_set__transform=transform)))
    pairs = sum(map(PairCounts.of_groups, every), PairCounts(0, 0))
    return ReplacePreview(
        sets=len(every),
        rows=sum(map(sum, every)),
        matching_pairs=pairs.matching,
        non_matching_pairs=pairs.non_matching,
        labels_replaced=transform.label_count,
    )


def _group_sizes(questions: QuerySet[Question]) -> Iterator[list[int]]:
    """How many rows the groups of each settled question have."""
    for labels in questions.order_by().values_list("result", flat=True).iterator():
        sizes = Counter((labels or {}).values())
        del sizes[UNSURE]
        yield list(sizes.values())


def _told(questions: QuerySet[Question]) -> _Told:
    """Of each question what ``label_contents`` makes of it. A query."""
    told = _Told()
    fields = ("labeling_set_id", "result", "refused", "imported_version")
    for name, labels, refused, imported in (
        questions.filter(UNLEARNED | TAKEN_BACK).order_by().values_list(*fields).iterator()
    ):
        if labels is None:
            told.not_taken_back += 1
            continue
        sizes = Counter(labels.values())
        told.unsure_rows += sizes.pop(UNSURE, 0)
        sure = sizes.total()
        told.dropped_sets += sure < MIN_SURE_ROWS
        told.refused += refused
        if sure >= MIN_SURE_ROWS and not refused:
            told.sets[name] = SetDigest("", sure, PairCounts.of_groups(sizes.values()))
            told.corrected_rows += sure if imported is not None else 0
        elif imported is not None:
            told.not_taken_back += 1
            continue
        told.answers += 1
    return told


def _refused(transform: Transform, questions: QuerySet[Question]) -> list[Problem]:
    """The answers that are not in the file, and why."""
    found = (why_left_out(transform, rows) for rows in sure_rows_by_question(questions.filter(REFUSED)))
    return [problem for problem in found if problem is not None]


def _file(transform: Transform, questions: QuerySet[Question]) -> LabelFile:
    rows = tuple(row for some in sure_rows_by_question(questions) for row in some)
    return LabelFile(tuple(transform.column_names), rows)


def _findings(transform: Transform, questions: QuerySet[Question], after: KnownLabels | None) -> tuple[Problem, ...]:
    """Those of the pre-flight. A file that is too large is no fault: it is sent in parts. Nor is one with pairs of one kind alone, if Glue
    then holds both."""
    pairs = after.pairs if after else None
    fine = ("all_matching", "all_different") if pairs and pairs.matching and pairs.non_matching else ()
    source = BytesIO(label_file_bytes(_file(transform, questions.filter(WAITING_FOR_IMPORT))))
    limit = settings.LABEL_FILE_MAX_BYTES
    found = preflight(
        source, columns=transform.column_names, primary_key=transform.primary_key, max_bytes=limit
    ).findings
    return tuple(
        replace(finding, severity="warning") if finding.repair == "split_file" else finding
        for finding in found
        if finding.code not in fine
    )
