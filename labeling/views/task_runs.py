"""Runs: start them, watch them, stop them."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from labeling.exceptions import LabelportalError
from labeling.permissions import (
    Allowed,
    can_apply,
    can_cancel_runs,
    can_evaluate,
    can_export,
    can_generate_questions,
    can_import,
    can_replace_all,
    can_retry_runs,
    can_see_runs,
    require,
)
from labeling.selectors.import_preview import import_preview, replace_preview
from labeling.selectors.task_runs import foreign_replacement
from labeling.services.chains import Afterwards, start_import
from labeling.services.notifications import mark_seen
from labeling.services.questions import ask_foreign_questions
from labeling.services.replacements import start_replacement
from labeling.services.task_runs import (
    RunRequest,
    StopOutcome,
    cancel_run,
    request_apply,
    request_evaluation,
    request_label_export,
    request_question_generation,
    retry_run,
)
from labeling.views.access import run_access, signed_in, transform_access
from labeling.views.contexts import about_transform, error_text, run_context
from labeling.views.living import render_living
from labeling.views.refusals import redirect_saying_why


@require_GET
@vary_on_headers("HX-Request")
def run_detail(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """One run. htmx asks for its living part every two seconds, until the run, what follows it and the estimate have ended."""
    run, membership = run_access(request, run_id, can_see_runs)
    if run.is_terminal:
        mark_seen(user=signed_in(request), run=run)
    context = run_context(run, membership)
    return render_living(
        request,
        "labeling/runs/detail.html",
        "labeling/runs/_live.html",
        context,
        goes_on=context["goes_on"],
        clock="labeling/runs/_so_far.html" if run.is_active else "",
    )


@require_POST
def run_cancel(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Stop a run that is under way."""
    run, _membership = run_access(request, run_id, can_cancel_runs)
    try:
        outcome = cancel_run(run=run, user=signed_in(request))
    except LabelportalError as error:
        messages.error(request, error_text(error))
    else:
        messages.info(request, _stop_words(outcome))
    return redirect("labeling:run-detail", run.pk)


def _stop_words(outcome: StopOutcome) -> str:
    match outcome:
        case StopOutcome.STOPPED:
            return _("The run has been stopped before Glue was asked for it.")
        case StopOutcome.ASKED:
            return _("Glue has been asked to stop the run. Its state changes here when it has stopped.")
        case StopOutcome.NOTED:
            return _("The run cannot be stopped right now. It will be stopped as soon as Glue can be reached.")


@require_POST
def run_retry(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Do the same once more. Replacing all labels is looked at again before."""
    run, membership = run_access(request, run_id, can_retry_runs)
    try:
        if run.replace_all_labels and run.label_file is not None:
            require(membership, can_replace_all)
            replacement = start_replacement(transform=run.transform, user=signed_in(request), label_file=run.label_file)
            return redirect("labeling:replacement-detail", replacement.pk)
        new = retry_run(run=run, user=signed_in(request))
    except LabelportalError as error:
        return redirect_saying_why(request, error, "labeling:run-detail", run.pk)
    return redirect("labeling:run-detail", new.pk)


@require_POST
def run_ask(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Ask the questions of a run that somebody else started."""
    run, _membership = run_access(request, run_id, can_generate_questions)
    try:
        question_set = ask_foreign_questions(run=run, user=signed_in(request))
    except LabelportalError as error:
        return redirect_saying_why(request, error, "labeling:run-detail", run.pk)
    messages.success(request, _("The questions are in the stewards’ queue."))
    return redirect("labeling:question-set-detail", question_set.pk)


@require_POST
def question_generate(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """Ask Glue for new questions."""
    return _start(request, transform_id, can_generate_questions, request_question_generation)


@require_POST
def evaluation_create(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """Estimate the quality."""
    return _start(request, transform_id, can_evaluate, request_evaluation)


@require_POST
def export_create(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """Have Glue write out the labels that it holds."""
    return _start(request, transform_id, can_export, request_label_export)


@require_POST
def apply_create(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """Run the transform over its table."""
    return _start(request, transform_id, can_apply, request_apply)


@require_http_methods(["GET", "POST"])
def import_create(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """What an import would carry, and the button that starts it."""
    transform, membership = transform_access(request, transform_id, can_import)
    problem = ""
    afterwards = wanted_afterwards(request)
    if request.method == "POST":
        try:
            run = start_import(transform=transform, user=signed_in(request), afterwards=afterwards)
        except LabelportalError as error:
            problem = error_text(error)
        else:
            return redirect("labeling:run-detail", run.pk)
    add = import_preview(transform=transform)
    # Where Glue holds nothing, replacing would be adding under a more alarming name.
    may_replace = can_replace_all(membership) and bool(add.labels_now or not add.rows)
    replace = replace_preview(transform=transform) if may_replace else None
    context = about_transform(transform, membership) | {
        "problem": problem,
        "afterwards": afterwards,
        "may_replace": may_replace,
        "foreign_replacement": foreign_replacement(transform=transform),
        "add": add,
        "replace": replace,
        "replaces_nothing": bool(replace and replace.changes_nothing(add)),
    }
    return render(request, "labeling/imports/new.html", context, status=422 if problem else 200)


def wanted_afterwards(request: HttpRequest) -> Afterwards:
    """What is to follow an import: what was ticked, and everything before anybody has."""
    if request.method != "POST":
        return Afterwards(evaluate=True, generate=True)
    return Afterwards(evaluate="evaluate" in request.POST, generate="generate" in request.POST)


def _start(request: HttpRequest, transform_id: UUID, allowed: Allowed, ask: RunRequest) -> HttpResponse:
    """Start a run and show it; what stands in the way is said on the transform's page."""
    transform, _membership = transform_access(request, transform_id, allowed)
    try:
        run = ask(transform=transform, user=signed_in(request))
    except LabelportalError as error:
        return redirect_saying_why(request, error, "labeling:transform-detail", transform.pk)
    return redirect("labeling:run-detail", run.pk)
