"""The page of benchmarks, as it is written after each of them."""

from __future__ import annotations

from typing import Any

from bench.report import page


def timed(work: str, rows: int, seconds: float, f1: float | None = None) -> dict[str, Any]:
    return {"work": work, "rows": rows, "seconds": seconds, "cpu_seconds": 2 * seconds, "peak_gib": 1.5, "f1": f1}


def test_ratios_stand_beside_their_bars_and_a_part_that_was_not_measured_stays() -> None:
    quality = [{"data": "people", "budget": 100, "seed": 0, "f1": 0.9}]
    speed = [
        *(timed("match", rows, rows / 1e5) for rows in (10_000, 1_000_000)),
        *(timed("train + match", rows, rows / 5e4, 0.995) for rows in (10_000, 1_000_000)),
        timed("next questions", 1_000_000, 5),
        timed("splink", 1_000_000, 40),
    ]
    first = page(quality, [], [])
    both = page([], speed, [], first)
    assert "| train + match : Splink, 1,000,000 people | 0.500 | 0.500 | at most 0.7 |" in both
    assert "| match, 10,000 : 1,000,000 people | 0.010 | 0.010 | at most 0.15 |" in both
    assert "| F1, 1,000,000 people | 0.9950 |  | at least 0.99 |" in both
    assert "| people | 0.900 | 0 |" in both
    assert both.index("## Quality") < both.index("## Speed and memory")
    assert page(quality, speed, [], both) == both


def test_growth_on_spark_is_told_with_the_load() -> None:
    measured = [
        {**timed("people", rows, rows**0.5, 0.99), "load": 9.0, "same_as_one_machine": None}
        for rows in (10_000, 1_000_000)
    ]
    told = page([], [], [{**timed("papers", 100, 5, 0.9), "load": 1.0, "same_as_one_machine": 0.99999}, *measured])
    assert "| papers | 100 | 5 | 10 | 1.50 | 0.9000 | 0.99999 | 1 |" in told
    assert "processor seconds grow to the power of 0.50" in told
