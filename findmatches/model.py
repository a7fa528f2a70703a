"""A trained transform: scores the candidate pairs of a table, groups its rows, and can be kept in a folder."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from findmatches import persist, tuning
from findmatches.blocking import View
from findmatches.clustering import Cores, Edges, Told, cluster
from findmatches.comparisons import Schema
from findmatches.doubts import Doubt
from findmatches.errors import FindMatchesError
from findmatches.evidence import Evidence
from findmatches.forest import Forest
from findmatches.labels import Contradiction
from findmatches.learner import Ensemble, Linear, Sieve
from findmatches.linkage import Linkage
from findmatches.prepared import Prepared, prepare
from findmatches.rivals import MEASURES
from findmatches.schema import Records
from findmatches.scoring import Learner, links

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)
RESULT_COLUMNS = ("match_id", "match_confidence_score")


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """``told_same`` and ``told_different`` hold the keys of judged pairs if the output must respect them, else nothing.

    ``labels_sha256`` tells which labels made the model; ``contradictions`` lists those that cannot all be true, ``doubts`` those
    that were left out of learning as most likely wrong (neither is stored).
    """

    primary_key: str
    schema: Schema
    learner: Learner
    precision_recall: float
    accuracy_cost: float
    enforce_labels: bool
    told_same: tuple[tuple[str, str], ...]
    told_different: tuple[tuple[str, str], ...]
    labels_sha256: str
    contradictions: tuple[Contradiction, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    @property
    def threshold(self) -> float:
        return tuning.threshold(self.learner.balanced, self.precision_recall)

    def match(self, records: Records) -> pa.Table:
        """The table with ``match_id`` (rows with the same number are one thing) and ``match_confidence_score``.

        The score belongs to the group: the mean score of its pairs, or for a row alone, how sure it is that it is alone.
        Raises ``FindMatchesError`` if the table lacks a column of the model or has one of the result.
        """
        import pyarrow as pa  # here and not above: importing findmatches must stay quick

        check_names(records, RESULT_COLUMNS, "every result")
        prepared = prepare(records, neighbours=tuning.neighbours(self.accuracy_cost), schema=self.schema)
        group, confidence = self.match_prepared(prepared)
        back = np.argsort(prepared.order)
        table = records.table.append_column(RESULT_COLUMNS[0], pa.array(group[back], pa.int64()))
        return table.append_column(RESULT_COLUMNS[1], pa.array(confidence[back], pa.float64()))

    def match_prepared(self, prepared: Prepared) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Group and confidence of each row, in the order of the prepared table."""
        told = self.told_rows(prepared)
        scored, cores = links(prepared, self.learner, self.threshold, np.array(told.different, dtype=np.int64).ravel())
        log.debug("grouping by %d pairs", len(scored.left))
        group = cluster(len(prepared.keys), scored, self.threshold, told, cores)
        return group, confidence_of(group, scored, cores)

    def told_rows(self, prepared: Prepared) -> Told:
        """The judged pairs that the output must respect, by their rows."""
        if not self.enforce_labels:
            return Told()
        row_of = {key: row for row, key in enumerate(prepared.keys)}
        return Told(_rows(self.told_same, row_of), _rows(self.told_different, row_of))

    def save(self, path: Path | str) -> None:
        """Write the model into a folder, made if need be."""
        facts = {
            "primary_key": self.primary_key,
            "columns": [list(column) for column in self.schema.columns],
            "views": [[view.unit, list(view.columns)] for view in self.schema.views],
            "side": self.schema.side,
            "disguised": [list(value) for value in self.schema.disguised],
            "precision_recall": self.precision_recall,
            "accuracy_cost": self.accuracy_cost,
            "balanced": self.learner.balanced,
            "enforce_labels": self.enforce_labels,
            "told_same": [list(pair) for pair in self.told_same],
            "told_different": [list(pair) for pair in self.told_different],
            "labels_sha256": self.labels_sha256,
            "first": _ensemble_facts(self.learner.first),
            "second": _ensemble_facts(self.learner.second) if self.learner.second else None,
            "linkage": _linkage_facts(self.learner.linkage),
            "sieve": {"intercept": self.learner.sieve.linear.intercept, "cut": self.learner.sieve.cut},
        }
        arrays = _arrays("first", self.learner.first)
        if self.learner.second:
            arrays |= _arrays("second", self.learner.second)
        if self.learner.evidence:
            arrays |= self.learner.evidence.arrays()
        arrays |= _linear_arrays("sieve", self.learner.sieve.linear)
        persist.write(Path(path), facts, arrays)

    @classmethod
    def load(cls, path: Path | str) -> Model:
        """Read what ``save`` wrote. Raises ``FindMatchesError`` if it is anything else."""
        facts, arrays = persist.read(Path(path))
        try:
            return _model(facts, arrays)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise FindMatchesError(f"The model in {path} is damaged ({type(error).__name__}: {error}).") from error


