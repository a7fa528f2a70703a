from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from findmatches.blocking import Seen, View
from findmatches.evidence import EXCHANGED, MEASURES, Evidence, Examples
from findmatches.features import DocumentFrequency, weigh, word_matrix, words_in
from findmatches.telling import telling_words

SOFTWARE, DELUXE = "software", "deluxe"


def seen(texts: list[str]) -> Seen:
    words = word_matrix(pa.array(texts, pa.large_string()))
    known = DocumentFrequency.count(words)
    return Seen("words", weigh(words, known), known.repeated)


def products() -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Names of 60 products, each twice, and pairs with scores. Matches hold on to `deluxe`, and drop every other `software`."""
    texts = [f"product{number} {DELUXE} {SOFTWARE}" for number in range(60)]
    texts += [f"product{number} {DELUXE} {SOFTWARE if number % 2 else ''}" for number in range(60)]
    texts += [f"product{number} {SOFTWARE}" for number in range(60)]
    one = np.arange(60, dtype=np.int32)
    left, right = np.concatenate([one, one]), np.concatenate([one + 60, one + 120])
    return texts, left, right, np.repeat(np.array([0.9, 0.1], np.float32), 60)


def said(evidence: Evidence, view: Seen, one: int, two: int) -> dict[str, float]:
    found = evidence.at([view]).measure(np.array([one], np.int32), np.array([two], np.int32))
    return dict(zip((*MEASURES, EXCHANGED), map(float, found[0]), strict=True))


def test_many_pairs_of_long_texts_need_little_more_room_than_what_they_have_in_common() -> None:
    rng, n_rows, n_pairs = np.random.default_rng(0), 200, 60_000
    words = seen([" ".join(f"word{word}" for word in rng.integers(600, size=200)) for _ in range(n_rows)])
    view = Seen("trigrams", words.matrix, words.features)
    left, right = rng.integers(n_rows, size=(2, n_pairs)).astype(np.int32)
    in_common = view.matrix[left].multiply(view.matrix[right]).nnz * np.dtype(np.int32).itemsize
    tracemalloc.start()
    try:
        Examples([view], left, right).learn(rng.random(n_pairs).astype(np.float32))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12 * in_common  # 30, if all features of all pairs were looked at at once


def test_a_word_that_matches_drop_says_less_than_one_that_they_keep() -> None:
    texts, left, right, score = products()
    view = seen(texts)
    evidence = Examples([view], left, right).learn(score)
    without_software, without_deluxe = said(evidence, view, 0, 60), said(evidence, view, 0, 120)
    assert without_software["only here"] + without_software["only there"] > 0 > without_deluxe["together"]
    assert without_software["together"] > without_deluxe["together"]


def test_weights_are_logarithms_of_how_much_oftener_matches_share_a_feature() -> None:
    texts, left, right, score = products()
    view = seen(texts)
    (weights,) = Examples([view], left, right).learn(score).views
    # Of 60 likely matches (they count 0.9 each) all share `deluxe` and half `software`; of 60 likely differences none and all.
    # Two pairs of the average are added: matches share 150 of 180 features, differences 120 of 180.
    pairs, matches, differences = 54, 150 / 180, 120 / 180
    kept = (pairs + 2 * matches) / (pairs + 2), 2 * differences / (pairs + 2)
    dropped = (pairs / 2 + 2 * matches) / (pairs + 2), (pairs + 2 * differences) / (pairs + 2)
    wanted = sorted(math.log(one / other) for one, other in (kept, dropped))
    assert np.allclose(sorted(weights.shared), wanted, atol=1e-5)
    # A name occurs in one likely match: too few to say more than any feature says.
    assert len(weights.features) == 2
    assert np.isclose(weights.others[0], math.log(matches / differences))
    assert np.isclose(weights.others[1], math.log((1 - matches) / (1 - differences)))


@settings(max_examples=20)
@given(st.integers(0, 2**32))
def test_neither_the_order_of_rows_nor_of_a_pair_matters(seed: int) -> None:
    texts, left, right, score = products()
    order = np.random.default_rng(seed).permutation(len(texts))
    place = np.argsort(order).astype(np.int32)
    view, shuffled = seen(texts), seen([texts[row] for row in order])
    evidence = Examples([view], left, right).learn(score)
    other = Examples([shuffled], place[right], place[left]).learn(score)
    found = evidence.at([view]).measure(left, right)
    assert np.allclose(found, other.at([shuffled]).measure(place[right], place[left]), atol=1e-4)


def test_what_one_table_taught_holds_in_another() -> None:
    texts, left, right, score = products()
    evidence = Examples([seen(texts)], left, right).learn(score)
    again = Evidence.from_arrays(evidence.arrays(), [View("words", (0,))])
    view = seen([f"thing {DELUXE} {SOFTWARE}", f"thing {DELUXE}", f"thing {SOFTWARE}"])
    without_software, without_deluxe = said(again, view, 0, 1), said(again, view, 0, 2)
    assert without_software["together"] > 0 > without_deluxe["together"]


def test_words_that_stand_for_each_other_in_matches() -> None:
    texts = [f"shirt{number} {'xl' if number % 2 else 'navy'}" for number in range(40)]
    texts += [f"shirt{number} {'extra large' if number % 2 else 'dark blue'}" for number in range(40)]
    here = np.arange(40, dtype=np.int32)
    left, right = np.concatenate([here, here]), np.concatenate([here + 40, (here + 1) % 40 + 40])
    view = seen(texts)
    evidence = Examples([view], left, right).learn(np.repeat(np.array([0.9, 0.1], np.float32), 40))
    same, other = said(evidence, view, 1, 41), said(evidence, view, 1, 42)
    assert same[EXCHANGED] > 0 == other[EXCHANGED]
    assert said(evidence, view, 41, 1)[EXCHANGED] == same[EXCHANGED]
    assert telling_words(evidence.views[0], texts[2], texts[42]) == "navy stands for blue, navy stands for dark"
    assert telling_words(evidence.views[0], texts[2], "shirt2 green") == ""


def test_telling_words_are_those_that_matches_hold_on_to() -> None:
    texts, left, right, score = products()
    (weights,) = Examples([seen(texts)], left, right).learn(score).views
    assert telling_words(weights, texts[0], texts[60]) == f"{DELUXE} in both"
    assert telling_words(weights, texts[0], texts[120]) == f"{DELUXE} in one only"
    assert telling_words(weights, "anything", "else") == ""


def test_a_number_of_two_digits_is_no_telling_word() -> None:
    texts, left, right, score = products()
    for number, told in (("2007", "2007 in both"), ("16", "")):
        named = [text.replace(DELUXE, number) for text in texts]
        (weights,) = Examples([seen(named)], left, right).learn(score).views
        assert telling_words(weights, named[0], named[60]) == told


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_the_words_of_a_text_are_those_that_are_hashed(text: str) -> None:
    words = sorted(words_in(text))
    alone = word_matrix(pa.array(words, pa.large_string()))
    assert (np.diff(alone.indptr) == 1).all()
    assert set(alone.indices) == set(word_matrix(pa.array([text], pa.large_string())).indices)
