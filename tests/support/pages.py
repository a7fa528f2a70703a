"""What a page says, out of its HTML, and what a download says."""

from __future__ import annotations

import codecs
import re
from html import unescape


def question_before(page: str, action: str) -> str:
    """What is asked before a form can be sent to ``action``, when its button has been pressed; empty if the form is simply there."""
    asking = rf'<details class="menu[^"]*" data-menu>\s*<summary[^<]*</summary>\s*<form[^>]*action="{action}">.*?<p[^>]*>([^<]*)</p>'
    found = re.search(asking, page, re.DOTALL)
    return found[1] if found and page.count(f'action="{action}"') == 1 else ""


def for_excel(content: bytes) -> str:
    """The text of a CSV file as Excel reads it: without the mark it would not take UTF-8 for what it is."""
    assert content.startswith(codecs.BOM_UTF8)
    return content.decode("utf-8-sig")


def shown_before(content: bytes) -> dict[str, str]:
    """What the form of a page sends along: what it showed when it was opened."""
    hidden = re.findall(r'name="(initial-[^"]+)"(?: value="([^"]*)")?', content.decode())
    return {name: unescape(value) for name, value in hidden}
