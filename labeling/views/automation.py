"""Imports that start by themselves, and chains of runs."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from labeling.exceptions import LabelportalError
from labeling.forms.automation import AutomationForm
from labeling.models import Automation, Chain
from labeling.permissions import can_cancel_runs, can_edit_automation
from labeling.selectors.automation import answers_waiting, hold, newest_chains
from labeling.services.automation import save_automation
from labeling.services.chains import stop_chain
from labeling.views.access import posted, signed_in, transform_access
from labeling.views.contexts import about_transform, chain_steps, error_text


@require_http_methods(["GET", "POST"])
def automation(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """When answers are imported by themselves, what stands in the way, and what came of it."""
    transform, membership = transform_access(request, transform_id, can_edit_automation)
    form = AutomationForm.about(transform, posted(request))
    if form.is_valid():
        try:
            save_automation(transform=transform, user=signed_in(request), **form.cleaned_data)
        except LabelportalError as error:
            form.add_error(None, error_text(error))
        else:
            messages.success(request, _("The schedule has been saved."))
            return redirect("labeling:automation", transform.pk)
    saved = Automation.objects.filter(transform=transform, enabled=True).select_related("transform__team").first()
    context = about_transform(transform, membership) | {
        "form": form,
        "saved": saved,
        "hold": hold(automation=saved) if saved else None,
        "waiting": answers_waiting(transform=transform),
        "chains": [(chain, chain_steps(chain)) for chain in newest_chains(transform=transform)],
    }
    return render(request, "labeling/transforms/automation.html", context, status=422 if form.errors else 200)


@require_POST
def chain_stop(request: HttpRequest, transform_id: UUID, chain_id: UUID) -> HttpResponse:
    """Let nothing follow, and stop what is under way."""
    transform, _membership = transform_access(request, transform_id, can_cancel_runs)
    chain = get_object_or_404(Chain, pk=chain_id, transform=transform)
    try:
        stop_chain(chain=chain, user=signed_in(request))
    except LabelportalError as error:
        messages.error(request, error_text(error))
    else:
        messages.info(request, _("The round has been stopped; a run that was under way is being stopped."))
    newest = chain.runs.order_by("-created_at").first()
    return redirect("labeling:run-detail", newest.pk) if newest else redirect("labeling:automation", transform.pk)
