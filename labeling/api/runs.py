"""Runs: look back, start, stop, try again, fetch what they wrote."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Router, Status

from labeling.api.access import member, person, run_for, transform_for
from labeling.api.errors import REFUSALS, NotYetError
from labeling.api.inputs import RunIn
from labeling.api.paging import Limit, Page, next_of
from labeling.api.run_schemas import RunOut, files
from labeling.choices import LabelFileKind, RunKind, RunStatus
from labeling.exceptions import InvalidFilterError, InvalidLabelsError
from labeling.models import LabelFile, MatchResult, TaskRun, Transform
from labeling.permissions import (
    Allowed,
    can_apply,
    can_cancel_runs,
    can_evaluate,
    can_export,
    can_generate_questions,
    can_import,
    can_retry_runs,
    can_see_runs,
)
from labeling.responses import attachment
from labeling.selectors.run_history import RunFilter, run_page
from labeling.services.chains import Afterwards, start_import
from labeling.services.downloads import persistent_download, result_download
from labeling.services.task_runs import (
    RunRequest,
    cancel_run,
    request_apply,
    request_evaluation,
    request_label_export,
    request_question_generation,
    retry_run,
)

router = Router(tags=["Runs"])

_STARTS: dict[RunKind, tuple[Allowed, RunRequest]] = {
    RunKind.LABELING_SET_GENERATION: (can_generate_questions, request_question_generation),
    RunKind.EVALUATION: (can_evaluate, request_evaluation),
    RunKind.EXPORT_LABELS: (can_export, request_label_export),
    RunKind.FIND_MATCHES: (can_apply, request_apply),
}


@router.get("/runs", response={200: Page[RunOut], **REFUSALS})
def run_list(
    request: HttpRequest,
    transform: UUID | None = None,
    kind: RunKind | None = None,
    status: RunStatus | None = None,
    after: str = "",
    limit: Limit = 100,
) -> Page[RunOut]:
    """The runs of the team's transforms, newest first, those that were started outside the portal among them."""
    team = member(request, can_see_runs).team
    chosen = RunFilter(
        transform=transform_for(request, transform, can_see_runs) if transform else None,
        kind=kind,
        statuses=(status,) if status else (),
    )
    page = run_page(team=team, chosen=chosen, after=after, size=limit)
    return Page[RunOut](items=[RunOut.of(run) for run in page.records], next=next_of(page, after))


@router.get("/runs/{uuid:run_id}", response={200: RunOut, **REFUSALS})
def run_detail(request: HttpRequest, run_id: UUID) -> RunOut:
    """One run. Ask again every few seconds until it has ``ended``, or have a webhook tell."""
    return RunOut.of(run_for(request, run_id, can_see_runs))


@router.post("/transforms/{uuid:transform_id}/runs", response={201: RunOut, **REFUSALS})
def run_start(request: HttpRequest, transform_id: UUID, wanted: RunIn) -> Status[RunOut]:
    """Start a run; 409 if one of its kind is under way. Replacing all labels is not done here: a person looks at the difference before."""
    if wanted.kind == RunKind.IMPORT_LABELS:
        run = _start_import(request, transform_for(request, transform_id, can_import, writes=True), wanted)
    else:
        allowed, start = _STARTS[wanted.kind]
        transform = transform_for(request, transform_id, allowed, writes=True)
        if wanted.label_file or wanted.then:
            raise InvalidFilterError(_("“label_file” and “then” belong to IMPORT_LABELS."))
        run = start(transform=transform, user=person(request))
    return Status(201, RunOut.of(run))


def _start_import(request: HttpRequest, transform: Transform, wanted: RunIn) -> TaskRun:
    label_file = None
    if wanted.label_file is not None:
        label_file = get_object_or_404(LabelFile, pk=wanted.label_file, transform=transform)
        if label_file.kind != LabelFileKind.UPLOADED or label_file.follows_id is not None:
            raise InvalidLabelsError(_("Only uploaded label files can be imported here, the first part of each."))
    afterwards = Afterwards(
        evaluate="EVALUATION" in wanted.then,
        generate="LABELING_SET_GENERATION" in wanted.then,
    )
    return start_import(transform=transform, user=person(request), afterwards=afterwards, label_file=label_file)


@router.post("/runs/{uuid:run_id}/cancel", response={200: RunOut, **REFUSALS})
def run_cancel(request: HttpRequest, run_id: UUID) -> RunOut:
    """Stop a run. Its status changes when it has stopped; 409 if it has ended before."""
    run = run_for(request, run_id, can_cancel_runs, writes=True)
    cancel_run(run=run, user=person(request))
    return RunOut.of(run_for(request, run_id, can_cancel_runs))


@router.post("/runs/{uuid:run_id}/retry", response={201: RunOut, **REFUSALS})
def run_retry(request: HttpRequest, run_id: UUID) -> Status[RunOut]:
    """Do the same once more, as a run of its own."""
    run = run_for(request, run_id, can_retry_runs, writes=True)
    return Status(201, RunOut.of(retry_run(run=run, user=person(request))))


@router.get(
    "/runs/{uuid:run_id}/result",
    response={200: None, **REFUSALS},
    openapi_extra=files("text/csv", "application/vnd.apache.parquet"),
    tags=["Matches"],
)
def run_result(request: HttpRequest, run_id: UUID, persistent_ids: bool = False) -> StreamingHttpResponse:
    """The table that a FIND_MATCHES run wrote, CSV or Parquet as it is; with ``persistent_ids`` as CSV, with a column more: once that has been read."""
    run = run_for(request, run_id, can_apply)
    if not persistent_ids:
        if not run.result_uri:
            raise NotYetError(_("This run has not written a result."))
        return attachment(result_download(run=run))
    result = MatchResult.objects.exclude(persistent_ids="").filter(run=run).first()
    if result is None:
        raise NotYetError(_("This run has no result whose persistent ids have been worked out yet."))
    return attachment(persistent_download(result=result))
