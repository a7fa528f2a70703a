"""Large tables are searched by pairs of rare words and of rare trigrams, since each by itself may be too common."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from bench.quality import score
from findmatches import Records, ask, blocking, prepared, rare_pairs, train
from findmatches.rare_pairs import MAX_SHARING, Rare, count_shared, shared_pairs
from tests.findmatches.data import oracle

_RARE = Rare(8)
_ROWS = st.lists(st.sets(st.integers(0, 14), max_size=_RARE.number + 4), min_size=1, max_size=80)


@given(rows=_ROWS)
def test_rows_share_what_a_slow_count_finds(rows: list[set[int]]) -> None:
    words = csr_matrix(np.array([[word in row for word in range(15)] for row in rows], dtype=np.float32))
    counts = Counter(word for row in rows for word in row)
    rarest = [
        sorted((word for word in row if counts[word] >= _RARE.least), key=lambda word: (counts[word], word))[
            : _RARE.number
        ]
        for row in rows
    ]
    pairs = [{frozenset(pair) for pair in combinations(row, 2)} for row in rarest]
    having = Counter(pair for row in pairs for pair in row)
    telling = [{pair for pair in row if 2 <= having[pair] <= MAX_SHARING} for row in pairs]

    found = shared_pairs(words, np.array([counts[word] for word in range(15)]), _RARE)
    has = csr_matrix((np.ones(found.nnz, dtype=int), found.indices, found.indptr), shape=found.shape)
    shared = has @ has.T
    for one, two in combinations(range(len(rows)), 2):
        assert shared[one, two] == len(telling[one] & telling[two])
    lengths = np.asarray(found.multiply(found).sum(axis=1)).ravel()
    assert np.allclose(lengths, [bool(row) and any(having[pair] < len(rows) for pair in row) for row in telling])


@given(
    pairs=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 3)), unique=True), offset=st.sampled_from([0, 1 << 61])
)
def test_rows_of_a_pair_are_found_however_large_its_number(pairs: list[tuple[int, int]], offset: int) -> None:
    """Small numbers and rows are sorted as one."""
    row, pair = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    rows, shared, count = count_shared(row, pair + offset)
    having = {number: sorted(row for row, one in pairs if one == number) for _, number in pairs}
    expected = {number: of for number, of in sorted(having.items()) if 2 <= len(of) <= MAX_SHARING}
    assert dict(zip((shared - offset).tolist(), count.tolist(), strict=True)) == {
        number: len(of) for number, of in expected.items()
    }
    assert rows.tolist() == [row for of in expected.values() for row in of]


@pytest.fixture
def dear_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of 500 rows counts as large, and hardly a word or trigram is rare enough to be searched by itself."""
    for module in (blocking, prepared):
        monkeypatch.setattr(module, "SMALL", 100)
    monkeypatch.setattr(blocking, "LEAST_WORK_PER_ROW", 10)
    monkeypatch.setattr(blocking, "WORK_PER_ROW", 10)


@pytest.mark.usefixtures("dear_search")
def test_one_column_of_common_words_is_matched_in_a_large_table() -> None:
    """No word is rare, and there is no second column: so addresses in one cell were not even compared."""
    rng = random.Random(0)  # noqa: S311 (made-up rows, no secrets)
    words = ["".join(rng.choices("bcdfglmnprst", k=5)) for _ in range(60)]
    assert _f1(lambda: rng.choices(words, k=8), lambda text: rng.sample(text, 7)) > 0.95


@pytest.mark.usefixtures("dear_search")
def test_names_with_a_typing_error_in_each_word_are_matched_in_a_large_table() -> None:
    """They share no word, and no trigram that is rare by itself."""
    rng = random.Random(0)  # noqa: S311 (made-up rows, no secrets)
    words = ["".join(rng.choices("aeiolmnrst", k=9)) for _ in range(60)]
    assert _f1(lambda: rng.choices(words, k=3), lambda text: [f"{word[:4]}x{word[5:]}" for word in text]) > 0.95


@pytest.mark.usefixtures("dear_search")
def test_many_columns_of_common_values_are_matched_in_a_large_table() -> None:
    """No value is rarer than the others, and more than half of them are others in the copy: of few values no pair would be left."""
    rng = random.Random(0)  # noqa: S311 (made-up rows, no secrets)
    words = ["".join(rng.choices("bcdfglmnprst", k=5)) for _ in range(900)]

    def copy(text: list[str]) -> list[str]:
        return [rng.choice(words) if rng.random() < 0.6 else word for word in text]

    assert _f1(lambda: rng.sample(words, 60), copy) > 0.95


def _f1(new: Callable[[], list[str]], copy: Callable[[list[str]], list[str]]) -> float:
    """After 100 labelled rows of a table of one column, 250 texts and a copy of each."""
    texts: list[str] = []
    for _ in range(250):
        text = new()
        texts += [" ".join(text), " ".join(copy(text))]
    keys = [f"r{number:03}" for number in range(len(texts))]
    records = Records.from_arrow(pa.table({"id": keys, "text": texts}), primary_key="id")
    truth = {key: str(number // 2) for number, key in enumerate(keys)}
    labels = oracle(truth)(ask(records, [], sets=10, rows=10))
    matched = train(records, [labels]).match(records)
    return score(matched.column("id").to_pylist(), matched.column("match_id").to_pylist(), truth)[2]


def test_pairs_are_the_same_however_many_are_counted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    words = csr_matrix((rng.random((200, 40)) < 0.2).astype(np.float32))
    counts = np.bincount(words.indices, minlength=40)
    whole = shared_pairs(words, counts, _RARE)
    monkeypatch.setattr(rare_pairs, "COUNTED", 500)
    parts = shared_pairs(words, counts, _RARE)
    assert parts.nnz == whole.nnz > 100
    assert np.allclose((parts @ parts.T).toarray(), (whole @ whole.T).toarray())
