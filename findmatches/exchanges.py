"""Words that stand for each other: `xl` for `extra large`, `bob` for `robert`, `vol` for `volume`.

Of two rows that are one thing, one has the one word where the other has the other, again and again. So among likely matches it is counted
which words stand alone on either side of a pair, against how often they do so in likely differences, where they meet by chance. In the
spirit of M. Michelson and C. A. Knoblock, "Mining the heterogeneous transformations between data sources to aid record linkage" (2009).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from findmatches.features import row_sums

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Two words must stand for each other in so many likely matches, and count as if they had met in so many more differences.
_LEAST = 4.0
_DOUBT = 2.0
# With more words than this on one side alone, no word stands for another.
_LONG = 12
# Pairs of either kind that are looked at.
_PAIRS = 50_000


@dataclass(frozen=True, slots=True, eq=False)
class Exchanges:
    """Features (hashed words) that stand for each other: ``here[k]`` for ``there[k]``, and what that ``says`` for a match in log odds, above 0.
    Each exchange stands in here both ways round."""

    here: NDArray[np.int32]
    there: NDArray[np.int32]
    says: NDArray[np.float32]

    def at(self, features: NDArray[np.int32]) -> csr_matrix:
        """The exchanges between these (sorted) features, as a matrix."""
        from scipy.sparse import csr_matrix  # here and not above: importing findmatches must stay quick

        known = np.append(features, -1)
        here, there = np.searchsorted(features, self.here), np.searchsorted(features, self.there)
        both = (known[here] == self.here) & (known[there] == self.there)
        size = max(len(features), 1)
        return csr_matrix((self.says[both], (here[both], there[both])), shape=(size, size))


def learn_exchanges(
    features: NDArray[np.int32],
    here: csr_matrix,
    there: csr_matrix,
    match: NDArray[np.float64],
    apart: NDArray[np.float64],
) -> Exchanges:
    """From pairs whose rows have words ``here`` and ``there`` that the other lacks (0/1, in the columns of ``features``); a pair counts
    ``match`` as a match and ``apart`` as a difference."""
    in_matches, n_matches = _met(here, there, match)
    in_differences, n_differences = _met(here, there, apart)
    in_matches.data[in_matches.data < _LEAST] = 0
    in_matches.eliminate_zeros()
    found = in_matches.tocoo()
    if not found.nnz:  # SciPy would not index by nothing
        return Exchanges(features[:0], features[:0], np.empty(0, dtype=np.float32))
    met = np.asarray(in_differences[found.row, found.col]).ravel()
    says = np.log(found.data / max(n_matches, 1.0)) - np.log((met + _DOUBT) / max(n_differences, 1.0))
    use = says > 0
    return Exchanges(features[found.row[use]], features[found.col[use]], says[use].astype(np.float32))


def exchanged(here: csr_matrix, there: csr_matrix, exchanges: csr_matrix) -> NDArray[np.float32]:
    """What the exchanges between the words of each line say together."""
    return row_sums((here @ exchanges).multiply(there))


def lacking(matrix: csr_matrix, both: csr_matrix) -> csr_matrix:
    """Which features of each row are not among those that ``both`` has there: a 0/1 matrix."""
    here, there = matrix.copy(), both.copy()
    here.data, there.data = np.ones(here.nnz, dtype=np.float32), np.ones(there.nnz, dtype=np.float32)
    rest = (here - there).tocsr()
    rest.eliminate_zeros()
    return rest


def _met(here: csr_matrix, there: csr_matrix, weight: NDArray[np.float64]) -> tuple[csr_matrix, float]:
    """In how many pairs two features stand on either side, if pairs count as their weights say; and how many pairs that is of."""
    from scipy.sparse import csr_matrix, diags  # here and not above: importing findmatches must stay quick

    short = (np.diff(here.indptr) <= _LONG) & (np.diff(there.indptr) <= _LONG)
    pairs = np.flatnonzero(short & (weight > 0))
    total = weight[pairs].sum()
    if len(pairs) > _PAIRS:
        pairs = np.sort(np.random.default_rng(0).choice(pairs, _PAIRS, replace=False))
    scale = total / weight[pairs].sum() if total else 0.0
    counted = here[pairs].T @ (diags(weight[pairs] * scale) @ there[pairs])
    return csr_matrix(counted + counted.T), float(total)
