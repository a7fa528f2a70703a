"""Small groupings, with unsure and missing rows, for every test of this package."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hypothesis import strategies as st

from partitions import UNSURE, Grouping

ROWS = st.integers(1, 7).map(lambda size: tuple(range(size)))


@st.composite
def groupings(draw: st.DrawFn, rows: Sequence[int], labels: str = "ABC?") -> Grouping[int]:
    given = draw(st.lists(st.sampled_from(["", *labels]), min_size=len(rows), max_size=len(rows)))
    return Grouping(dict(zip(rows, given, strict=True)))


@st.composite
def teams(draw: st.DrawFn, labels: str = "ABC?") -> tuple[tuple[int, ...], list[Grouping[int]]]:
    """Rows, and the groupings of one to five people."""
    rows = draw(ROWS)
    return rows, draw(st.lists(groupings(rows, labels), min_size=1, max_size=5))


@st.composite
def renamed(draw: st.DrawFn, grouping: Grouping[int]) -> Grouping[int]:
    """The same grouping in other letters and another order."""
    letters = draw(st.permutations("ABCDEFG"))
    rows = draw(st.permutations(list(grouping.labels)))
    name = dict(zip("ABCDEFG", letters, strict=True))
    return Grouping({row: name.get(grouping.labels[row], UNSURE) for row in rows})


def partitions_of(rows: Sequence[int]) -> Iterator[list[list[int]]]:
    """All of them."""
    if not rows:
        yield []
        return
    for rest in partitions_of(rows[1:]):
        yield [[rows[0]], *rest]
        for index, group in enumerate(rest):
            yield [*rest[:index], [rows[0], *group], *rest[index + 1 :]]
