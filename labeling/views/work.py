"""Work in numbers."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from accounts.models import Membership
from accounts.selectors import everybody_of
from labeling.forms.work import WorkFilterForm
from labeling.permissions import can_see_work, is_member
from labeling.responses import csv_attachment
from labeling.selectors.transforms import transforms_for_team
from labeling.selectors.work import EVERYTHING, work_csv_rows, work_lines
from labeling.views.access import signed_in, team_access

PAGE_SIZE = 100


@require_GET
@vary_on_headers("HX-Request")
def work(request: HttpRequest) -> HttpResponse:
    """Leads see everybody's work, others their own. Nobody is ranked: lines are in the order of names, the newest day first."""
    membership = team_access(request, is_member)
    form, chosen = _chosen(request, membership)
    context = {
        "area": "work",
        "membership": membership,
        "form": form,
        "lines": Paginator(work_lines(team=membership.team, **chosen), PAGE_SIZE).get_page(request.GET.get("page")),
        "by": chosen["by"],
    }
    template = "labeling/work/_table.html" if request.htmx else "labeling/work/list.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@require_GET
def work_download(request: HttpRequest) -> StreamingHttpResponse:
    """The same as CSV, always by person, day and transform."""
    membership = team_access(request, is_member)
    _form, chosen = _chosen(request, membership)
    lines = work_lines(team=membership.team, **{**chosen, "by": EVERYTHING})
    return csv_attachment("work", list(work_csv_rows(lines)))


def _chosen(request: HttpRequest, membership: Membership) -> tuple[WorkFilterForm, dict[str, Any]]:
    sees_all = can_see_work(membership)
    form = WorkFilterForm(
        request.GET,
        transforms=transforms_for_team(team=membership.team),
        members=everybody_of(team=membership.team) if sees_all else [],
        alone=not sees_all,
    )
    chosen = form.chosen
    if not sees_all:
        chosen["user"] = signed_in(request)
    return form, chosen
