"""Replacing all labels: what Glue holds is kept, what would be forgotten is shown, then the name is typed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from accounts.models import Membership
from labeling.exceptions import LabelportalError, LabelsChangedError
from labeling.forms.replacements import ConfirmReplacementForm
from labeling.models import LabelReplacement
from labeling.permissions import can_replace_all
from labeling.selectors.differences import difference_view
from labeling.selectors.imports import answers_differ_from
from labeling.services.exports import check_still_held
from labeling.services.replacements import (
    confirm_replacement,
    look_again,
    replacement_difference,
    start_replacement,
)
from labeling.services.restoring import restore_state
from labeling.views.access import label_file_access, replacement_access, run_access, signed_in, transform_access
from labeling.views.contexts import about_transform, error_text
from labeling.views.living import render_living
from labeling.views.refusals import redirect_saying_why

_PAGE, _PART = "labeling/replacements/detail.html", "labeling/replacements/_live.html"


@require_POST
def answers_replace(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """Look at what replacing all labels by the answers would do."""
    transform, _membership = transform_access(request, transform_id, can_replace_all)
    try:
        replacement = start_replacement(transform=transform, user=signed_in(request))
    except LabelportalError as error:
        return redirect_saying_why(request, error, "labeling:import-create", transform.pk)
    return redirect("labeling:replacement-detail", replacement.pk)


@require_POST
def label_file_replace(request: HttpRequest, label_file_id: UUID) -> HttpResponse:
    """Look at what replacing all labels by those of a kept file would do: of a brought one, or of an earlier state."""
    label_file, _membership = label_file_access(request, label_file_id, can_replace_all)
    try:
        replacement = start_replacement(transform=label_file.transform, user=signed_in(request), label_file=label_file)
    except LabelportalError as error:
        return redirect_saying_why(request, error, "labeling:transform-detail", label_file.transform_id)
    return redirect("labeling:replacement-detail", replacement.pk)


@require_POST
def run_restore(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Look at what bringing back the labels would do that Glue held after a run."""
    run, _membership = run_access(request, run_id, can_replace_all)
    try:
        replacement = restore_state(run=run, user=signed_in(request))
    except LabelportalError as error:
        return redirect_saying_why(request, error, "labeling:run-detail", run.pk)
    return redirect("labeling:replacement-detail", replacement.pk)


@require_GET
@vary_on_headers("HX-Request")
def replacement_detail(request: HttpRequest, replacement_id: UUID) -> HttpResponse:
    """What would be forgotten, changed and new. htmx asks every two seconds while Glue writes out what it holds."""
    replacement, membership = replacement_access(request, replacement_id, can_replace_all)
    context = _context(replacement, membership)
    return render_living(request, _PAGE, _PART, context, goes_on=replacement.export_run.is_active)


@require_POST
def replacement_confirm(request: HttpRequest, replacement_id: UUID) -> HttpResponse:
    """Replace, if the name was typed and Glue still holds what was shown."""
    replacement, membership = replacement_access(request, replacement_id, can_replace_all)
    form = ConfirmReplacementForm(request.POST, transform=replacement.transform)
    if form.is_valid():
        try:
            run = confirm_replacement(replacement=replacement, user=signed_in(request))
        except LabelportalError as error:
            form.add_error(None, error_text(error))
        else:
            return redirect("labeling:run-detail", run.pk)
    context = _context(replacement, membership) | {"form": form}
    return render_living(request, _PAGE, _PART, context, goes_on=replacement.export_run.is_active, status=422)


@require_POST
def replacement_again(request: HttpRequest, replacement_id: UUID) -> HttpResponse:
    """Look again, with a new export."""
    replacement, _membership = replacement_access(request, replacement_id, can_replace_all)
    try:
        anew = look_again(replacement=replacement, user=signed_in(request))
    except LabelportalError as error:
        return redirect_saying_why(request, error, "labeling:replacement-detail", replacement.pk)
    return redirect("labeling:replacement-detail", anew.pk)


def _context(replacement: LabelReplacement, membership: Membership) -> dict[str, Any]:
    context = about_transform(replacement.transform, membership) | {
        "replacement": replacement,
        "export": replacement.export_run,
        "form": ConfirmReplacementForm(transform=replacement.transform),
    }
    if replacement.export_run.status != "SUCCEEDED":
        return context
    try:
        found = replacement_difference(replacement=replacement)
        context |= {
            "diff": found.diff,
            "view": difference_view(
                transform=replacement.transform, difference=found.diff, held=found.held, new=found.new
            ),
        }
        if replacement.import_run is None:
            context["answers_changed"] = replacement.from_answers and answers_differ_from(
                label_file=replacement.label_file
            )
            check_still_held(export=replacement.export_run)
    except LabelsChangedError as error:
        context["stale"] = str(error)
    except LabelportalError as error:
        context["error"] = error_text(error)
    return context
