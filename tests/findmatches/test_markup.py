"""Cells that were cut out of web pages."""

from __future__ import annotations

import pytest

from findmatches.markup import without_markup
from findmatches.normalise import fold


@pytest.mark.parametrize(
    ("cut_out", "typed"),
    [
        ("J&uuml;rgen M&#252;ller &#xA9;", "jurgen muller ©"),
        ("Very Large &hellip;", "very large ..."),
        ("Simon &amp; Schuster&nbsp;Inc.", "simon & schuster inc."),
        ("It&amp;#39;s", "it's"),
        ("&lt;br&gt;black", "black"),
        ("<p>Black</p><ul><li>12 oz<li>steel</ul>", "black 12 oz steel"),
        ("H<sub>2</sub>O <b>p</b>ure", "h2o pure"),
        ("<a href='http://example.org/?a=1'>link</a><!-- a\nnote -->", "link"),
        ("&nbsp;", ""),
        ("<br/>", ""),
    ],
)
def test_is_compared_as_it_was_shown(cut_out: str, typed: str) -> None:
    assert fold(cut_out) == typed


@pytest.mark.parametrize(
    "text", ["R&D; AT&T", "Q&A S&parts", "a < b > c", "<jo@example.org>", "<unknown artist>", "&nothing;", "&#0", "<3"]
)
def test_what_only_looks_like_markup_stays(text: str) -> None:
    assert without_markup(text) == text
