"""The places of a transform: tabs under its name, with the less visited ones in a menu."""

from __future__ import annotations

from dataclasses import dataclass

from django import template
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from labeling.models import Transform
from labeling.templatetags.ui import can

register = template.Library()

_TABS = 7
"""So many stand side by side at 1024 pixels, with the menu."""


@dataclass(frozen=True, slots=True)
class Place:
    """A page of a transform: the section that pages name, its URL name, its word, and what one must be allowed to (empty: everybody is)."""

    section: str
    url_name: str
    label: str | Promise
    allowed: str = ""


@dataclass(frozen=True, slots=True)
class Tab:
    """One place as it is shown."""

    label: str | Promise
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class Tabs:
    """What stands side by side, and what is in the menu. On a phone only the current page stands there, and the others are in the menu too."""

    shown: list[Tab]
    more: list[Tab]


PLACES = (
    Place("overview", "transform-detail", _("Overview")),
    Place("question-sets", "question-set-list", _("Question sets"), "manage_question_sets"),
    Place("answers", "answer-list", _("Answers")),
    Place("disputed", "adjudication-list", _("Disputed"), "adjudicate"),
    Place("label-files", "label-file-list", _("Label files"), "see_runs"),
    Place("quality", "quality", _("Quality"), "see_quality"),
    Place("agreement", "agreement", _("Agreement")),
    Place("matches", "matches", _("Matches"), "see_matches"),
    Place("guidelines", "guidelines", _("Guidelines")),
    Place("sheets", "sheet-list", _("Spreadsheets")),
    Place("contradictions", "contradictions", _("Contradictions"), "see_contradictions"),
    Place("automation", "automation", _("Schedule"), "edit_automation"),
    Place("settings", "labeling-settings", _("Settings"), "edit_labeling_settings"),
)
"""The most visited first. Stewards find their own answers, leads the work of all."""


@register.simple_tag
def places(transform: Transform, membership: Membership | None, section: str) -> Tabs:
    """What the reader may see. The page that is shown always stands among the tabs, behind the others if it comes from the menu."""
    tabs = [
        Tab(place.label, reverse(f"labeling:{place.url_name}", args=[transform.pk]), place.section == section)
        for place in PLACES
        if not place.allowed or can(membership, place.allowed)
    ]
    shown, more = tabs[:_TABS], tabs[_TABS:]
    return Tabs([*shown, *(tab for tab in more if tab.current)], [tab for tab in more if not tab.current])
