"""Which words of two rows say most for or against a match, by what the table itself gave evidence of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from findmatches.evidence import Weights
from findmatches.features import word_matrix, words_in

# A word is named if it makes a match at least twice as likely, or half as likely; so many of each sort.
_LEAST = np.log(2)
_MOST = 2
_SHORT = 2


def telling_words(weights: Weights, one: str, two: str) -> str:
    """Such as ``premier, 2007 in both, deluxe in one only, xl stands for extra``: which words of two folded texts say most, by the ``weights`` of
    a view of words.

    What both have is named where it speaks for a match, and what only one has where it speaks against it, the most telling first. Empty where no
    word says much; words of which the table taught nothing of their own are not named, nor numbers of one or two digits: without their column
    nobody knows what they count, and parts of dates are such numbers.
    """
    here, there = words_in(one), words_in(two)
    alone = sorted(here - there), sorted(there - here)
    sorts = [
        ([(word, shared) for word, shared, _ in _known(weights, sorted(here & there))], " in both"),
        ([(word, -apart) for word, _, apart in _known(weights, [*alone[0], *alone[1]])], " in one only"),
        (_exchanged(weights, *alone), ""),
    ]
    told = [(_first(found), where) for found, where in sorts]
    return ", ".join(", ".join(words) + where for words, where in told if words)


def _first(found: list[tuple[str, float]]) -> list[str]:
    """The words that say most."""
    said = sorted(found, key=lambda told: -told[1])
    return [word for word, says in said if says >= _LEAST and not (word.isdecimal() and len(word) <= _SHORT)][:_MOST]


def _known(weights: Weights, words: list[str]) -> list[tuple[str, float, float]]:
    """Those of the words that say something of their own, with what each says if it is shared and if it is not."""
    features = _features(words)
    shared, apart = weights.of(features)
    known = np.isin(features, weights.features)
    said = zip(words, shared.tolist(), apart.tolist(), strict=True)
    return [told for told, use in zip(said, known, strict=True) if use]


def _exchanged(weights: Weights, here: list[str], there: list[str]) -> list[tuple[str, float]]:
    """Which words stand for which others, and what that says."""
    if weights.exchanges is None or not here or not there:
        return []
    one, two = _features(here), _features(there)
    features = np.unique(np.concatenate([one, two]))
    says = weights.exchanges.at(features)[np.searchsorted(features, one)][:, np.searchsorted(features, two)].tocoo()
    return [
        (f"{here[row]} stands for {there[column]}", value)
        for row, column, value in zip(says.row, says.col, says.data.tolist(), strict=True)
    ]


def _features(words: list[str]) -> NDArray[np.int32]:
    """The hashed feature of each word."""
    import pyarrow as pa  # here and not above: importing findmatches must stay quick

    features: NDArray[np.int32] = word_matrix(pa.array(words, pa.large_string())).indices
    return features
