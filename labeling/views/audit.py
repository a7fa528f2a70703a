"""The audit trail of the team: for its administrators."""

from __future__ import annotations

from itertools import chain

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from accounts.models import AuditEntry, Membership
from accounts.selectors import everybody_of
from labeling.forms.audit import AuditFilterForm
from labeling.permissions import can_read_audit_trail
from labeling.responses import csv_attachment
from labeling.selectors.audit import all_entries, audit_page
from labeling.selectors.audit_words import details, sentence, who
from labeling.spreadsheets.cells import csv_text
from labeling.views.access import team_access

PAGE_SIZE = 50
_CSV_HEAD = ("at", "by", "action", "subject", "what", "details")


@require_GET
@vary_on_headers("HX-Request")
def audit_trail(request: HttpRequest) -> HttpResponse:
    """Who changed what about people, access and settings, newest first."""
    membership = team_access(request, can_read_audit_trail)
    form = _form(request, membership)
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    page = audit_page(team=membership.team, chosen=form.chosen, after=after, before=before, size=PAGE_SIZE)
    context = {
        "area": "people",
        "here": _("Audit trail"),
        "form": form,
        "page": page,
        "lines": [(entry, sentence(entry), details(entry)) for entry in page.records],
    }
    template = "labeling/people/_entries.html" if request.htmx else "labeling/people/audit.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@require_GET
def audit_download(request: HttpRequest) -> StreamingHttpResponse:
    """The same entries as CSV, all of them."""
    membership = team_access(request, can_read_audit_trail)
    entries = all_entries(team=membership.team, chosen=_form(request, membership).chosen)
    return csv_attachment("audit-trail", chain([_CSV_HEAD], map(_csv_row, entries)))


def _form(request: HttpRequest, membership: Membership) -> AuditFilterForm:
    return AuditFilterForm(request.GET, members=everybody_of(team=membership.team), auto_id="filter-%s")


def _csv_row(entry: AuditEntry) -> list[str]:
    return [
        entry.at.isoformat(timespec="seconds"),
        csv_text(who(entry)),
        entry.action,
        csv_text(entry.subject),
        csv_text(sentence(entry)),
        csv_text("; ".join(map(str, details(entry)))),
    ]
