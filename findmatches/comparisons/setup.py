"""What comparing has to know of a whole table before it looks at any pair. It takes long to find out, and can be kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from findmatches.blocking import Candidates
from findmatches.clustering import Edges, marked
from findmatches.comparisons.containment import Containment
from findmatches.features import Frequencies, arrays_of, by_value, code_matrix, matrix_of, row_sums, weigh
from findmatches.normalise import Column
from findmatches.rivals import Tops
from findmatches.threads import in_threads, side_by_side

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# What differs by no more than this is equally like.
_TIED = 1e-7


@dataclass(frozen=True, slots=True, eq=False)
class Setup:
    """``codes`` holds the square root of the weight of each code of each row, ``code_sums`` the weights of each row together; ``tops`` the
    best candidates of each row, by the cosine of each view and by their mean; ``ranks`` has two lines: how many candidates of the
    left, and of the right row of each candidate are more like it than the other row."""

    containment: Containment
    codes: csr_matrix
    code_sums: NDArray[np.float32]
    tops: tuple[Tops, ...]
    ranks: NDArray[np.float32]

    @classmethod
    def find(
        cls, columns: Sequence[Column], contained: Sequence[int], candidates: Candidates, frequencies: Frequencies
    ) -> Setup:
        """``contained`` are the places of the columns whose words are looked for anywhere in the other row."""
        n_rows = len(columns[0].codes)
        containment, found = side_by_side(
            lambda: Containment.find(columns, contained, n_rows, frequencies),
            lambda: by_value(code_matrix, [column for column in columns if column.n_values > 1], n_rows),
        )
        weighed = weigh(found, frequencies.of("codes", found), unit=False)
        likeness = mean_of(candidates.cosines)
        tops, ranks = side_by_side(
            lambda: in_threads(
                lambda value: Tops.find(n_rows, Edges(candidates.left, candidates.right, value)),
                (*candidates.cosines, likeness),
            ),
            lambda: _ranks(candidates, likeness, n_rows),
        )
        return cls(containment, weighed.sqrt(), row_sums(weighed), tuple(tops), ranks)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that it knows, as arrays with names."""
        arrays = {"code_sums": self.code_sums, "ranks": self.ranks} | arrays_of("codes", self.codes)
        arrays["tops"] = np.stack([part for tops in self.tops for part in (tops.best, tops.second)])
        return arrays | self.containment.arrays()

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Setup:
        best, second = arrays["tops"][::2], arrays["tops"][1::2]
        return cls(
            Containment.from_arrays(arrays),
            matrix_of("codes", arrays),
            arrays["code_sums"],
            tuple(Tops(one, two) for one, two in zip(best, second, strict=True)),
            arrays["ranks"],
        )


def mean_of(cosines: Sequence[NDArray[np.float32]] | NDArray[np.float32]) -> NDArray[np.float32]:
    """How alike pairs are in all views together."""
    likeness: NDArray[np.float32] = np.mean(cosines, axis=0).astype(np.float32)
    return likeness


def _keys(row: NDArray[np.int32], likeness: NDArray[np.float32]) -> NDArray[np.float64]:
    """A number that grows with the row, and in a row the less it is like. Cosines lie between 0 and 1, so rows do not overlap."""
    keys: NDArray[np.float64] = row * 2.0 + (1 - likeness.astype(np.float64))
    return keys


def _ranks(candidates: Candidates, likeness: NDArray[np.float32], n_rows: int) -> NDArray[np.float32]:
    row = np.concatenate([candidates.left, candidates.right])
    keys = _keys(row, np.concatenate([likeness, likeness]))
    order = np.argsort(keys)
    keys = keys[order]
    place = np.arange(len(keys))
    tied = np.flatnonzero(keys[:-1] >= keys[1:] - _TIED) + 1
    while len(tied):
        place[tied] -= 1
        tied = tied[(place[tied] > 0) & (keys[place[tied] - 1] >= keys[tied] - _TIED)]
    count = np.bincount(row, minlength=n_rows)
    ranks = np.empty(len(keys), dtype=np.float32)
    ranks[order] = place - (np.cumsum(count) - count)[row[order]]
    return ranks.reshape(2, len(candidates.left))


def ranks_among(
    candidates: Candidates, likeness: NDArray[np.float32], left: NDArray[np.int32], right: NDArray[np.int32],
    own: NDArray[np.float32], n_rows: int,
) -> NDArray[np.float32]:  # fmt: skip
    """What ``Setup.ranks`` would be for any pairs that are ``own`` alike; ``likeness`` is that of the candidates."""
    concerned = marked(n_rows, left, right)
    one, two = np.flatnonzero(concerned[candidates.left]), np.flatnonzero(concerned[candidates.right])
    row = np.concatenate([candidates.left[one], candidates.right[two]])
    keys = np.sort(_keys(row, np.concatenate([likeness[one], likeness[two]])))
    ends = np.stack([left, right])
    more = np.searchsorted(keys, _keys(ends, own) - _TIED) - np.searchsorted(keys, ends * 2.0 - 0.5)
    return more.astype(np.float32)
