"""Question sets: how far each is, who works on it, what a lead decides about it; and how the team labels at all."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import Membership
from accounts.selectors import members_of
from labeling.exceptions import LabelportalError
from labeling.forms.question_sets import AssignForm, LabelingSettingsForm, QuestionSetForm
from labeling.models import QuestionSet
from labeling.permissions import can_assign, can_edit_labeling_settings, can_manage_question_sets
from labeling.selectors.question_sets import (
    large_questions,
    people_progress,
    set_overview,
    set_overviews,
    sets_in_order,
    too_few_people,
)
from labeling.selectors.queue import QueueFilter
from labeling.services.assignment import assign_questions, clear_assignments
from labeling.services.labeling_settings import update_labeling_settings
from labeling.services.question_sets import update_question_set
from labeling.views.access import posted, question_set_access, signed_in, transform_access
from labeling.views.contexts import about_transform, error_text

PAGE_SIZE = 50


@require_GET
def question_set_list(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """All sets of a transform, in the order in which they are asked."""
    transform, membership = transform_access(request, transform_id, can_manage_question_sets)
    page = Paginator(sets_in_order(transform=transform), PAGE_SIZE).get_page(request.GET.get("page"))
    context = about_transform(transform, membership) | {
        "page": page,
        "sets": set_overviews(list(page.object_list)),
    }
    return render(request, "labeling/question_sets/list.html", context)


@require_GET
def question_set_detail(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """One set."""
    question_set, membership = question_set_access(request, set_id, can_manage_question_sets)
    return _page(request, question_set, membership)


@require_POST
def question_set_edit(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """Change what a lead decides about the set."""
    question_set, membership = question_set_access(request, set_id, can_manage_question_sets)
    form = QuestionSetForm.about(question_set, request.POST)
    if form.is_valid():
        try:
            update_question_set(question_set=question_set, user=signed_in(request), **form.cleaned_data)
        except LabelportalError as error:
            form.add_error(None, error_text(error))
        else:
            messages.success(request, _("The set has been saved."))
            return redirect("labeling:question-set-detail", question_set.pk)
    question_set.refresh_from_db()
    return _page(request, question_set, membership, form=form)


@require_POST
def question_set_assign(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """Give open questions to people."""
    question_set, membership = question_set_access(request, set_id, can_assign)
    form = _assign_form(question_set, membership, request.POST)
    if form.is_valid():
        only = QueueFilter(form.cleaned_data["column"], form.cleaned_data["text"])
        try:
            count = assign_questions(
                question_set=question_set,
                user=signed_in(request),
                people=form.users,
                split=form.split,
                only=only if only.column else None,
            )
        except LabelportalError as error:
            form.add_error(None, error_text(error))
        else:
            said = ngettext("%(n)s question has been assigned.", "%(n)s questions have been assigned.", count)
            (messages.success if count else messages.warning)(request, said % {"n": f"{count:,}"})
            return redirect("labeling:question-set-detail", question_set.pk)
    return _page(request, question_set, membership, assign=form)


@require_POST
def question_set_clear(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """Take assignments back: one person's, or all."""
    question_set, membership = question_set_access(request, set_id, can_assign)
    people = None
    if person := request.POST.get("person"):
        people = [member.user for member in members_of(team=membership.team) if str(member.user_id) == person]
        if not people:
            raise Http404
    count = clear_assignments(question_set=question_set, user=signed_in(request), people=people)
    said = ngettext("%(n)s assignment has been taken back.", "%(n)s assignments have been taken back.", count)
    messages.success(request, said % {"n": f"{count:,}"})
    return redirect("labeling:question-set-detail", question_set.pk)


@require_http_methods(["GET", "POST"])
def labeling_settings(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """How the team labels with this transform."""
    transform, membership = transform_access(request, transform_id, can_edit_labeling_settings)
    form = LabelingSettingsForm.about(transform, posted(request))
    if form.is_valid():
        try:
            update_labeling_settings(transform=transform, user=signed_in(request), **form.cleaned_data)
        except LabelportalError as error:
            form.add_error(None, error_text(error))
        else:
            messages.success(request, _("The settings have been saved."))
            return redirect("labeling:labeling-settings", transform.pk)
    context = about_transform(transform, membership) | {"form": form}
    return render(request, "labeling/transforms/labeling_settings.html", context, status=422 if form.errors else 200)


def _assign_form(question_set: QuestionSet, membership: Membership, data: Any = None) -> AssignForm:
    return AssignForm(data, members=members_of(team=membership.team), transform=question_set.transform)


def _page(
    request: HttpRequest,
    question_set: QuestionSet,
    membership: Membership,
    form: QuestionSetForm | None = None,
    assign: AssignForm | None = None,
) -> HttpResponse:
    """The page of a set; a form that was refused stands there with what is wrong."""
    people = people_progress(question_set=question_set)
    context = about_transform(question_set.transform, membership) | {
        "one": set_overview(question_set=question_set),
        "name": str(question_set),
        "people": people,
        "large_questions": large_questions(question_set=question_set),
        "too_few": too_few_people(question_set=question_set),
        "assigned": sum(person.assigned for person in people),
        "form": form or QuestionSetForm.about(question_set),
        "assign": assign or _assign_form(question_set, membership),
    }
    refused = (form and form.errors) or (assign and assign.errors)
    return render(request, "labeling/question_sets/detail.html", context, status=422 if refused else 200)
