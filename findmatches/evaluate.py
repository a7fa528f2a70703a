"""How good a model is, as far as the labels can tell: learn from some sets, judge by the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from findmatches import tuning
from findmatches.comparisons import Schema
from findmatches.engine import lessons_of
from findmatches.errors import FindMatchesError
from findmatches.labels import Lessons, with_labelled_rows
from findmatches.learner import fit
from findmatches.prepared import prepare
from findmatches.schema import Records
from findmatches.study import Study
from labelfiles import LabelFile

TEST_SHARE = 0.3
# Fewer than for a model that is used: four models or more are made only to be judged, and more trees change little.
_TREES = 60


@dataclass(frozen=True, slots=True)
class ConfusionMatrix:
    """Labelled pairs, by what the labels say (true, false) and what a model says that has not seen them."""

    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int


@dataclass(frozen=True, slots=True)
class Metrics:
    """Estimates from labelled pairs. ``precision``, ``recall`` and the matrix hold at the threshold that a model of all labels
    has at the trade-off; ``f1`` is the best over all thresholds. ``column_importances``: (column, share), largest first, together 1."""

    precision: float
    recall: float
    f1: float
    area_under_pr_curve: float
    confusion_matrix: ConfusionMatrix
    column_importances: tuple[tuple[str, float], ...]

    def to_dict(self) -> dict[str, Any]:
        """The metrics as JSON knows them."""
        content = asdict(self)
        content["column_importances"] = [
            {"column": column, "importance": importance} for column, importance in self.column_importances
        ]
        return content


@dataclass(frozen=True, slots=True)
class JudgedPair:
    """Two rows, by their keys, of which a set says whether they match, and the score (0 to 1) of models that have not seen that set."""

    set_id: str
    keys: tuple[str, str]
    match: bool
    score: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """The metrics, and every pair they count; pairs that score at least ``threshold`` are called matches."""

    metrics: Metrics
    pairs: tuple[JudgedPair, ...]
    threshold: float


def evaluate(
    records: Records,
    labels: Sequence[LabelFile],
    *,
    precision_recall: float = 0.5,
    accuracy_cost: float = 0.5,
    seed: int = 0,
) -> Metrics:
    """Split the labeling sets again and again, 70% to learn from and 30% to judge by, so that every set is judged.

    A pair's score is the mean over the models that have not seen its set. Raises ``FindMatchesError`` where no split leaves
    matches and differences to learn from: then there are too few sets.
    """
    return metrics_of(study_of_labels(records, labels, accuracy_cost), precision_recall=precision_recall, seed=seed)


def study_of_labels(records: Records, labels: Sequence[LabelFile], accuracy_cost: float) -> Study:
    """The labels of a table, measured."""
    prepared = prepare(with_labelled_rows(records, labels), neighbours=tuning.neighbours(accuracy_cost))
    return Study(prepared, lessons_of(prepared, labels))


def judge(
    records: Records,
    labels: Sequence[LabelFile],
    *,
    precision_recall: float = 0.5,
    accuracy_cost: float = 0.5,
    seed: int = 0,
) -> Judgement:
    """As ``evaluate``, with the pairs behind the figures. A pair that several sets judge stands there once for each."""
    study = study_of_labels(records, labels, accuracy_cost)
    places, score, cut = _scores(study, precision_recall, seed)
    taught, keys = study.judged, study.prepared.keys
    pairs = tuple(
        JudgedPair(taught.sets[owner], (keys[one], keys[two]), match, found)
        for owner, one, two, match, found in zip(
            taught.set_number[places].tolist(),
            taught.left[places].tolist(),
            taught.right[places].tolist(),
            taught.match[places].tolist(),
            score.tolist(),
            strict=True,
        )
    )
    return Judgement(_metrics(study, places, score, cut=cut, seed=seed), pairs, cut)


def metrics_of(study: Study, *, precision_recall: float, seed: int) -> Metrics:
    """As ``evaluate``, for pairs that have been measured already."""
    places, score, cut = _scores(study, precision_recall, seed)
    return _metrics(study, places, score, cut=cut, seed=seed)


def _scores(study: Study, precision_recall: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64], float]:
    """The places of the judged pairs, for each the mean score of the models that have not seen its set, and the threshold.

    It is that of ``train`` with the same labels, trade-off and seed; and if rows of one source match only by way of another
    there, they do in every model that judges.
    """
    taught = study.judged
    tuning.check("precision-recall", precision_recall)
    tuning.check_seed(seed)
    total, times = np.zeros(len(taught.match)), np.zeros(len(taught.match))
    linked, balanced = study.rule(seed=seed) if taught.teachable else (False, tuning.BALANCED)
    for number, held in enumerate(splits(taught, seed)):
        learner = study.learn(seed=seed + number, use=~held, trees=_TREES, linked=linked)
        total[held] += study.score(learner, np.flatnonzero(held))
        times[held] += 1
    places = np.flatnonzero(times)
    if not taught.teachable or not taught.match[places].any():
        raise FindMatchesError(
            "There are too few labels to estimate quality: matches and differences are needed in several labeling sets."
        )
    return places, total[places] / times[places], tuning.threshold(balanced, precision_recall)


def _metrics(study: Study, places: NDArray[np.int64], score: NDArray[np.float64], *, cut: float, seed: int) -> Metrics:
    taught = study.judged
    match = taught.match[places]
    matrix = confusion(score >= cut, match)
    found = matrix.true_positives + matrix.false_positives
    f1, area = best_f1_and_area(score, match)
    return Metrics(
        precision=matrix.true_positives / found if found else 0.0,
        recall=matrix.true_positives / (matrix.true_positives + matrix.false_negatives),
        f1=f1,
        area_under_pr_curve=area,
        confusion_matrix=matrix,
        column_importances=importances(
            study.prepared.schema, fit(study.measures, study.taught.match, seed=seed).importances
        ),
    )


def splits(taught: Lessons, seed: int) -> Iterator[NDArray[np.bool_]]:
    """Which pairs are held back, one split after the other. Sets that share a row fall on the same side; each set is held back in turn."""
    block = blocks_of(taught)
    blocks = np.unique(block)
    held_size = max(1, round(TEST_SHARE * len(blocks)))
    random = np.random.default_rng(seed)
    order = random.permutation(blocks)
    for start in range(0, len(order), held_size) if len(order) > 1 else ():
        chosen = np.take(order, range(start, start + held_size), mode="wrap")
        held = np.isin(block, chosen)
        learnt = taught.match[~held]
        if learnt.any() and not learnt.all():
            yield held


def blocks_of(taught: Lessons) -> NDArray[np.int64]:
    """For each pair the number of its block: sets that share a row are in one block."""
    from findmatches.clustering import components  # only evaluation ties sets together by their rows

    n_sets = len(taught.sets)
    rows = np.concatenate([taught.left, taught.right])
    owner = np.concatenate([taught.set_number, taught.set_number])
    size = n_sets + int(rows.max(initial=-1)) + 1
    block = components(size, owner, (rows + n_sets).astype(np.int32))[:n_sets]
    return block[taught.set_number].astype(np.int64)


def confusion(said: NDArray[np.bool_], match: NDArray[np.bool_]) -> ConfusionMatrix:
    return ConfusionMatrix(
        true_positives=int((said & match).sum()),
        false_positives=int((said & ~match).sum()),
        true_negatives=int((~said & ~match).sum()),
        false_negatives=int((~said & match).sum()),
    )


def best_f1_and_area(score: NDArray[np.float64], match: NDArray[np.bool_]) -> tuple[float, float]:
    """The best F1 over all thresholds, and the area under the precision-recall curve (average precision)."""
    order = np.argsort(-score, kind="stable")
    last = np.append(np.diff(score[order]) != 0, True)  # a threshold takes all pairs of the same score
    hits = np.cumsum(match[order])[last]
    said = (np.arange(len(score)) + 1)[last]
    precision, recall = hits / said, hits / match.sum()
    f1 = 2 * hits / (said + match.sum())
    area = float((precision * np.diff(np.concatenate([[0.0], recall]))).sum())
    return float(f1.max()), area


def importances(schema: Schema, helped: NDArray[np.float64]) -> tuple[tuple[str, float], ...]:
    """The share of each column, from how much its measures helped; what whole-record measures helped is spread in proportion."""
    share = {name: 0.0 for name, _, _ in schema.columns}
    for (column, _), help_ in zip(schema.names(), helped.tolist(), strict=True):
        if column is not None:
            share[column] += help_
    total = sum(share.values())
    even = 1 / len(share)
    parts = [(name, value / total if total > 0 else even) for name, value in share.items()]
    return tuple(sorted(parts, key=lambda part: -part[1]))
