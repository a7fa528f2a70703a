"""The weekly report of a team: as a page that prints well, as PDF, and its figures as CSV."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from labeling.permissions import can_read_report
from labeling.reports.model import Report, csv_rows
from labeling.responses import csv_attachment
from labeling.selectors import report as selector
from labeling.selectors.report import Week
from labeling.views.access import team_access


@require_GET
def weekly_report(request: HttpRequest) -> HttpResponse:
    """The report of ``?week=2026-W48``, else of the week that is under way."""
    membership = team_access(request, can_read_report)
    today = Week.of(timezone.localdate())
    week = _week(request.GET["week"]) if request.GET.get("week") else today
    context = {
        "area": "report",
        "membership": membership,
        "week": week,
        "is_current": week == today,
        "has_next": week.since < today.since,
        "report": selector.weekly_report(team=membership.team, week=week),
    }
    return render(request, "labeling/reports/weekly.html", context)


@require_GET
def report_pdf(request: HttpRequest, week: str) -> HttpResponse:
    """The same on A4."""
    from labeling.reports import pdf  # its libraries are a fifth of what a web process would load before its first page

    content = pdf.report_pdf(_report(request, week), base_url=settings.PUBLIC_URL)
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="report-{week}.pdf"'
    return response


@require_GET
def report_csv(request: HttpRequest, week: str) -> StreamingHttpResponse:
    """The same figures, table by table."""
    return csv_attachment(f"report-{week}", list(csv_rows(_report(request, week))), dated=False)


def _report(request: HttpRequest, week: str) -> Report:
    membership = team_access(request, can_read_report)
    return selector.weekly_report(team=membership.team, week=_week(week))


def _week(name: str) -> Week:
    try:
        return Week.named(name)
    except ValueError as error:
        raise Http404 from error
