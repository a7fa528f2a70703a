"""A figure with its interval: B. Efron's percentile bootstrap, with whole questions as the units that are drawn.

Units are sums, so a figure over many questions is that of the summed units. What was drawn for the same units before is not drawn again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

_DRAWS, _FEWEST = 400_000, 200
"""Of many units fewer replicates are drawn: so many units in all, but no fewer replicates than that. Their interval is narrow anyway."""

Sums = tuple[float, ...]
Statistic = Callable[[Sums], float | None]
Interval = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How intervals are drawn: ``level`` of the ``replicates`` lie between their ends. The same seed gives the same interval."""

    seed: int = 0
    replicates: int = 1000
    level: float = 0.95


DEFAULT_SAMPLING = Sampling()


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure with its interval. ``value`` is None where the answers do not define it, and ``low`` and ``high`` are None where
    fewer than two questions (``questions`` are those that say anything about it) leave nothing to draw from."""

    value: float | None
    low: float | None
    high: float | None
    questions: int


def measure(units: Iterable[Sums], width: int, statistic: Statistic, sampling: Sampling) -> Measure:
    """The statistic of the summed units, and its interval when whole units are drawn again with replacement.

    Sums are not negative. Units are sorted first, so that the order of questions does not matter; those without any pair are left out.
    """
    telling = sorted(unit for unit in units if any(unit))
    value = statistic(total(telling, width))
    if value is None or len(telling) < 2 or not sampling.replicates:
        return Measure(value, None, None, len(telling))
    counted = tuple((unit, len(list(same))) for unit, same in groupby(telling))
    return Measure(value, *_interval(counted, statistic, sampling), len(telling))


def total(units: Iterable[Sums], width: int) -> Sums:
    """The units added up, each of them ``width`` wide."""
    columns = list(zip(*units, strict=True)) or [()] * width
    return tuple(sum(column) for column in columns)


@lru_cache(maxsize=1024)
def _interval(counted: tuple[tuple[Sums, int], ...], statistic: Statistic, sampling: Sampling) -> Interval:
    """Where the statistic lies when as many units are drawn as there are; ``counted`` are the different ones with how often they occur."""
    packing = _Packing.of(counted)
    units = [packed for unit, times in counted for packed in [packing.packed(unit)] * times]
    draw = random.Random(sampling.seed)  # noqa: S311 — a reproducible draw, not a secret
    drawn = []
    for _ in range(min(sampling.replicates, max(_FEWEST, _DRAWS // len(units)))):
        again = statistic(packing.unpacked(sum(draw.choices(units, k=len(units)))))
        if again is not None:
            drawn.append(again)
    drawn.sort()
    tail = (1 - sampling.level) / 2
    return _quantile(drawn, tail), _quantile(drawn, 1 - tail)


@dataclass(frozen=True, slots=True)
class _Packing:
    """All sums of a unit as one whole number, so that a draw is added up at once, and exactly.

    Of each sum ``places`` has the first bit, a mask of its bits once shifted there, and what it was multiplied with to be whole.
    """

    places: tuple[tuple[int, int, int], ...]

    @classmethod
    def of(cls, counted: Sequence[tuple[Sums, int]]) -> _Packing:
        """Room for as many units as there are, each as large as the largest."""
        count = sum(times for _unit, times in counted)
        places, bit = [], 0
        for column in zip(*(unit for unit, _times in counted), strict=True):
            scale = max(value.as_integer_ratio()[1] for value in column)
            width = (count * int(max(column) * scale)).bit_length()
            places.append((bit, (1 << width) - 1, scale))
            bit += width
        return cls(tuple(places))

    def packed(self, unit: Sums) -> int:
        """The unit as a number."""
        return sum(int(value * scale) << bit for value, (bit, _mask, scale) in zip(unit, self.places, strict=True))

    def unpacked(self, packed: int) -> Sums:
        """The sums in a number, or in numbers that were added up."""
        return tuple(
            (packed >> bit & mask) / scale if scale > 1 else packed >> bit & mask for bit, mask, scale in self.places
        )


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    """Linear between the two nearest."""
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
