"""The guidelines of a transform and their examples."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from labeling.exceptions import GuidelinesChangedError, LabelportalError
from labeling.forms.guidelines import GuidelinesForm
from labeling.models import GuidelineExample
from labeling.permissions import can_edit_guidelines, is_member
from labeling.selectors.guidelines import guidelines_for
from labeling.services.guidelines import add_example, digest_of, remove_example, save_guidelines
from labeling.views.access import posted, posted_text, question_access, signed_in, transform_access
from labeling.views.contexts import about_transform, error_text
from labeling.views.refusals import redirect_saying_why


@require_http_methods(["GET", "POST"])
def guidelines(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """Everybody reads them, leads write them."""
    allowed = can_edit_guidelines if request.method == "POST" else is_member
    transform, membership = transform_access(request, transform_id, allowed)
    form = GuidelinesForm(posted(request), initial={"text": transform.guidelines})
    changed = False
    if form.is_valid():
        try:
            save_guidelines(transform=transform, user=signed_in(request), **form.cleaned_data)
        except GuidelinesChangedError as error:
            form.add_error("text", error_text(error))
            changed = True
        except LabelportalError as error:
            form.add_error("text", error_text(error))
        else:
            messages.success(request, _("The guidelines have been saved."))
            return redirect("labeling:guidelines", transform.pk)
    context = about_transform(transform, membership) | {
        "form": form,
        "seen": digest_of(transform.guidelines),
        "changed": changed,
        "guidelines": guidelines_for(transform=transform),
    }
    return render(request, "labeling/guidelines/page.html", context, status=422 if form.errors else 200)


@require_POST
def example_add(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """Show a settled question beside the guidelines."""
    question, _membership = question_access(request, question_id, can_edit_guidelines)
    try:
        add_example(question=question, user=signed_in(request), text=posted_text(request, "text"))
    except LabelportalError as error:
        return redirect_saying_why(request, error, "labeling:question-history", question.pk)
    messages.success(request, _("The question is now an example."))
    return redirect("labeling:guidelines", question.question_set.transform_id)


@require_POST
def example_remove(request: HttpRequest, transform_id: UUID, example_id: UUID) -> HttpResponse:
    """Show it no longer."""
    transform, _membership = transform_access(request, transform_id, can_edit_guidelines)
    remove_example(
        example=get_object_or_404(GuidelineExample, pk=example_id, transform=transform), user=signed_in(request)
    )
    messages.success(request, _("The example has been removed."))
    return redirect("labeling:guidelines", transform.pk)
