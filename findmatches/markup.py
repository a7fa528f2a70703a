"""Text that was cut out of a web page: ``J&uuml;rgen``, ``H<sub>2</sub>O``, ``&lt;br&gt;``."""

from __future__ import annotations

import re
from html import unescape
from html.entities import html5

# What may be markup, for a first look.
MARKUP = r"&#?[0-9A-Za-z]+;|<[/!A-Za-z]"
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][0-9A-Za-z]{1,30});")
# Elements of HTML that stand inside words and lines, and those that end a line.
_INLINE = (
    "a|abbr|b|bdi|bdo|big|cite|code|em|font|i|ins|kbd|mark|nobr|q|s|samp|small|span|strike|strong|sub|sup|tt|u|var|wbr"
)
_BLOCK = (
    "address|article|blockquote|body|br|caption|center|dd|del|div|dl|dt|figcaption|figure|footer|h[1-6]|head|header|hr|html|img|li"
    "|main|ol|p|pre|section|table|tbody|td|tfoot|th|thead|title|tr|ul"
)
_REST = r"(?:\s[^<>]*)?/?>"
_IN_LINE = re.compile(rf"</?(?:{_INLINE}){_REST}", re.IGNORECASE)
_BREAK = re.compile(rf"</?(?:{_BLOCK}){_REST}|<!--.*?-->", re.IGNORECASE | re.DOTALL)


def without_markup(text: str) -> str:
    """The text with characters for their references, and without the tags of HTML: blanks where these end a line. References without a
    semicolon stay (``R&D``), and so does what stands in angle brackets and is no element (``<jo@example.org>``)."""
    if "&" in text:
        # Twice, for text that was put into pages of pages: &amp;#39;
        text = _referenced(_referenced(text))
    if "<" in text:
        text = _BREAK.sub(" ", _IN_LINE.sub("", text))
    return text


def _referenced(text: str) -> str:
    return _REFERENCE.sub(_character, text)


def _character(found: re.Match[str]) -> str:
    reference = found[0]
    # Of a name that nobody knows, unescape would take the beginning: ¬ of &nothing;
    return unescape(reference) if reference[1] == "#" else html5.get(reference[1:], reference)
