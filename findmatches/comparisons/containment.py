"""What of one cell is found anywhere in the other row: names and codes stand in other columns there, or inside longer text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from findmatches.features import (
    Frequencies,
    arrays_of,
    by_value,
    figure_matrix,
    matrix_of,
    row_dots,
    row_sums,
    word_matrix,
)
from findmatches.normalise import Column

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

CONTAINMENT = ("found", "found back", "shared", "left over", "left over back", "figures found", "figures left over")


class Containment:
    """Words of some columns against all words of the other row, weighed by how rare they are in the table.

    Both directions are taken, the better one first: what one row says in fewer words is found whole in the other. What is ``shared``
    counts as it is and not as a share: an equal title of two common words says less than one of six rare ones.
    """

    def __init__(self, everything: csr_matrix, parts: Sequence[tuple[csr_matrix, csr_matrix]]) -> None:
        """``everything``: which words each row holds; ``parts``: for each column its words, weighed, and its figures."""
        self._everything, self._parts = everything, parts
        self._sums = [(row_sums(words), row_sums(figures)) for words, figures in parts]

    @classmethod
    def find(
        cls, columns: Sequence[Column], places: Sequence[int], n_rows: int, frequencies: Frequencies
    ) -> Containment:
        everything = by_value(word_matrix, columns, n_rows)
        known = frequencies.of("everything", everything)
        weight = known.spread(np.log((2 + known.n_rows) / known.counts) / np.log(2 + known.n_rows))
        parts = []
        for place in places:
            words, figures = (by_value(find, [columns[place]], n_rows) for find in (word_matrix, figure_matrix))
            words.data = weight[words.indices]
            parts.append((words, figures))
        return cls(everything, parts)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that it knows, as arrays with names."""
        arrays = arrays_of("everything", self._everything) | {"contained": np.array(len(self._parts))}
        for number, (words, figures) in enumerate(self._parts):
            arrays |= arrays_of(f"words{number}", words) | arrays_of(f"figures{number}", figures)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Containment:
        parts = [
            (matrix_of(f"words{number}", arrays), matrix_of(f"figures{number}", arrays))
            for number in range(int(arrays["contained"]))
        ]
        return cls(matrix_of("everything", arrays), parts)

    def compare(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> list[NDArray[np.float32]]:
        """``CONTAINMENT`` for each of the columns; NaN where a cell has no words, or no figures."""
        result = []
        for (words, figures), (total, figure_total) in zip(self._parts, self._sums, strict=True):
            one, two = row_dots(words, left, right, self._everything), row_dots(words, right, left, self._everything)
            known = (total[left] > 0) & (total[right] > 0)
            shares = one / np.maximum(total[left], 1e-6), two / np.maximum(total[right], 1e-6)
            rest = total[left] - one, total[right] - two
            of_figures = np.minimum(figure_total[left], figure_total[right])
            first = row_dots(figures, left, right, self._everything)
            second = row_dots(figures, right, left, self._everything)
            left_over = np.maximum(figure_total[left] - first, figure_total[right] - second)
            result += [
                np.where(known, np.maximum(*shares), np.nan),
                np.where(known, np.minimum(*shares), np.nan),
                np.where(known, np.minimum(one, two), np.nan),
                np.where(known, np.minimum(*rest), np.nan),
                np.where(known, np.maximum(*rest), np.nan),
                np.where(of_figures > 0, np.minimum(first, second) / np.maximum(of_figures, 1), np.nan),
                np.where(known, left_over, np.nan),
            ]
        return result
