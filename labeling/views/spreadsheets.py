"""Questions as spreadsheets: downloaded, filled in elsewhere, uploaded, looked at, taken in."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRefresh

from accounts.models import Membership
from labeling.exceptions import GlueError, LabelportalError
from labeling.forms.uploads import SheetConfirmForm, UploadForm
from labeling.models import Question, QuestionSet, SheetUpload, Transform
from labeling.permissions import can_label
from labeling.responses import attachment
from labeling.selectors.claims import is_given_up
from labeling.selectors.sheet_plan import (
    REFUSED,
    SHOWN,
    PlannedQuestion,
    SheetAction,
    SheetPlan,
    plan_as_kept,
    sheet_plan,
)
from labeling.selectors.sheets import questions_of, sheet_choices, uploads_of
from labeling.services.sheets import (
    SheetFormat,
    confirm_sheet,
    download_sheet,
    renew_plan,
    sheet_file,
    stage_sheet,
    want_sheet,
    why_refused,
)
from labeling.spreadsheets import MAX_FILE_BYTES
from labeling.views.access import posted, sheet_access, transform_access
from labeling.views.contexts import about_transform, error_text
from labeling.views.refusals import redirect_saying_why

PAGE_SIZE = 10
CHOICES = 25
OF_LABELS = {"label_unknown", "label_formula", "row_contradicted"}  # problems of rows that were recognised


@require_http_methods(["GET", "POST"])
def sheet_list(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """What can be downloaded and what one has uploaded. POST keeps a filled in file and goes on to what it would change."""
    transform, membership = transform_access(request, transform_id, can_label)
    form = UploadForm(
        posted(request), request.FILES or None, accept=".xlsx,.csv,.txt,text/csv", max_bytes=MAX_FILE_BYTES
    )
    if form.is_valid():
        try:
            upload = stage_sheet(transform=transform, membership=membership, file=form.cleaned_data["file"])
        except LabelportalError as error:
            form.add_error("file", error_text(error))
        else:
            return redirect("labeling:sheet-detail", upload.pk)
    uploads = Paginator(uploads_of(transform=transform, membership=membership), PAGE_SIZE)
    context = about_transform(transform, membership) | {
        "form": form,
        "choices": Paginator(
            [choice for choice in sheet_choices(transform=transform, membership=membership) if choice.questions],
            CHOICES,
        ).get_page(request.GET.get("sets")),
        "page": uploads.get_page(request.GET.get("page")),
    }
    return render(request, "labeling/sheets/list.html", context, status=422 if form.errors else 200)


@require_GET
def sheet_download(request: HttpRequest, transform_id: UUID, kind: str) -> HttpResponseBase:
    """All open questions for the person, or with ``?set=`` those of one set."""
    transform, membership = transform_access(request, transform_id, can_label)
    try:
        wanted = SheetFormat(kind)
        question_set = _question_set(transform, request.GET.get("set", ""))
    except ValueError as error:
        raise Http404 from error
    try:
        return attachment(
            download_sheet(transform=transform, membership=membership, question_set=question_set, kind=wanted)
        )
    except LabelportalError as error:
        return redirect_saying_why(request, error, "labeling:sheet-list", transform.pk)


def _question_set(transform: Transform, number: str) -> QuestionSet | None:
    return get_object_or_404(QuestionSet, transform=transform, number=int(number)) if number else None


@require_GET
@vary_on_headers("HX-Request")
def sheet_detail(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """What a filled in file would change now, and what was taken in of it so far. While a worker has it, htmx asks whether it is done."""
    upload, membership = sheet_access(request, upload_id)
    given_up = upload.waiting and is_given_up(upload)
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(status=204) if upload.waiting and not given_up else HttpResponseClientRefresh()
    if upload.waiting or (upload.plan and renew_plan(upload)):
        context = {"area": "transforms", "transform": upload.transform, "upload": upload, "given_up": given_up}
        return render(request, "labeling/sheets/unread.html", context)
    return render(request, "labeling/sheets/detail.html", _context(upload, membership, _plan(upload, membership)))


@require_POST
def sheet_confirm(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """Take in what was on the page."""
    upload, membership = sheet_access(request, upload_id)
    form = SheetConfirmForm(request.POST)
    if form.is_valid() and not upload.waiting:
        take_file = form.taken_from_file(_plan(upload, membership).asked)
        if not upload.plan:
            confirm_sheet(upload=upload, membership=membership, seen=form.digests, take_file=take_file)
        elif form.digests == [upload.plan["at"]]:
            want_sheet(upload=upload, take_file=take_file)
    return redirect("labeling:sheet-detail", upload.pk)


@require_GET
def sheet_original(request: HttpRequest, upload_id: UUID) -> HttpResponseBase:
    """The file as it came."""
    upload, _membership = sheet_access(request, upload_id)
    try:
        return attachment(sheet_file(upload=upload))
    except GlueError as error:
        return redirect_saying_why(request, error, "labeling:sheet-detail", upload.pk)


def _plan(upload: SheetUpload, membership: Membership) -> SheetPlan:
    if not upload.plan:
        return sheet_plan(upload=upload, membership=membership)
    return plan_as_kept(kept=upload.plan, membership=membership)


def _context(upload: SheetUpload, membership: Membership, plan: SheetPlan) -> dict[str, Any]:
    counts = plan.counts
    conflicts = plan.having(SheetAction.ASK)
    refused = plan.having(*REFUSED)
    outcome = upload.outcomes[-1] if upload.outcomes else None
    return about_transform(upload.transform, membership) | {
        "upload": upload,
        "plan": plan,
        "kinds": [
            {"action": str(action), "count": counts[action], "lines": list(map(_line, plan.having(action)[:SHOWN]))}
            for action in (SheetAction.SUBMIT, SheetAction.DRAFT, SheetAction.CORRECT)
            if counts[action]
        ],
        "counts": {str(action): counts[action] for action in SheetAction}
        | {"refused": sum(counts[action] for action in REFUSED), "all": counts.total()},
        "conflicts": [_conflict(planned, upload.transform) for planned in conflicts[:SHOWN]],
        "more_conflicts": max(0, counts[SheetAction.ASK] - SHOWN),
        "refused": [(planned.question, why_refused(planned)) for planned in refused[:SHOWN]],
        "seen": upload.plan["at"] if upload.plan else " ".join(plan.digests.values()),
        "confirm": SheetConfirmForm(),
        "outcome": outcome,
        "outcome_refused": _refused(outcome["refused"]) if outcome else [],
        "taken_in_at": datetime.fromisoformat(outcome["at"]) if outcome else None,
        "problems": upload.problems[:SHOWN],
        "unusable": any(problem["code"] in OF_LABELS for problem in upload.problems),
        "shown": SHOWN,
    }


def _refused(refusals: list[dict[str, str]]) -> list[tuple[Question, str]]:
    """The questions that were not taken in, as they are called now, with why."""
    why = {UUID(refusal["question"]): refusal["message"] for refusal in refusals}
    return [(question, why[question.pk]) for question in questions_of(why)]


def _line(planned: PlannedQuestion) -> dict[str, Any]:
    """The labels of a question now and then, in the order of its rows."""
    now = [row.now for row in planned.rows]
    return {
        "question": planned.question,
        "now": now if any(now) else [],
        "then": [planned.labels.get(row.row_id, "") for row in planned.rows],
    }


def _conflict(planned: PlannedQuestion, transform: Transform) -> dict[str, Any]:
    """A question that was changed here and in the file, with its rows on both sides."""
    return {
        "question": planned.question,
        "name": SheetConfirmForm.field_of(planned.question.pk),
        "then": str(planned.then),
        "columns": transform.column_names,
        "rows": [
            {
                "before": row.filed.before if row.filed else None,
                "now": row.now,
                "then": planned.labels.get(row.row_id, ""),
                "values": row.values,
            }
            for row in planned.rows
        ],
    }
