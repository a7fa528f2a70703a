"""Files that leave the portal: label files and results."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from labeling.exceptions import GlueError
from labeling.models import TaskRun
from labeling.permissions import can_apply, can_see_runs
from labeling.services.downloads import Download, label_file_download, result_download
from labeling.views.access import run_access
from labeling.views.contexts import error_text, label_file_of


@require_GET
def run_label_file(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    """The label file that the run wrote or read, byte for byte."""
    run, _membership = run_access(request, run_id, can_see_runs)
    label_file = label_file_of(run)
    if label_file is None:
        raise Http404
    try:
        return attachment(label_file_download(label_file=label_file))
    except GlueError as error:
        return _not_to_be_had(request, run, error)


@require_GET
def run_result(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    """The table with match_id and match_confidence_score that the run wrote."""
    run, _membership = run_access(request, run_id, can_apply)
    if not run.result_uri:
        raise Http404
    try:
        return attachment(result_download(run=run))
    except GlueError as error:
        return _not_to_be_had(request, run, error)


def attachment(download: Download) -> StreamingHttpResponse:
    """A file for the browser to save."""
    headers = {
        "Content-Length": str(download.size),
        "Content-Disposition": content_disposition_header(True, download.name) or "attachment",
    }
    return StreamingHttpResponse(download.chunks, content_type=download.content_type, headers=headers)


def _not_to_be_had(request: HttpRequest, run: TaskRun, error: GlueError) -> HttpResponse:
    messages.error(request, error_text(error))
    return redirect("labeling:run-detail", run.pk)