def _ensemble_facts(ensemble: Ensemble) -> dict[str, Any]:
    return {"depth": ensemble.forest.depth, "intercept": ensemble.linear.intercept}


def _arrays(prefix: str, ensemble: Ensemble) -> dict[str, NDArray[Any]]:
    forest = ensemble.forest
    return {
        f"{prefix}_roots": forest.roots,
        f"{prefix}_feature": forest.feature,
        f"{prefix}_threshold": forest.threshold,
        f"{prefix}_children": forest.children,
        f"{prefix}_value": forest.value,
        f"{prefix}_importances": ensemble.importances,
        **_linear_arrays(prefix, ensemble.linear),
    }


def _linear_arrays(prefix: str, linear: Linear) -> dict[str, NDArray[Any]]:
    return {f"{prefix}_fill": linear.fill, f"{prefix}_scale": linear.scale, f"{prefix}_weights": linear.weights}


def _linear(arrays: Mapping[str, NDArray[Any]], prefix: str, width: int, intercept: float) -> Linear:
    fill, scale, weights = (arrays[f"{prefix}_{name}"] for name in ("fill", "scale", "weights"))
    if not len(fill) == len(scale) == len(weights) == width:
        raise ValueError("the arrays do not fit together")
    return Linear(fill, scale, weights, float(intercept))


def _ensemble(facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], prefix: str, width: int) -> Ensemble:
    """Raises ``ValueError`` if the arrays do not fit together: whoever goes down the trees must stay inside them, and come to an end."""
    part = {name.removeprefix(f"{prefix}_"): array for name, array in arrays.items() if name.startswith(f"{prefix}_")}
    forest = Forest(
        part["roots"], part["feature"], part["threshold"], part["children"], part["value"], int(facts["depth"])
    )
    nodes, own = len(forest.value), np.arange(len(forest.value))
    sound = (
        forest.children.shape == (nodes, 2)
        and len(forest.feature) == len(forest.threshold) == nodes
        and len(forest.roots) > 0
        and bool((np.diff(forest.roots) > 0).all())
        and int(forest.roots[0]) == 0
        and int(forest.roots[-1]) < nodes
        and bool(((forest.feature >= 0) & (forest.feature < width)).all())
    )
    if sound:  # a leaf has two children that are itself, any other node two of its own, further on in its tree
        asking = (forest.children != own[:, None]).any(axis=1)
        ahead, end = forest.children[asking], np.repeat([*forest.roots[1:], nodes], np.diff([*forest.roots, nodes]))
        inside = (ahead > own[asking, None]) & (ahead < end[asking, None])
        sound = bool(inside.all()) and int(np.bincount(ahead.ravel()).max(initial=0)) < 2
    if not sound:
        raise ValueError("the arrays do not fit together")
    return Ensemble(forest, _linear(arrays, prefix, width, facts["intercept"]), part["importances"])


