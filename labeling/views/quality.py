"""Quality over time: how good the matches are, what moved that, and how far people agreed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from labeling.choices import ACTIVE, RunKind
from labeling.models import TaskRun
from labeling.permissions import can_see_quality
from labeling.responses import csv_attachment
from labeling.selectors.quality import agreement_points, columns_over_time, quality_points, shadow_points
from labeling.selectors.quality_csv import agreement_csv, columns_csv, points_csv, shadow_csv
from labeling.selectors.shadow import NEXT_QUESTIONS, curve_state, newest_estimate
from labeling.views.access import transform_access
from labeling.views.charts import Axis, agreement_chart, curve_chart, quality_charts
from labeling.views.contexts import about_transform

P = TypeVar("P")
PAGE_SIZE = 20
SHOWN = 500
"""So many estimates stand on the page, the newest; the CSV files have all. A chart has not many more pixels across."""
Table = Callable[..., list[list[object]]]
TABLES: dict[str, Table] = {
    "points": points_csv,
    "columns": columns_csv,
    "shadow": shadow_csv,
    "agreement": agreement_csv,
}


@require_GET
def quality(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """One chart a question, against dates or against labels (``?by=labels``), and the tables behind them.

    One estimate alone is told by its figures: nothing has changed yet that a chart could show.
    """
    transform, membership = transform_access(request, transform_id, can_see_quality)
    axis: Axis = "labels" if request.GET.get("by") == "labels" else "dates"
    points, agreed = quality_points(transform=transform, newest=SHOWN), agreement_points(transform=transform)
    columns = columns_over_time(points)
    shadows, estimate = shadow_points(transform=transform), newest_estimate(transform=transform)
    changes = max(len(points), len(shadows)) > 1
    charts = quality_charts(points, shadows, axis) if changes else []
    if estimate is not None and estimate.curve:
        charts.append(curve_chart(estimate.curve))
    people = [agreement_chart(agreed, timezone.localtime())] if agreed else []
    context = about_transform(transform, membership) | {
        "axis": axis,
        "points": _newest_first(request, points, "estimates"),
        "newest": points[-1] if points else None,
        "columns": columns,
        "shares": _newest_first(
            request, list(zip(points, zip(*columns.values(), strict=True), strict=True)) if columns else [], "shares"
        ),
        "shadows": _newest_first(request, shadows, "shadows"),
        "estimate": estimate,
        "curve_state": curve_state(estimate=estimate) if estimate and not estimate.curve_at else None,
        "matrix": estimate.metrics if estimate else None,
        "next_questions": NEXT_QUESTIONS,
        "agreed": _newest_first(request, agreed, "agreed"),
        "changes": changes,
        "estimating": TaskRun.objects.filter(transform=transform, kind=RunKind.EVALUATION, status__in=ACTIVE).first(),
        "only": SHOWN if len(points) == SHOWN else 0,
        "charts": charts,
        "people": people,
        "payload": {chart.name: chart.payload() for chart in [*charts, *people]},
    }
    return render(request, "labeling/quality/page.html", context)


@require_GET
def quality_download(request: HttpRequest, transform_id: UUID, table: str) -> StreamingHttpResponse:
    """The table behind a chart, oldest first."""
    transform, _membership = transform_access(request, transform_id, can_see_quality)
    if table not in TABLES:
        raise Http404
    return csv_attachment(f"quality-{table}", TABLES[table](transform=transform))


def _newest_first(request: HttpRequest, points: Sequence[P], name: str) -> Page[P]:
    """A page of a table."""
    return Paginator(points[::-1], PAGE_SIZE).get_page(request.GET.get(name))
