"""How the engine would group the rows of a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from findmatches import tuning
from findmatches.clustering import Edges, cluster
from findmatches.engine import lessons_of
from findmatches.errors import FindMatchesError
from findmatches.guess import guess
from findmatches.labels import key_place, place_of, with_rows_of
from findmatches.prepared import prepare
from findmatches.schema import Records
from findmatches.scoring import score_pairs
from findmatches.study import study_of
from labelfiles import LabelFile

# So many other rows of the table are enough to tell common values from rare ones; more would only make people wait.
CONTEXT_ROWS = 5000
# From this score on rows are proposed as one thing when there are no labels to learn from.
_UNTAUGHT = 0.5


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the engine thinks of one row of a question: the number of its group (from 0, by the first row in the set), and how
    sure it is of that (0 to 1)."""

    group: int
    confidence: float


def propose(records: Records, question: LabelFile, labels: Sequence[LabelFile]) -> dict[str, list[Proposal]]:
    """A proposal for each row of each set of ``question``, in the order of the set. Labels in ``question`` are not looked at.

    Works without labels too, then by what tells a match in most tables. Rows that are not in ``records`` are taken as the question shows them.
    Raises ``FindMatchesError`` if the question has not the columns of the table, or a row without a key.
    """
    missing = [name for name in records.columns if name not in question.columns]
    if missing:
        raise FindMatchesError(f"The question lacks columns of the table: {', '.join(missing)}.")
    place = question.columns.index(records.primary_key)
    for row in question.rows:
        if not row.values[place].strip():
            raise FindMatchesError(
                f"{place_of(question, row)}, column {records.primary_key}: the primary key is blank."
            )
    known = with_rows_of(records, [*labels, question])
    prepared = prepare(_context(known, question, labels), neighbours=tuning.neighbours(0.5))
    row_of = {key: row for row, key in enumerate(prepared.keys)}
    study = study_of(prepared, lessons_of(prepared, labels))
    learner = study.learn(seed=0) if study else None
    threshold = learner.balanced if learner else _UNTAUGHT
    result = {}
    for set_id, rows in question.by_set().items():
        own = np.array([row_of[row.values[place]] for row in rows], dtype=np.int32)
        pairs = np.array(list(combinations(range(len(own)), 2)), dtype=np.int64).reshape(-1, 2)
        left, right = own[pairs[:, 0]], own[pairs[:, 1]]
        if learner is not None:
            score = score_pairs(prepared, learner, np.minimum(left, right), np.maximum(left, right))
        else:
            score = guess(prepared, left, right)
        score = np.where(left == right, 1.0, score).astype(np.float32)
        result[set_id] = _grouped(len(own), pairs, score, threshold)
    return result


def _grouped(size: int, pairs: NDArray[np.int64], score: NDArray[np.float32], threshold: float) -> list[Proposal]:
    edges = Edges(pairs[:, 0].astype(np.int32), pairs[:, 1].astype(np.int32), score)
    group = cluster(size, edges, threshold)
    agreed = np.where(group[edges.left] == group[edges.right], score, 1 - score)
    sure = np.ones(size)
    np.minimum.at(sure, edges.left, agreed)
    np.minimum.at(sure, edges.right, agreed)
    return [Proposal(int(number), float(confidence)) for number, confidence in zip(group, sure, strict=True)]


def _context(records: Records, question: LabelFile, labels: Sequence[LabelFile]) -> Records:
    """The rows of the question and of the labels, and enough others to judge them by."""
    import pyarrow as pa  # here and not above: importing findmatches must stay quick

    needed = {
        row.values[key_place(label_file, records.primary_key)]
        for label_file in (question, *labels)
        for row in label_file.rows
    }
    keys = records.keys()
    use = np.array([key in needed for key in keys], dtype=bool)
    if len(keys) > CONTEXT_ROWS:
        use[np.random.default_rng(0).choice(len(keys), CONTEXT_ROWS, replace=False)] = True
    else:
        use[:] = True
    return Records(records.table.filter(pa.array(use)), records.primary_key)
