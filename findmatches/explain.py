"""Why a pair of rows has its score: what each column added to it, in numbers and in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from findmatches import tuning
from findmatches.clustering import Edges
from findmatches.errors import FindMatchesError
from findmatches.linkage import between
from findmatches.model import Model
from findmatches.normalise import MISSING, Column
from findmatches.prepared import Prepared, prepare
from findmatches.rivals import MEASURES, Surroundings
from findmatches.schema import Records
from findmatches.scoring import DOUBT_FROM, Learner, candidates_of, first_scores, measure, score_pairs
from findmatches.telling import telling_words

RECORD, OTHERS = "(the rows as a whole)", "(other rows)"
_DRAWS = 200
_LEAST = 1e-6
# As dates are folded; a telephone number or another long one, written in groups.
_DATE, _NUMBER = re.compile(r"\d{4}-\d\d-\d\d"), re.compile(r"(?:[^\w]*\d){7,}[^\w]*")


@dataclass(frozen=True, slots=True)
class Contribution:
    """``log_odds`` is how much this column moved the score: above 0 towards "one thing", below 0 away from it.

    ``column`` is a column of the table, or ``(the rows as a whole)``, or ``(other rows)`` for what else each row could match;
    those two have no cells. ``words`` says how the cells compare.
    """

    column: str
    cells: tuple[str | None, str | None]
    words: str
    log_odds: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """``log_odds`` = ``typical_log_odds`` + the sum of all contributions; ``score`` = 1 / (1 + exp(-``log_odds``)).

    ``typical_log_odds`` is where a typical pair of rows that was looked at stands. Contributions stand in the order of their size.
    """

    keys: tuple[str, str]
    score: float
    threshold: float
    log_odds: float
    typical_log_odds: float
    contributions: tuple[Contribution, ...]

    def to_dict(self) -> dict[str, Any]:
        """The explanation as JSON knows it."""
        return asdict(self)

    def __str__(self) -> str:
        verdict = "enough" if self.score >= self.threshold else "not enough"
        lines = [
            f"{self.keys[0]} and {self.keys[1]}: score {self.score:.3f}, {verdict} for a match (from {self.threshold:.2f}).",
            f"{self.typical_log_odds:+7.2f}  where a typical pair starts (log odds)",
        ]
        for part in self.contributions:
            cells = " | ".join(_shown(cell) for cell in part.cells)
            shown = f"{part.column}: {part.words}" + (f"   {cells}" if part.cells != (None, None) else "")
            lines.append(f"{part.log_odds:+7.2f}  {shown}")
        lines.append(f"{self.log_odds:+7.2f}  together")
        return "\n".join(lines)


def explain(records: Records, model: Model, pair: tuple[str, str]) -> Explanation:
    """Why the model gives two rows (by their primary keys) the score it does, whether they were candidates or not.

    Contributions are Shapley values of the log odds: the mean effect of putting in the pair's own values of a column, over random
    orders of the columns and random pairs of the table to start from; they add up exactly (Štrumbelj and Kononenko, "An efficient
    explanation of individual classifications using game theory", JMLR 11, 2010). The same result for the same table and model.

    Raises ``FindMatchesError`` if a row is not in the table, or both are the same.
    """
    prepared = prepare(records, neighbours=tuning.neighbours(model.accuracy_cost), schema=model.schema)
    if pair[0] == pair[1]:
        raise FindMatchesError("Two different rows are needed.")
    row_of = {key: row for row, key in enumerate(prepared.keys)}
    for key in pair:
        if key not in row_of:
            raise FindMatchesError(f"The table has no row with {records.primary_key} {key}.")
    rows = sorted((row_of[pair[0]], row_of[pair[1]]))
    game = _Game(prepared, model.learner, rows[0], rows[1])
    effect, typical = game.shapley()
    odds = game.odds
    third = _by_third_row(prepared, model.learner, rows[0], rows[1])
    if third is not None:  # what the rows are like has no say
        odds, effect = third.odds, np.append(np.zeros(len(effect) - 1), third.odds - typical)
    of_columns, of_record, of_others = effect[:-2].tolist(), float(effect[-2]), float(effect[-1])
    own = [row_of[key] for key in pair]
    parts = [
        _of_column(prepared, column, own, game.words(column.name), value)
        for column, value in zip(prepared.columns, of_columns, strict=True)
    ]
    parts.append(Contribution(RECORD, (None, None), game.words(RECORD), of_record))
    parts.append(Contribution(OTHERS, (None, None), third.words if third else game.words(OTHERS), of_others))
    parts.sort(key=lambda part: -abs(part.log_odds))
    score = float(1 / (1 + np.exp(-odds)))
    return Explanation(pair, score, model.threshold, odds, typical, tuple(parts))


def _of_column(prepared: Prepared, column: Column, rows: Sequence[int], words: str, value: float) -> Contribution:
    """What a column added, with its cells as they are in the table. Those that hold something and count as missing all the same are named."""
    cells = prepared.records.table.column(column.name)
    one, two = (cells[int(prepared.order[row])].as_py() for row in rows)
    nothing = {
        cell
        for row, cell in zip(rows, (one, two), strict=True)
        if cell and cell.strip() and column.codes[row] == MISSING
    }
    words = "; ".join([words, *(f"{_shown(cell)} stands for nothing" for cell in sorted(nothing))])
    return Contribution(column.name, (one, two), words, value)


@dataclass(frozen=True, slots=True)
class _ThirdRow:
    odds: float
    words: str


def _by_third_row(prepared: Prepared, learner: Learner, left: int, right: int) -> _ThirdRow | None:
    """The score of two rows of one source that match only by way of a row of another, if the model has learnt that it is so."""
    sources = prepared.sources
    if learner.linkage is None or sources is None or sources.codes[left] != sources.codes[right]:
        return None
    near = candidates_of(prepared, np.array([left, right], dtype=np.int32))
    found = Edges(
        prepared.candidates.left[near], prepared.candidates.right[near], np.zeros(len(near), dtype=np.float32)
    )
    links = between(found, sources.codes)
    links = Edges(links.left, links.right, score_pairs(prepared, learner, links.left, links.right))
    one, two = np.array([left], dtype=np.int32), np.array([right], dtype=np.int32)
    own = Edges(one, two, score_pairs(prepared, replace(learner, linkage=None), one, two))
    score = float(learner.linkage.score(len(prepared.keys), links, own, sources)[0])
    inside = min(max(score, _LEAST), 1 - _LEAST)
    source = str(sources.values[sources.codes[left]]) if sources.codes[left] >= 0 else "no known source"
    reason = (
        "no such row matches both"
        if score < _LEAST
        else f"the best row that both match, and how alike they are, give {score:.2f}"
    )
    return _ThirdRow(
        float(np.log(inside / (1 - inside))),
        f"both rows are of {source}, and rows of one source count as one thing only if they match the same row of another; {reason}",
    )


def _shown(cell: str | None) -> str:
    if cell is None:
        return "–"
    return cell if len(cell) <= 60 else cell[:59] + "…"


class _Game:
    """The score of a pair of which some columns are its own and the others those of a random candidate."""

    def __init__(self, prepared: Prepared, learner: Learner, left: int, right: int) -> None:
        self._learner = learner
        self._names = prepared.schema.names()
        columns = {name: place for place, (name, _, _) in enumerate(prepared.schema.columns)}
        self._n_columns = len(columns)
        player = [columns.get(name or "", len(columns)) for name, _ in self._names]
        candidates, random = prepared.candidates, np.random.default_rng(0)
        drawn = (
            random.integers(len(candidates.left), size=_DRAWS) if len(candidates.left) else np.empty(0, dtype=np.int64)
        )
        self._random = random
        self._left = np.append(candidates.left[drawn], left).astype(np.int32)
        self._right = np.append(candidates.right[drawn], right).astype(np.int32)
        measures = measure(prepared, self._left, self._right)
        told = (
            []
            if learner.evidence is None
            else [learner.evidence.at(prepared.candidates.views).measure(self._left, self._right)]
        )
        self._measures = np.hstack([measures, *told])
        # What words and trigrams say is said of the record as a whole.
        self._player = np.array(player + [len(columns)] * (self._measures.shape[1] - len(player)))
        near = candidates_of(prepared, np.concatenate([self._left, self._right]))
        one, two = candidates.left[near], candidates.right[near]
        first = first_scores(prepared, learner, measure(prepared, one, two))
        self._around = Surroundings(len(prepared.keys), Edges(one, two, first), prepared.side)
        self._own = dict(zip(self._names, measures[-1].tolist(), strict=True))
        self.odds = float(self._odds(self._measures[-1:], self._left[-1:], self._right[-1:])[0])
        own = self._around.measure(self._left[-1:], self._right[-1:], learner.first.predict(measures[-1:]))
        self._rival = float(own[0, MEASURES.index("rival")])
        self._telling = _telling(prepared, learner, left, right)
        self._cells = {
            column.name: (column.values[column.codes[left]], column.values[column.codes[right]])
            for column in prepared.columns
            if column.codes[left] != MISSING and column.codes[right] != MISSING
        }

    def _odds(
        self, measures: NDArray[np.float32], left: NDArray[np.int32], right: NDArray[np.int32]
    ) -> NDArray[np.float64]:
        """Log odds of the score that matching gives; rivals are those of the rows given."""
        score = self._learner.first.predict(measures[:, : len(self._names)])
        if self._learner.second is not None:
            again = np.flatnonzero(score >= DOUBT_FROM)
            rivalry = self._around.measure(left[again], right[again], score[again])
            score[again] = self._learner.second.predict(np.hstack([measures[again], rivalry]))
        inside = np.clip(score.astype(np.float64), _LEAST, 1 - _LEAST)
        odds: NDArray[np.float64] = np.log(inside / (1 - inside))
        return odds

    def shapley(self) -> tuple[NDArray[np.float64], float]:
        """The effect of each column, of the record as a whole and of other rows; the mean log odds of the pairs started from."""
        n_players, n_draws = self._n_columns + 2, len(self._left) - 1
        if not n_draws:
            return np.zeros(n_players), self.odds
        effect = np.zeros(n_players)
        order = np.array([self._random.permutation(n_players) for _ in range(n_draws)])
        order[1::2] = order[: n_draws - n_draws % 2 : 2, ::-1]  # each order also backwards: the same mean, less noise
        turn = np.argsort(order, axis=1)  # when each player comes in
        odds = [self._mixed(turn < step) for step in range(n_players)]
        # Then all is the pair's own, whose score may differ in the last digits where many are scored at once.
        odds.append(np.full(n_draws, self.odds))
        for step in range(n_players):
            np.add.at(effect, order[:, step], odds[step + 1] - odds[step])
        return effect / n_draws, float(odds[0].mean())

    def _mixed(self, own: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Log odds of each pair started from, if these players' values (a row of ``own`` each) are the pair's own."""
        return self._odds(
            np.where(own[:, self._player], self._measures[-1], self._measures[:-1]).astype(np.float32),
            np.where(own[:, -1], self._left[-1], self._left[:-1]),
            np.where(own[:, -1], self._right[-1], self._right[:-1]),
        )

    def words(self, column: str) -> str:
        """How the cells of a column compare, or the two rows as a whole, or what else they could match."""
        if column == RECORD:
            return _record_words(self._own) + (f"; telling words: {self._telling}" if self._telling else "")
        if column == OTHERS:
            if self._rival < 0.2:
                return "no other row fits either of them"
            return f"another row may fit one of them too (score {self._rival:.2f})"
        own = {name: value for (owner, name), value in self._own.items() if owner == column}
        return _cell_words(own, *self._cells.get(column, ("", "")))


def _telling(prepared: Prepared, learner: Learner, left: int, right: int) -> str:
    """What single words of the two rows say, as far as the second round has evidence of them."""
    if learner.evidence is None:
        return ""
    view, weights = next(
        both for both in zip(prepared.schema.views, learner.evidence.views, strict=True) if both[0].unit == "words"
    )
    columns = [prepared.columns[place] for place in view.columns]
    one, two = (
        " ".join(column.values[column.codes[row]] for column in columns if column.codes[row] != MISSING)
        for row in (left, right)
    )
    return telling_words(weights, one, two)


def _record_words(own: Mapping[tuple[str | None, str], float]) -> str:
    first, second = own[None, "rank"] == 0, own[None, "rank back"] == 0
    alike = f"{own[None, 'likeness']:.0%} alike in words and letters"
    if first and second:
        return f"{alike}; each is the row most like the other"
    if first:
        return f"{alike}; one of them has a row that is more like it"
    return f"{alike}; both have rows that are more like them"


def _cell_words(own: Mapping[str, float], one: str, two: str) -> str:
    """How two cells compare, by their measures and their folded texts (which are of use if neither is missing)."""
    if not own:
        return "the same in all rows of the table"
    if own["missing"]:
        return "missing in both rows" if own["missing"] == 2 else "missing in one row"
    if own["same"]:
        rare = own.get("rarity", 0.0)
        return "the same" + (", and rare" if rare > 0.6 else ", but common" if 0 < rare < 0.3 else "")
    if _DATE.fullmatch(one) and _DATE.fullmatch(two):
        return _apart(one, two)
    if _NUMBER.fullmatch(one) and _NUMBER.fullmatch(two) and re.sub(r"\D", "", one) == re.sub(r"\D", "", two):
        return "the same digits"
    best = max((own[name] for name in ("letters", "words", "start") if name in own), default=0.0)
    if best >= 0.9:
        return "nearly the same"
    if own.get("subset", 0.0) >= 0.99 or own.get("part", 0.0) >= 0.99:
        return "one is part of the other"
    return "alike" if best >= 0.7 else "different"


def _apart(one: str, two: str) -> str:
    """How far two dates are apart."""
    try:
        days = abs((date.fromisoformat(one) - date.fromisoformat(two)).days)
    except ValueError:  # no such day
        return "different"
    size, unit = (365.25, "years") if days > 700 else (30.4375, "months") if days > 60 else (1, "days")
    return f"{days / size:.0f} {unit} apart" if days > 1 else "one day apart"
