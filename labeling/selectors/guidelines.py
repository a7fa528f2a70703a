"""Guidelines and their examples, ready to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import nh3
from django.db.models import Prefetch
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from labeling.models import GuidelineExample, Row, Transform

_TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre"),
    *("code", "em", "strong", "s", "a"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}


class Example(NamedTuple):
    """A question as an example: its rows, each with its label."""

    example: GuidelineExample
    rows: list[tuple[Row, str]]


@dataclass(frozen=True, slots=True)
class Guidelines:
    """Safe HTML and examples, oldest first; ``columns`` names the values of their rows."""

    html: SafeString
    examples: tuple[Example, ...]
    columns: list[str]

    def __bool__(self) -> bool:
        return bool(self.html or self.examples)


def guidelines_for(*, transform: Transform) -> Guidelines:
    """What stands beside the grid; two queries."""
    examples = GuidelineExample.objects.filter(transform=transform).prefetch_related(
        Prefetch("question__rows", queryset=Row.objects.order_by("position"))
    )
    return Guidelines(
        html=rendered(transform.guidelines),
        examples=tuple(
            Example(
                example=example,
                rows=[(row, example.labels.get(str(row.pk), "")) for row in example.question.rows.all()],
            )
            for example in examples.select_related("question__question_set").order_by("created_at")
        ),
        columns=transform.column_names,
    )


@lru_cache(maxsize=64)
def rendered(markdown: str) -> SafeString:
    """The Markdown as HTML with nothing in it that could act: no scripts, styles, images, forms or raw HTML.

    Headings start two levels lower, because they stand inside a page that has its own. Links open beside it: it may be the workbench.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    tokens = parser.parse(markdown)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1:]) + 2)}"
    html = parser.renderer.render(tokens, parser.options, {})
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer",
    )
    return mark_safe(clean)  # noqa: S308 — cleaned by the line above
