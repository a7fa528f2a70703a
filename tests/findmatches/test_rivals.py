from __future__ import annotations

import numpy as np

from findmatches.clustering import Edges
from findmatches.rivals import MEASURES, Surroundings


def edges(*pairs: tuple[int, int, float]) -> Edges:
    left, right, score = zip(*pairs, strict=True)
    return Edges(np.array(left, np.int32), np.array(right, np.int32), np.array(score, np.float32))


def said(around: Surroundings, one: int, two: int, score: float) -> dict[str, float]:
    pair = np.array([one], np.int32), np.array([two], np.int32)
    values = around.measure(*pair, np.array([score], np.float32))[0]
    return dict(zip(MEASURES, map(float, values), strict=True))


def test_two_rows_that_match_the_same_third_row() -> None:
    # Rows 0 and 1 of one source both match row 2 of the other; row 3 is like row 1 only.
    scored = edges((0, 1, 0.5), (0, 2, 0.9), (1, 2, 0.8), (1, 3, 0.4))
    around = Surroundings(4, scored, np.array([0, 0, 1, 0], np.int32))
    pair = said(around, 0, 1, 0.5)
    assert np.isclose(np.expm1(pair["third rows"]), 0.9 * 0.8)
    assert np.isclose(np.expm1(pair["third rows across"]), 0.9 * 0.8)
    assert np.isclose(pair["third rows share"], 0.9 * 0.8 / 1.2)
    assert pair["lead"] < 0 < pair["kind lead"]  # beaten by the pairs with row 2, but of its own source the best
    lonely = said(around, 1, 3, 0.4)
    assert lonely["third rows"] == lonely["third rows across"] == 0


def test_without_a_source_nothing_is_said_of_kinds() -> None:
    pair = said(Surroundings(3, edges((0, 1, 0.5), (1, 2, 0.9)), None), 0, 1, 0.5)
    assert np.isnan(pair["kind lead"])
    assert np.isnan(pair["third rows across"])
    assert pair["third rows"] == 0
    assert np.isnan(said(Surroundings(2, edges((0, 1, 0.5)), None), 0, 1, 0.5)["third rows share"])
