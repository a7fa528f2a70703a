"""What it says of two rows that they have a word or three letters in common, or that one of them lacks it.

How rare a feature is tells how easily it is shared by chance, and nothing of what matches do with it: of two names of one product one often
lacks `software` and hardly ever `deluxe`, though both words are as common. The table itself tells. The first round of learning parts its
candidates into likely matches and likely differences; among either, a feature that one of the rows has is shared so and so often. The log
of the ratio is what it says: agreement and disagreement weights after I. P. Fellegi and A. B. Sunter, "A theory for record linkage" (1969),
a weight for each value after W. E. Winkler, "Frequency-based matching in Fellegi-Sunter model of record linkage" (2000).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from findmatches.blocking import Seen, View
from findmatches.exchanges import Exchanges, exchanged, lacking, learn_exchanges
from findmatches.features import row_sums
from findmatches.threads import in_threads

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# For each view of the table: what is in common, what only one row has (the row that says more for a match first), and all of it; where
# the view is of words, also which of them stand for each other.
MEASURES = ("in common", "only here", "only there", "together")
EXCHANGED = "exchanged"
# More of any of them speaks for a match.
DIRECTION = 1
_MATCH_FROM = 0.5
# A feature of fewer likely matches says what an average one does. Others are drawn to the average as by so many pairs.
_LEAST = 10
_DRAWN = 2.0
_INSIDE = 1e-3
# Of so many pairs at a time all features of both rows are looked at: of long texts, each has thousands.
_PIECE = 4096
# And so many features of all pairs are counted at a time.
_FEATURES = 1 << 23


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """What the features of one view say, in log odds: ``shared`` if both rows have it, ``apart`` if one has. ``others`` is what features say
    that are not among the (sorted) ``features``. ``exchanges`` is None where the view is not of words."""

    features: NDArray[np.int32]
    shared: NDArray[np.float32]
    apart: NDArray[np.float32]
    others: tuple[float, float]
    exchanges: Exchanges | None

    def of(self, features: NDArray[np.int32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """``shared`` and ``apart`` of each of the features."""
        place = np.searchsorted(self.features, features)
        known = np.append(self.features, -1)[place] == features
        shared, apart = (
            np.where(known, np.append(weight, other)[place], other).astype(np.float32)
            for weight, other in zip((self.shared, self.apart), self.others, strict=True)
        )
        return shared, apart


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What the features of each view say."""

    views: tuple[Weights, ...]

    @property
    def width(self) -> int:
        """How many measures it gives."""
        return len(MEASURES) * len(self.views) + sum(told.exchanges is not None for told in self.views)

    def at(self, views: Sequence[Seen]) -> Witness:
        """Ready to measure pairs of a table."""
        return Witness(list(zip(views, self.views, strict=True)))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that it knows, as arrays with names."""
        arrays: dict[str, NDArray[Any]] = {}
        for number, told in enumerate(self.views):
            named = {
                "features": told.features,
                "shared": told.shared,
                "apart": told.apart,
                "others": np.array(told.others),
            }
            if told.exchanges is not None:
                named |= {"here": told.exchanges.here, "there": told.exchanges.there, "says": told.exchanges.says}
            arrays |= {f"evidence{number}_{name}": array for name, array in named.items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], views: Sequence[View]) -> Evidence:
        """What ``arrays`` gave. Raises ``ValueError`` if they do not fit together."""
        found = []
        for number, view in enumerate(views):
            prefix = f"evidence{number}_"
            part = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
            features, others = part["features"], part["others"].tolist()
            exchanges = Exchanges(part["here"], part["there"], part["says"]) if view.unit == "words" else None
            lengths = [(features, part["shared"], part["apart"])]
            if exchanges is not None:
                lengths.append((exchanges.here, exchanges.there, exchanges.says))
            if any(len({len(array) for array in together}) > 1 for together in lengths) or len(others) != 2:
                raise ValueError("the arrays do not fit together")
            if (np.diff(features) <= 0).any():
                raise ValueError("the features are not sorted")
            found.append(Weights(features, part["shared"], part["apart"], (others[0], others[1]), exchanges))
        return cls(tuple(found))


class Witness:
    """Measures pairs of rows of one table, ``MEASURES`` and ``EXCHANGED`` for each view."""

    def __init__(self, told: Sequence[tuple[Seen, Weights]]) -> None:
        """For each view the table, and what its features say."""
        self._views = [
            (
                view.matrix,
                *weights.of(view.features),
                weights.exchanges.at(view.features) if weights.exchanges else None,
            )
            for view, weights in told
        ]

    def measure(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.float32]:
        """A row of measures for each pair."""
        result = []
        for matrix, shared, apart, exchanges in self._views:
            one, two = matrix[left], matrix[right]
            both = one.multiply(two)
            common, lost = _told(both, shared), _told(both, apart)
            here, there = _told(one, apart) - lost, _told(two, apart) - lost
            result += [common, np.maximum(here, there), np.minimum(here, there), common + here + there]
            if exchanges is not None:
                result.append(exchanged(lacking(one, both), lacking(two, both), exchanges))
        return np.column_stack(result)


def _told(matrix: csr_matrix, weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """The weights of the features of each row together."""
    from scipy.sparse import csr_matrix  # here and not above: importing findmatches must stay quick

    return row_sums(csr_matrix((weights[matrix.indices], matrix.indices, matrix.indptr), shape=matrix.shape))


class Examples:
    """Pairs of a table that evidence is learnt from, again and again with other scores."""

    def __init__(self, views: Sequence[Seen], left: NDArray[np.int32], right: NDArray[np.int32]) -> None:
        rows, place = np.unique(np.concatenate([left, right]), return_inverse=True)
        self._place = place
        self._features = [view.features for view in views]
        self._rows = in_threads(lambda view: view.matrix[rows], views)
        self._both = in_threads(lambda view: _common(view.matrix, left, right), views)
        self._alone = [
            (_lacking(view.matrix, left, both), _lacking(view.matrix, right, both)) if view.unit == "words" else None
            for view, both in zip(views, self._both, strict=True)
        ]

    def learn(self, score: NDArray[np.float32]) -> Evidence:
        """What the features say if the pairs are matches and differences as the first round's scores have it."""
        match = score >= _MATCH_FROM
        weights = np.where(match, score, 0.0), np.where(match, 0.0, 1.0 - score)
        return Evidence(tuple(self._weights(number, *weights) for number in range(len(self._both))))

    def _weights(self, view: int, match: NDArray[np.float64], apart: NDArray[np.float64]) -> Weights:
        in_matches, n_matches = self._shares(view, match)
        in_differences, _ = self._shares(view, apart)
        agreed = np.log(in_matches / in_differences)
        differed = np.log((1 - in_matches) / (1 - in_differences))
        told = np.flatnonzero(n_matches >= _LEAST)
        weights = agreed[told].astype(np.float32), differed[told].astype(np.float32)
        features, alone = self._features[view], self._alone[view]
        exchanges = learn_exchanges(features, *alone, match, apart) if alone else None
        return Weights(features[told], *weights, (float(agreed[-1]), float(differed[-1])), exchanges)

    def _shares(self, view: int, weight: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """In which share of the pairs that have a feature both rows have it, if pairs count as their weights say; that of all features
        together comes last. And in how many pairs each feature occurs."""
        shared = _count(self._both[view], weight)
        each = np.bincount(self._place, np.tile(weight, 2)).astype(np.float64)
        n_pairs = _count(self._rows[view], each) - shared
        average = shared.sum() / max(n_pairs.sum(), 1.0)
        share = (shared + _DRAWN * average) / (n_pairs + _DRAWN)
        return np.clip(np.append(share, average), _INSIDE, 1 - _INSIDE), n_pairs


def _common(matrix: csr_matrix, left: NDArray[np.int32], right: NDArray[np.int32]) -> csr_matrix:
    """The features that both rows of each pair have: a 0/1 matrix."""

    def common(part: slice) -> csr_matrix:
        both = matrix[left[part]].multiply(matrix[right[part]]).tocsr()
        both.data = np.ones(both.nnz, dtype=np.int8)
        return both

    return _in_pieces(common, len(left))


def _lacking(matrix: csr_matrix, rows: NDArray[np.int32], both: csr_matrix) -> csr_matrix:
    """The features of the rows that ``both`` has not: a 0/1 matrix."""
    return _in_pieces(lambda part: lacking(matrix[rows[part]], both[part]), len(rows))


def _in_pieces(work: Callable[[slice], csr_matrix], count: int) -> csr_matrix:
    """What ``work`` makes of ``count`` pairs, a piece after the other."""
    from scipy.sparse import vstack  # here and not above: importing findmatches must stay quick

    pieces = [work(slice(start, start + _PIECE)) for start in range(0, max(count, 1), _PIECE)]
    return vstack(pieces, format="csr") if len(pieces) > 1 else pieces[0]


def _count(matrix: csr_matrix, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """How often each feature occurs, if each row counts as its weight says."""
    n_rows, width = matrix.shape
    step = max(1, _FEATURES * n_rows // max(matrix.nnz, 1))
    total, own = np.zeros(width), np.arange(width, dtype=matrix.indices.dtype)
    for start in range(0, n_rows, step):
        ends = matrix.indptr[start : start + step + 1]
        features, each = matrix.indices[ends[0] : ends[-1]], np.repeat(weight[start : start + step], np.diff(ends))
        # What was counted before comes first, so that all is summed in the same order however it is cut.
        total = np.bincount(np.append(own, features), np.append(total, each), minlength=width).astype(np.float64)
    return total
