"""Small pieces that every page uses: icons, times, states, and who may do what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import template
from django.forms import BoundField
from django.http import HttpRequest
from django.template.context import RequestContext
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.current import current_membership
from accounts.models import Membership
from accounts.selectors import memberships_for
from labeling import encodings, permissions
from labeling.choices import RunStatus, TransformStatus
from labeling.intervals import figure
from labeling.models import TaskRun
from labeling.selectors.notifications import unread_count
from labeling.services.csv_text import OTHER_DELIMITERS

register = template.Library()

SPRITE = "vendored/tabler-icons-3.51.0/sprite.svg"

_RUN_LOOK = {
    RunStatus.SUCCEEDED: "ok",
    RunStatus.FAILED: "bad",
    RunStatus.TIMEOUT: "bad",
    RunStatus.STARTING: "run",
    RunStatus.RUNNING: "run",
    RunStatus.SUBMITTING: "run",
}
_TRANSFORM_LOOK = {TransformStatus.READY: "ok", TransformStatus.NOT_READY: "warn", TransformStatus.GONE: "bad"}


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon from the sprite; without a label it is decoration and hidden from screen readers."""
    href = f"{static(SPRITE)}#{name}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"></use></svg>', label, href)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"></use></svg>', href)


@register.simple_tag
def when(moment: datetime | None) -> SafeString | str:
    """How long ago, with the exact time on hover; the script puts both in the reader's own zone."""
    if moment is None:
        return "–"
    ago = timesince(moment).split(",")[0]
    text = _("just now") if (timezone.now() - moment).total_seconds() < 60 else _("%(ago)s ago") % {"ago": ago}
    return format_html(
        '<time datetime="{}" title="{}" data-when>{}</time>',
        moment.isoformat(),
        f"{moment:%Y-%m-%d %H:%M:%S} UTC",
        text,
    )


@register.simple_tag
def clock(moment: datetime) -> SafeString:
    """The time of day, in the reader's zone once the script has run."""
    return format_html(
        '<time datetime="{}" title="{}" data-clock>{}</time>',
        moment.isoformat(),
        f"{moment:%Y-%m-%d %H:%M:%S} UTC",
        f"{moment:%H:%M:%S}",
    )


@register.filter
def duration(seconds: float | str | None) -> str:
    """``72`` → ``1 min 12 s``."""
    if not isinstance(seconds, int | float):
        return "–"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
    if minutes:
        return _("%(minutes)d min %(seconds)d s") % {"minutes": minutes, "seconds": rest}
    return ngettext("%(n)d s", "%(n)d s", rest) % {"n": rest}


@register.filter
def took(run: TaskRun) -> str:
    """How long the run has taken so far, from the request to its end."""
    return duration(((run.completed_at or timezone.now()) - run.created_at).total_seconds())


@register.inclusion_tag("partials/state.html")
def run_state(run: TaskRun) -> dict[str, Any]:
    """The state of a run as a coloured word."""
    return {"look": _RUN_LOOK.get(RunStatus(run.status), "wait"), "text": run.get_status_display()}


@register.inclusion_tag("partials/state.html")
def transform_state(status: str) -> dict[str, Any]:
    """The state of a transform as a coloured word."""
    if not status:
        return {"look": "wait", "text": _("Being created")}
    known = TransformStatus(status)
    return {"look": _TRANSFORM_LOOK.get(known, "wait"), "text": known.label}


@register.filter
def look(status: str) -> str:
    """The colour class of a run state."""
    return _RUN_LOOK.get(RunStatus(status), "wait")


@register.filter
def encoding_name(encoding: str) -> str:
    """``cp1250`` → ``Central European (Windows-1250)``."""
    return encodings.encoding_name(encoding)


@register.filter
def delimiter_name(delimiter: str) -> str:
    """``;`` → ``semicolons``."""
    return str(OTHER_DELIMITERS.get(delimiter, _("commas")))


@register.filter
def percent(value: float | str | None) -> str:
    """``0.9624`` → ``96.2%``; a dash for nothing, which templates hand over as an empty text."""
    return f"{value * 100:.1f}%" if isinstance(value, int | float) else "–"


@register.filter
def share(value: float | str | None) -> str:
    """``0.9624`` → ``0.962``, ``-0.2`` → ``−0.200``."""
    return figure(value) if isinstance(value, int | float) else "–"


@register.simple_tag
def interval(low: str, high: str) -> str:
    """``0.912 to 0.953``; a figure alone if both are the same as they are written."""
    return low if low == high else _("%(low)s to %(high)s") % {"low": low, "high": high}


@register.filter
def change(value: float | str | None) -> str:
    """``0.0134`` → ``+0.013``, ``-0.2`` → ``−0.200``; what is too small to be written is no loss."""
    return f"{value:+z.3f}".replace("-", "−") if isinstance(value, int | float) else ""


@register.filter
def number(value: int | str | None) -> str:
    """Thousands are set apart: ``12,400``."""
    return f"{value:,}" if isinstance(value, int) else "–"


@register.filter
def zipped(row: Sequence[Any], other: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Two sequences side by side."""
    return list(zip(row, other, strict=True))


@register.filter
def get(mapping: Mapping[str, Any], key: str) -> Any:
    """The value of a key that is itself a variable."""
    return mapping.get(key, "")


@register.filter
def as_shown(field: BoundField) -> SafeString | str:
    """What an ``EditForm`` has the page send back, of a field that a template draws choice by choice."""
    return field.as_hidden(only_initial=True) if field.field.show_hidden_initial else ""


@register.filter
def can(membership: Membership | None, what: str) -> bool:
    """``{% if membership|can:"import" %}`` asks ``permissions.can_import``."""
    allowed: bool = getattr(permissions, f"can_{what}")(membership)
    return allowed


@register.simple_tag(takes_context=True)
def my_membership(context: RequestContext) -> Membership | None:
    """The reader's membership in the team they look at."""
    request: HttpRequest | None = context.get("request")
    return current_membership(request) if request is not None and hasattr(request, "user") else None


@register.filter
def unread(membership: Membership) -> int:
    """How many notifications of the team the person has not read."""
    return unread_count(membership=membership)


@register.simple_tag(takes_context=True)
def my_memberships(context: RequestContext) -> list[Membership]:
    """All teams of the reader."""
    request: HttpRequest = context["request"]
    return list(memberships_for(user=request.user)) if request.user.is_authenticated else []


@register.simple_tag(takes_context=True)
def query(context: RequestContext, **changes: Any) -> str:
    """The page's query string with some values changed; an empty value takes the name out."""
    request: HttpRequest = context["request"]
    values = {name: value for name, value in request.GET.items() if value}
    values.update({name: str(value) for name, value in changes.items()})
    return "?" + urlencode({name: value for name, value in values.items() if value})


@register.simple_tag(takes_context=True)
def page_query(context: RequestContext, number: int, parameter: str = "") -> str:
    """The page's query string with that page of a list; ``parameter`` names the list where there are several."""
    return query(context, **{parameter or "page": number})


@register.filter
def initials(name: str) -> str:
    """``Lea Lind`` → ``LL``."""
    return "".join(part[0] for part in name.split()[:2]).upper()
