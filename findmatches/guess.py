"""What the engine thinks of pairs before it has any label: how alike the rows are, and what tells a match in most tables.

The second is a logistic regression over ten measures that every table has, each weight of the sign that its direction allows. It was learnt by
``python -m bench.guess`` from early_childhood, musicbrainz_20k, splink_fake_1000 and made-up tables, and from nothing else.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from findmatches.comparisons import Schema
from findmatches.learner import Linear
from findmatches.prepared import Prepared

# Measures of the record, then of columns: the mean or the most of them over all columns that are no categories. After each whether more of it speaks
# for a match (1) or against it (-1), its mean and its spread over the pairs that taught, and its weight.
_TABLE = (
    ("lead", "record", 1, -0.2075, 0.2713, 0.5230),
    ("rank", "record", -1, 2.1831, 1.1903, -1.3161),
    ("rank back", "record", -1, 2.7249, 1.2314, -0.2190),
    ("codes share", "record", 1, 0.2864, 0.3301, 0.7806),
    ("letters", "mean", 1, 0.5646, 0.2044, 0.3063),
    ("words", "mean", 1, 0.5650, 0.2007, 0.9242),
    ("letters", "most", 1, 0.7980, 0.2071, 0.4781),
    ("weighted words", "most", 1, 0.2435, 0.1542, 0.5962),
    ("left over", "most", -1, 1.6564, 3.9576, -0.1614),
    ("figures found", "most", 1, 0.2417, 0.2725, 0.1591),
)
_INTERCEPT = -2.1900
NAMES = tuple((measure, over) for measure, over, *_ in _TABLE)
DIRECTIONS = np.array([direction for _, _, direction, *_ in _TABLE], dtype=np.int8)
# It was learnt from as many matches as differences, by weight; among pairs of a set matches are fewer. What it calls so likely is an even chance.
_EVEN = 0.8
_SURE = 1e-6

_MEAN, _SPREAD, _WEIGHT = np.array([row[3:] for row in _TABLE], dtype=np.float32).T
GENERAL = Linear(fill=_MEAN, scale=_SPREAD, weights=_WEIGHT, intercept=_INTERCEPT)


def general_measures(schema: Schema, measures: NDArray[np.float32]) -> NDArray[np.float32]:
    """What can be said of pairs of any table, ten numbers a pair, from their ``measures`` (``Comparer.compare``); NaN where nothing is known."""
    names, kinds = schema.names(), {name: kind for name, kind, _ in schema.columns}
    result = np.full((len(measures), len(NAMES)), np.nan, dtype=np.float32)
    for place, (name, over) in enumerate(NAMES):
        if over == "record":
            result[:, place] = measures[:, names.index((None, name))]
            continue
        use = [
            at
            for at, (of, measure) in enumerate(names)
            if of is not None and measure == name and kinds[of] != "category"
        ]
        known = measures[:, use]
        some = ~np.isnan(known).all(axis=1)
        if not some.any():
            continue
        shown = known[some]
        result[some, place] = np.nanmean(shown, axis=1) if over == "mean" else np.nanmax(shown, axis=1)
    return result


def guess(prepared: Prepared, left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.float32]:
    """Scores of any pairs of rows without labels, between 0 and 1: the mean, in log odds, of a guess from likeness alone and of ``GENERAL``."""
    comparer = prepared.comparer
    likeness = comparer.likeness_of(left, right)
    first = (comparer.ranks_of(left, right, likeness) < 1).sum(axis=0).astype(np.float32)
    alike = 12 * (likeness - 0.6) + 0.8 * (first - 1)
    judged = GENERAL.predict(general_measures(comparer.schema, comparer.compare(left, right))).astype(np.float64)
    judged = judged.clip(_SURE, 1 - _SURE)
    odds = np.log(judged / (1 - judged)) - np.log(_EVEN / (1 - _EVEN))
    score: NDArray[np.float32] = (1 / (1 + np.exp(-(alike + odds) / 2))).astype(np.float32)
    return score
