"""New rows into a table that has been matched already: its rows keep their groups, whatever comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from findmatches import tuning
from findmatches.clustering import MAX_PIECE, Edges, cluster, components, joined, mean_linkage, renumber
from findmatches.errors import FindMatchesError
from findmatches.linkage import between
from findmatches.model import RESULT_COLUMNS, Model
from findmatches.prepared import CHUNK, Prepared, prepare
from findmatches.rivals import Surroundings
from findmatches.schema import Records, with_room
from findmatches.scoring import DOUBT_FROM, Learner, SecondRound, candidates_of, first_scores

if TYPE_CHECKING:
    import pyarrow as pa

_ID, _CONFIDENCE = RESULT_COLUMNS


def match_incremental(existing: Records, incremental: Records, model: Model) -> pa.Table:
    """The rows of both tables, ``existing`` first, with ``match_id`` and ``match_confidence_score``.

    ``existing`` is what ``Model.match`` or this function returned, whole numbers in ``match_id``. Its rows keep their ids, and its
    groups are neither joined nor split: a new row that fits two of them goes to the one it fits better. Rows that fit none are
    grouped among themselves, under ids beyond the highest. A group that gains rows gets its confidence anew, from the one it had
    and the scores of the new pairs; other groups keep theirs (null where ``existing`` has none).

    Only pairs with a new row are scored, as if the whole table were. Raises ``FindMatchesError`` if the tables differ in their
    columns or share a primary key, or if a row of ``existing`` has no match id.
    """
    import pyarrow as pa  # here and not above: importing findmatches must stay quick

    ids = _numbers(existing, _ID, int)
    if _CONFIDENCE in existing.columns:
        confidence = _numbers(existing, _CONFIDENCE, float)
    else:
        confidence = np.full(existing.n_rows, np.nan)
    both = _joined(existing, incremental)
    prepared = prepare(both, neighbours=tuning.neighbours(model.accuracy_cost), schema=model.schema)
    names, known = np.unique(ids, return_inverse=True)
    before = np.append(known, np.full(incremental.n_rows, -1))[prepared.order]
    group, scored = _place(prepared, model, before)
    confidence = np.append(confidence, np.full(incremental.n_rows, np.nan))[prepared.order]
    sure = confidence_with_new(group, before, confidence, scored)
    beyond = int(names.max(initial=-1)) + 1 + np.arange(int(group.max(initial=-1)) + 1 - len(names))
    back = np.argsort(prepared.order)
    table = both.table.append_column(_ID, pa.array(np.concatenate([names, beyond])[group[back]], pa.int64()))
    return table.append_column(_CONFIDENCE, pa.array(sure[back], pa.float64(), mask=np.isnan(sure[back])))


def _numbers(existing: Records, name: str, kind: type[int] | type[float]) -> NDArray[Any]:
    """A column of the result as numbers; an empty confidence is NaN."""
    if name not in existing.columns:
        raise FindMatchesError(f"The existing table has no column {name}: match it first.")
    numbers: list[int | float] = []
    for row, cell in enumerate(existing.table.column(name).to_pylist()):
        try:
            numbers.append(np.nan if cell is None and kind is float else kind(cell))
        except (TypeError, ValueError):
            where = f"Row {row + 1} of the existing table ({existing.primary_key} {existing.keys()[row]})"
            what = "a whole number" if kind is int else "a number"
            raise FindMatchesError(f"{where}: {name} is {cell or 'empty'}, not {what}.") from None
    if kind is int and max(map(abs, numbers), default=0) >= 2**62:
        raise FindMatchesError(f"The existing table has numbers in {name} that leave no room for new ones.")
    return np.array(numbers, dtype=kind)


def _joined(existing: Records, incremental: Records) -> Records:
    """Both tables, without the columns of an earlier result."""
    import pyarrow as pa  # here and not above: importing findmatches must stay quick

    names = [name for name in existing.columns if name not in RESULT_COLUMNS]
    check_columns(names, incremental.columns)
    repeated = set(existing.keys()).intersection(incremental.keys())
    if repeated:
        raise FindMatchesError(
            f"{len(repeated)} of the new rows are already in the existing table, the first with {existing.primary_key} {min(repeated)}."
        )
    both = pa.concat_tables(
        [existing.table.select(names), incremental.table.select(names)], promote_options="permissive"
    )
    return Records(with_room(both), existing.primary_key, incremental.cache)


def check_columns(existing: Sequence[str], incremental: Sequence[str]) -> None:
    """Raises ``FindMatchesError`` if new rows do not have the columns of an existing table (its result left out)."""
    for wrong, what in (
        ([name for name in existing if name not in incremental], "lack"),
        ([name for name in incremental if name not in existing], "also have"),
    ):
        if wrong:
            raise FindMatchesError(
                f"The new rows must have the columns of the existing table; they {what} {', '.join(wrong)}."
            )


def _place(prepared: Prepared, model: Model, before: NDArray[np.int64]) -> tuple[NDArray[np.int64], Edges]:
    """The group of each row, and the scored pairs. ``before``: the groups of the known rows (from 0), -1 for the new ones."""
    new = before < 0
    scorer = _ScorerOfNew(prepared, model.learner, new)
    edges = scorer.candidates()
    linkage, sources = model.learner.linkage, prepared.sources
    strong = edges.where(edges.score >= model.threshold)
    if linkage is not None and sources is not None:
        strong = between(strong, sources.codes)
    n_known = int(before.max(initial=-1)) + 1
    node = np.where(new, n_known + np.cumsum(new) - 1, before)  # a known group is one node
    same, different = _told(prepared, model, new)
    left = node[np.concatenate([strong.left, same[:, 0]])].astype(np.int32)
    right = node[np.concatenate([strong.right, same[:, 1]])].astype(np.int32)
    pieces = pieces_to_join(components(n_known + int(new.sum()), left, right)[node], new)
    small = [rows for rows in pieces if len(rows) <= MAX_PIECE]
    edges = scorer.fill(edges, small)
    if linkage is not None and sources is not None:
        edges = linkage.complete_new(edges, small, node, n_known, sources)
    return join_pieces(pieces, edges, model.threshold, node, n_known, same, different), edges


def join_pieces(
    pieces: list[NDArray[np.int64]],
    edges: Edges,
    threshold: float,
    node: NDArray[np.int64],
    n_known: int,
    same: NDArray[np.int64],
    different: NDArray[np.int64],
) -> NDArray[np.int64]:
    """The group of each row: a known one (its number is below ``n_known``), or a new one, numbered in the order of their first rows.

    ``node`` is the known group of each row, or a number of its own for each new row; ``pieces`` are the rows between which edges decide.
    Pairs of rows judged the ``same`` or ``different`` are respected, whatever their scores.
    """
    group = node.copy()
    near = _Near(edges, len(node))
    for rows in pieces:
        piece = _Piece(node[rows], n_known, near.inside(rows), _local(rows, same), _local(rows, different))
        group[rows] = (_join if len(rows) <= MAX_PIECE else _join_many)(piece, threshold)
    beyond = (group >= n_known) | (group < 0)
    group[beyond] = n_known + renumber(group[beyond])
    return group


def pieces_to_join(piece: NDArray[np.int32], new: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """The rows of each connected piece in which there is something to decide: a new row and another one."""
    size = np.bincount(piece)
    look = (np.bincount(piece[new], minlength=len(size)) > 0) & (size > 1)
    rows = np.flatnonzero(look[piece])
    rows = rows[np.argsort(piece[rows], kind="stable")]
    return np.split(rows, np.flatnonzero(np.diff(piece[rows])) + 1) if len(rows) else []


class _ScorerOfNew:
    """Scores pairs with a new row as the whole table would: rivals are all candidates of the rows concerned."""

    def __init__(self, prepared: Prepared, learner: Learner, new: NDArray[np.bool_]) -> None:
        self._prepared, self._learner, self._new = prepared, learner, new
        left, right = prepared.candidates.left, prepared.candidates.right
        near = candidates_of(prepared, np.flatnonzero(new).astype(np.int32))
        concerned = candidates_of(prepared, np.concatenate([left[near], right[near]]))
        first = np.concatenate(
            [np.empty(0, dtype=np.float32)]
            + [
                first_scores(prepared, learner, prepared.comparer.compare(left[part], right[part]))
                for part in _chunks(concerned)
            ]
        )
        edges = Edges(left[concerned], right[concerned], first)
        self._second = SecondRound.of(prepared, learner, Surroundings(len(prepared.keys), edges, prepared.side))
        self._left, self._right = left[near], right[near]

    def candidates(self) -> Edges:
        """All candidate pairs with a new row."""
        return self._score(self._left, self._right)

    def fill(self, edges: Edges, pieces: list[NDArray[np.int64]]) -> Edges:
        """The edges, and all other pairs inside the pieces in which a new row takes part."""
        n_rows = len(self._new)
        codes = [np.empty(0, dtype=np.int64)]
        for rows in pieces:
            one, two = np.meshgrid(rows[self._new[rows]], rows, indexing="ij")
            codes.append((np.minimum(one, two) * n_rows + np.maximum(one, two))[one != two])
        missing = np.setdiff1d(np.concatenate(codes), edges.codes(n_rows))
        return joined(edges, self._score((missing // n_rows).astype(np.int32), (missing % n_rows).astype(np.int32)))

    def _score(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> Edges:
        result = np.empty(len(left), dtype=np.float32)
        for part in _chunks(np.arange(len(left))):
            measures = self._prepared.comparer.compare(left[part], right[part])
            result[part] = score = self._learner.first.predict(measures)
            again = np.flatnonzero(score >= DOUBT_FROM)
            if self._second is not None and len(again):
                at = part[again]
                result[at] = self._second.score(left[at], right[at], measures[again], score[again])
        return Edges(left, right, result)


def _chunks(places: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return [places[start : start + CHUNK] for start in range(0, len(places), CHUNK)]


class _Near:
    """The scored pairs of each row."""

    def __init__(self, edges: Edges, n_rows: int) -> None:
        row = np.concatenate([edges.left, edges.right])
        order = np.argsort(row, kind="stable")
        self._other = np.concatenate([edges.right, edges.left])[order]
        self._score = np.concatenate([edges.score, edges.score])[order]
        self._start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n_rows))])

    def inside(self, rows: NDArray[np.int64]) -> Edges:
        """The pairs between the given (sorted) rows, by their places in them, each in both directions."""
        count = self._start[rows + 1] - self._start[rows]
        at = np.repeat(self._start[rows] - np.concatenate([[0], np.cumsum(count)[:-1]]), count) + np.arange(count.sum())
        other = self._other[at]
        place = np.minimum(np.searchsorted(rows, other), len(rows) - 1)
        own = rows[place] == other
        row = np.repeat(np.arange(len(rows), dtype=np.int32), count)
        return Edges(row[own], place[own].astype(np.int32), self._score[at][own])


def _told(prepared: Prepared, model: Model, new: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The judged pairs that the result must respect, as far as a new row takes part in them."""
    told = model.told_rows(prepared)
    same, different = (np.array(pairs, dtype=np.int64).reshape(-1, 2) for pairs in (told.same, told.different))
    return same[new[same].any(axis=1)], different[new[different].any(axis=1)]


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """Rows between which edges decide, each by its place: the ``node`` of each row and the number of known groups, as ``join_pieces`` has
    them; the edges in both directions; and pairs that were judged."""

    node: NDArray[np.int64]
    n_known: int
    edges: Edges
    same: NDArray[np.int64]
    different: NDArray[np.int64]

    @property
    def fresh(self) -> NDArray[np.bool_]:
        """Which rows are new."""
        return self.node >= self.n_known


