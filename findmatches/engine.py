"""The façade's functions: what to ask, how to learn."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence

import numpy as np

from findmatches import tuning
from findmatches.doubts import doubts
from findmatches.errors import FindMatchesError
from findmatches.labels import Lessons, can_train, contradictions, lessons, with_labelled_rows
from findmatches.model import RESULT_COLUMNS, Model, check_names
from findmatches.prepared import Prepared, prepare
from findmatches.questions import choose_sets
from findmatches.schema import Records
from findmatches.scoring import linked_scores
from findmatches.study import study_of
from labelfiles import LABEL_COLUMN, SET_ID_COLUMN, LabeledRow, LabelFile, label_file_bytes

log = logging.getLogger(__name__)


def train(
    records: Records,
    labels: Sequence[LabelFile],
    *,
    precision_recall: float = 0.5,
    accuracy_cost: float = 0.5,
    enforce_labels: bool = False,
    seed: int = 0,
) -> Model:
    """Learn from labels. Raises ``FindMatchesError`` if they hold no match, or are those of another table; and if they hold no difference, and the
    table has no other rows that could stand in.

    Labelled rows that are no longer in the table still teach, by the values that the label file shows.
    Labels that contradict each other are listed in ``Model.contradictions``; learning goes on with them. Those that are most likely
    wrong are listed in ``Model.doubts``; learning goes on without them.
    """
    tuning.check("precision-recall", precision_recall)
    tuning.check_seed(seed)
    neighbours = tuning.neighbours(accuracy_cost)
    if not can_train(labels, records.primary_key):
        raise FindMatchesError("The labels must hold at least one pair of rows that match, within a set.")
    check_names(records, RESULT_COLUMNS, "every result")
    prepared = prepare(with_labelled_rows(records, labels), neighbours=neighbours)
    taught = lessons_of(prepared, labels)
    study = study_of(prepared, taught)
    if study is None:
        raise FindMatchesError("The labels hold matches alone, and the table has no other rows to tell them from.")
    learner = study.learn(seed=seed)
    return Model(
        primary_key=records.primary_key,
        schema=prepared.schema,
        learner=learner,
        precision_recall=precision_recall,
        accuracy_cost=accuracy_cost,
        enforce_labels=enforce_labels,
        told_same=_told(taught, prepared.keys, match=True) if enforce_labels else (),
        told_different=_told(taught, prepared.keys, match=False) if enforce_labels else (),
        labels_sha256=labels_hash(labels),
        contradictions=tuple(contradictions(taught, prepared.keys)),
        doubts=doubts(taught, prepared.keys, learner.doubted),
    )


def lessons_of(prepared: Prepared, labels: Sequence[LabelFile]) -> Lessons:
    """What the labels say about the rows of the table, which must have all of them (``with_labelled_rows``)."""
    named = {value for label_file in labels for row in label_file.rows for value in row.values}
    row_of = {key: row for row, key in enumerate(prepared.keys) if key in named}
    return lessons(labels, prepared.records.primary_key, row_of)


def _told(taught: Lessons, keys: Sequence[str], *, match: bool) -> tuple[tuple[str, str], ...]:
    """The keys of the pairs that were judged so, each once."""
    places = np.flatnonzero(taught.match == match)
    return tuple(sorted({(keys[taught.left[place]], keys[taught.right[place]]) for place in places}))


def labels_hash(labels: Sequence[LabelFile]) -> str:
    """Tells which labels made a model: SHA-256 over the label files as they are written."""
    digest = hashlib.sha256()
    for label_file in labels:
        digest.update(label_file_bytes(label_file))
    return digest.hexdigest()


def ask(records: Records, labels: Sequence[LabelFile], *, sets: int = 10, rows: int = 10, seed: int = 0) -> LabelFile:
    """The next questions: up to ``sets`` sets of up to ``rows`` rows, the label column empty, never a row that ``labels`` hold.

    ``labels`` may also be questions that nobody has answered yet: their labels are blank, and their rows are not asked twice. Set ids are
    new with respect to ``labels``. Raises ``FindMatchesError`` if no rows are left to ask about, or if the table has a column of a name
    that a label file has for itself.
    """
    if sets < 1 or not 2 <= rows <= 50:
        raise FindMatchesError("Ask for at least one question, of 2 to 50 rows each.")
    tuning.check_seed(seed)
    check_names(records, (SET_ID_COLUMN, LABEL_COLUMN), "every label file")
    check_names(records, RESULT_COLUMNS, "every result")
    if records.n_rows < 2:
        raise FindMatchesError("There are no questions in a table with fewer than two rows.")
    records = with_labelled_rows(records, labels)
    prepared = prepare(records, neighbours=tuning.neighbours(0.5))
    taught = lessons_of(prepared, labels)
    study = study_of(prepared, taught)
    score = linked_scores(prepared, study.learn(seed=seed)) if study else None
    matches = int(taught.match.sum())
    log.debug("choosing %d questions", sets)
    answered = len(np.union1d(taught.left, taught.right))
    chosen = choose_sets(prepared, score, taught.rows, matches, answered=answered, sets=sets, rows=rows, seed=seed)
    if not chosen:
        raise FindMatchesError(
            "No rows are left to ask about: all rows with neighbours are in the labels already."
            if taught.sets
            else _nothing_to_ask(records)
        )
    places = [int(prepared.order[row]) for group in chosen for row in group]
    columns = [column.to_pylist() for column in records.table.take(places).columns]
    contents = zip(*[[value or "" for value in column] for column in columns], strict=True)
    names = set_names(taught.sets, seed, len(chosen))
    ids = [name for name, group in zip(names, chosen, strict=True) for _ in group]
    return LabelFile(
        records.columns, tuple(LabeledRow(name, "", values) for name, values in zip(ids, contents, strict=True))
    )


def _nothing_to_ask(records: Records) -> str:
    """Why no two rows of a table are worth a question."""
    import pyarrow.compute as pc  # here and not above: importing findmatches must stay quick

    others = [records.table.column(name) for name in records.columns if name != records.primary_key]
    if any(pc.count_distinct(column).as_py() < len(column) - column.null_count for column in others):
        return (
            "There is nothing to ask: whatever two rows have in common, apart from the primary key, so many rows have "
            "that it tells nothing apart."
        )
    return "There is nothing to ask: no two rows have anything in common, apart from the primary key, that could be compared."


def set_names(taken: Sequence[str], seed: int, count: int) -> list[str]:
    """Ids that no earlier set has: a tag that depends on what came before, and a number."""
    used = set(taken)
    attempt = 0
    while True:
        tag = hashlib.sha256(repr((seed, attempt, sorted(used))).encode()).hexdigest()[:8]
        names = [f"{tag}-{number:03d}" for number in range(1, count + 1)]
        if not used.intersection(names):
            return names
        attempt += 1
