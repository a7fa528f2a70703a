"""Label files, each with a page of its own, and files that leave the portal."""

from __future__ import annotations

from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from labeling.choices import LabelFileKind
from labeling.exceptions import GlueError
from labeling.models import MatchResult
from labeling.permissions import can_apply, can_replace_all, can_see_runs
from labeling.responses import attachment
from labeling.selectors.label_files import findings_of, label_files_of, provenance, questions_by_set, sibling_parts
from labeling.selectors.task_runs import label_file_of
from labeling.services.downloads import label_file_download as download_of
from labeling.services.downloads import persistent_download, result_download
from labeling.services.label_files import read_page
from labeling.views.access import label_file_access, run_access, transform_access
from labeling.views.contexts import about_transform, error_text
from labeling.views.refusals import redirect_saying_why

PAGE_SIZE = 50
ROWS = 100


@require_GET
def label_file_list(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """Every label file of a transform, newest first."""
    transform, membership = transform_access(request, transform_id, can_see_runs)
    page = Paginator(label_files_of(transform=transform), PAGE_SIZE).get_page(request.GET.get("page"))
    context = about_transform(transform, membership) | {"page": page}
    return render(request, "labeling/label_files/list.html", context)


@require_GET
def label_file_detail(request: HttpRequest, label_file_id: UUID) -> HttpResponse:
    """Where a file came from, what was found in it, what became of it, and its rows. Reading it checks its checksum."""
    label_file, membership = label_file_access(request, label_file_id, can_see_runs)
    page = Paginator(range(label_file.rows), ROWS).get_page(request.GET.get("page"))
    context = about_transform(label_file.transform, membership) | {
        "label_file": label_file,
        "parts": sibling_parts(label_file=label_file),
        "provenance": provenance(label_file=label_file),
        "findings": findings_of(label_file=label_file),
        "runs": label_file.task_runs.select_related("requested_by").order_by("-created_at")[:ROWS],
        "may_restore": can_replace_all(membership)
        and label_file.kind != LabelFileKind.GENERATED
        and label_file.part == 1,
        "page": page,
    }
    try:
        header, rows = read_page(label_file=label_file, start=max(0, page.start_index() - 1), count=ROWS)
    except GlueError as error:
        context["error"] = error_text(error)
    else:
        questions = questions_by_set(label_file=label_file, names=[row[0] for row in rows])
        context |= {"header": header, "rows": [(questions.get(row[0]), row) for row in rows]}
    return render(request, "labeling/label_files/detail.html", context)


@require_GET
def label_file_download(request: HttpRequest, label_file_id: UUID) -> HttpResponseBase:
    """The exact bytes."""
    label_file, _membership = label_file_access(request, label_file_id, can_see_runs)
    try:
        return attachment(download_of(label_file=label_file))
    except GlueError as error:
        return redirect_saying_why(request, error, "labeling:label-file-detail", label_file.pk)


@require_GET
def run_label_file(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    """The label file that the run wrote or read, byte for byte."""
    run, _membership = run_access(request, run_id, can_see_runs)
    label_file = label_file_of(run)
    if label_file is None:
        raise Http404
    try:
        return attachment(download_of(label_file=label_file))
    except GlueError as error:
        return redirect_saying_why(request, error, "labeling:run-detail", run.pk)


@require_GET
def run_result(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    """The table with match_id and match_confidence_score that the run wrote."""
    run, _membership = run_access(request, run_id, can_apply)
    if not run.result_uri:
        raise Http404
    try:
        return attachment(result_download(run=run))
    except GlueError as error:
        return redirect_saying_why(request, error, "labeling:run-detail", run.pk)


@require_GET
def persistent_result(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    """The same table with a column more, the persistent ids of its groups."""
    run, _membership = run_access(request, run_id, can_apply)
    result = get_object_or_404(MatchResult.objects.exclude(persistent_ids=""), run=run)
    try:
        return attachment(persistent_download(result=result))
    except GlueError as error:
        return redirect_saying_why(request, error, "labeling:run-detail", run.pk)