def _join(piece: _Piece, threshold: float) -> NDArray[np.int64]:
    """The group of each row of a piece, by mean linkage; known groups stay whole and apart."""
    node, edges, fresh = piece.node, piece.edges, piece.fresh
    known = np.argsort(node, kind="stable")[: int((~fresh).sum())]
    alike = node[known[:-1]] == node[known[1:]]
    chain = np.column_stack([known[:-1][alike], known[1:][alike]])
    first = known[np.append(True, ~alike)[: len(known)]]
    apart = first[np.column_stack(np.triu_indices(len(first), 1))]
    once = edges.where(edges.left < edges.right)
    same, different = np.vstack([chain, piece.same]), np.vstack([apart, piece.different])
    linked, group = mean_linkage(len(node), once, threshold, same, different), node.copy()
    for label in np.unique(linked[fresh]):
        members = linked == label
        group[members & fresh] = node[members].min()  # known groups have the lower numbers
    return group


def _local(rows: NDArray[np.int64], pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The pairs between the given (sorted) rows, by their places in them."""
    place = np.minimum(np.searchsorted(rows, pairs), len(rows) - 1)
    own = (rows[place] == pairs).all(axis=1)
    inside: NDArray[np.int64] = place[own]
    return inside


def _join_many(piece: _Piece, threshold: float) -> NDArray[np.int64]:
    """The same for a piece too large for mean linkage: each new row goes to the known group with the highest mean of its scored
    pairs, and what is left is grouped by itself. Groups that judged rows leave for have numbers below 0."""
    node, edges, fresh = piece.node, piece.edges, piece.fresh
    group = node.copy()
    to_known = edges.where(fresh[edges.left] & ~fresh[edges.right])
    pair, place = np.unique(np.column_stack([to_known.left, node[to_known.right]]), axis=0, return_inverse=True)
    mean = np.bincount(place.ravel(), weights=to_known.score) / np.maximum(np.bincount(place.ravel()), 1)
    for at in np.argsort(mean, kind="stable")[np.sort(mean) >= threshold]:  # the highest comes last and stays
        group[pair[at, 0]] = pair[at, 1]
    left_over = np.flatnonzero(group >= piece.n_known)
    number = np.full(len(node), -1, dtype=np.int32)
    number[left_over] = np.arange(len(left_over))
    inner = edges.where((number[edges.left] >= 0) & (number[edges.right] >= 0) & (edges.left < edges.right))
    found = cluster(len(left_over), Edges(number[inner.left], number[inner.right], inner.score), threshold)
    _, first = np.unique(found, return_index=True)
    group[left_over] = group[left_over][first][found]
    _respect(group, piece)
    return group


def _respect(group: NDArray[np.int64], piece: _Piece) -> None:
    """New rows go where those are that they were judged the same as, and with those they leave whom they were judged different from."""
    nodes, place = np.unique(piece.node, return_inverse=True)
    left, right = place[piece.same].astype(np.int32).T
    unit, fresh = components(len(nodes), left, right)[place], piece.fresh
    for number in np.unique(unit[piece.same]):
        members = unit == number
        home = group[members & ~fresh]
        group[members & fresh] = (home if len(home) else group[members]).min()
    for one, two in piece.different:
        if group[one] == group[two] and unit[one] != unit[two]:
            members = unit == unit[one]
            members = members if fresh[members].all() else unit == unit[two]
            group[members] = -1 - piece.node[members].min()


def confidence_with_new(
    group: NDArray[np.int64], before: NDArray[np.int64], confidence: NDArray[np.float64], edges: Edges
) -> NDArray[np.float64]:
    """One figure a group: what it had, weighed by its pairs, and the scores of the new ones; for a new row alone, how sure that is."""
    n_groups = int(group.max(initial=-1)) + 1
    known = before >= 0
    size = np.bincount(group[known], minlength=n_groups)
    had = np.full(n_groups, np.nan)
    had[group[known]] = confidence[known]
    pairs = np.where(np.isnan(had), 0, size * (size - 1) / 2)
    inside = group[edges.left] == group[edges.right]
    owner = group[edges.left[inside]]
    count = np.bincount(owner, minlength=n_groups)
    total = np.bincount(owner, weights=edges.score[inside], minlength=n_groups) + np.nan_to_num(had) * pairs
    result = np.where(count > 0, total / np.maximum(count + pairs, 1), had)[group]
    best = np.zeros(len(group))
    np.maximum.at(best, edges.left, edges.score)
    np.maximum.at(best, edges.right, edges.score)
    alone = ~known & (np.bincount(group, minlength=n_groups)[group] == 1)
    return np.clip(np.where(alone, 1 - best, result), 0.0, 1.0)