def _linkage_facts(linkage: Linkage | None) -> dict[str, Any] | None:
    return None if linkage is None else {"repeats": dict(linkage.repeats), "known": dict(linkage.known)}


def _linkage(facts: Mapping[str, Any] | None) -> Linkage | None:
    if facts is None:
        return None
    repeats, known = (
        {str(source): float(value) for source, value in facts[name].items()} for name in ("repeats", "known")
    )
    return Linkage(repeats, known)


def _model(facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Model:
    schema = Schema(
        tuple((str(name), kind, bool(numeric)) for name, kind, numeric in facts["columns"]),
        tuple(View(unit, tuple(int(place) for place in places)) for unit, places in facts["views"]),
        None if facts["side"] is None else int(facts["side"]),
        tuple((int(place), str(text)) for place, text in facts["disguised"]),
    )
    places = [place for view in schema.views for place in view.columns]
    places += [place for place, _ in schema.disguised]
    if not all(0 <= place < len(schema.columns) for place in [*places, schema.side or 0]):
        raise ValueError("a view, the source or a value does not belong to a column")
    width = len(schema.names())
    second = evidence = None
    if facts["second"] is not None:
        evidence = Evidence.from_arrays(arrays, schema.views)
        second = _ensemble(facts["second"], arrays, "second", width + evidence.width + len(MEASURES))
    sieve = Sieve(
        _linear(arrays, "sieve", len(schema.outlined()), facts["sieve"]["intercept"]), float(facts["sieve"]["cut"])
    )
    linkage = _linkage(facts["linkage"])
    first, balanced = _ensemble(facts["first"], arrays, "first", width), float(facts["balanced"])
    learner = Learner(first, second, sieve, evidence, linkage, balanced)
    return Model(
        primary_key=str(facts["primary_key"]),
        schema=schema,
        learner=learner,
        precision_recall=float(facts["precision_recall"]),
        accuracy_cost=float(facts["accuracy_cost"]),
        enforce_labels=bool(facts["enforce_labels"]),
        told_same=tuple((str(one), str(two)) for one, two in facts["told_same"]),
        told_different=tuple((str(one), str(two)) for one, two in facts["told_different"]),
        labels_sha256=str(facts["labels_sha256"]),
    )


def _rows(pairs: Sequence[tuple[str, str]], row_of: Mapping[str, int]) -> tuple[tuple[int, int], ...]:
    return tuple((row_of[one], row_of[two]) for one, two in pairs if one in row_of and two in row_of)


def check_names(records: Records, names: Sequence[str], owner: str) -> None:
    """Raises ``FindMatchesError`` if the table has a column of a name that what is made of it, the ``owner``, has for itself."""
    for name in names:
        if name in records.columns:
            raise FindMatchesError(
                f"The table has a column {name}, and so has {owner}, of its own. Give it another name in the table."
            )


def confidence_of(group: NDArray[np.int64], scored: Edges, cores: Cores | None = None) -> NDArray[np.float64]:
    """One figure a group: the mean score of its scored pairs; for a row alone, 1 minus its best score."""
    n_groups = int(group.max(initial=-1)) + 1
    counted = scored if cores is None else cores.counted(scored)
    inside = group[counted.left] == group[counted.right]
    owner = group[counted.left[inside]]
    count = np.bincount(owner, minlength=n_groups)
    mean = np.bincount(owner, weights=counted.score[inside], minlength=n_groups) / np.maximum(count, 1)
    best, some = np.zeros(len(group)), scored.where(scored.score > 0)
    score = some.score.astype(np.float64)  # of the type of ``best``, which is looked at quickly only then
    np.maximum.at(best, some.left, score)
    np.maximum.at(best, some.right, score)
    size = np.bincount(group, minlength=n_groups)
    return np.clip(np.where(size[group] > 1, mean[group], 1 - best), 0.0, 1.0).astype(np.float64)
