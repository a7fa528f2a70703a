"""What the last result says: figures, the groups that are worth a look, and asking people about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRefresh

from labeling.choices import GroupKind
from labeling.exceptions import LabelportalError
from labeling.models import MatchResult, QuestionSet, Transform
from labeling.permissions import can_generate_questions, can_see_matches
from labeling.selectors.claims import is_given_up
from labeling.selectors.matches import ShownGroup, applied, groups_by_kind, shown_group
from labeling.services.match_questions import FOUND, ask_about_groups, count_groups, find_groups
from labeling.services.matches import LISTED
from labeling.views.access import id_in, number_in, signed_in, transform_access
from labeling.views.contexts import about_transform, error_text

PAGE_SIZE = 20
PAGE_COLUMNS = 400
"""So many columns all tables of a page have: twenty large groups of a hundred columns would be seven megabytes."""

_PADDING, WIDEST = 4, 40
"""In letters; longer values take several lines."""

_TAKEN, _FORMS = "taken_ticks", 20
"""The numbers of the last forms about which people were asked, in the session: what was ticked in them is ticked no more."""


@require_GET
@vary_on_headers("HX-Request")
def matches(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """The groups in the newest result, those that are worth a look first. While it is being read, htmx asks whether it has been."""
    transform, membership = transform_access(request, transform_id, can_see_matches)
    run = applied().filter(transform=transform).first()
    result = MatchResult.objects.filter(run=run).select_related("before__match_result").first() if run else None
    given_up = result is not None and is_given_up(result)
    awaited = run is not None and not given_up and (result is None or not (result.read_at or result.problem))
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(status=204) if awaited else HttpResponseClientRefresh()
    context = about_transform(transform, membership) | {
        "run": run,
        "result": result,
        "given_up": given_up,
        "awaited": awaited,
        "ticked": _ticked(request.GET),
    }
    if result is not None and result.read_at is not None and not result.problem:
        counts = groups_by_kind(result=result)
        find = request.GET.get("find", "").strip()[:200]
        context |= _found(result, find) if find else _listed(request, result, transform, counts)
        context["counts"] = _kinds(counts)
        context["widths"] = _widths(transform.column_names, context["shown"])
        context["taken"] = " ".join(request.session.get(_TAKEN, []))
    return render(request, "labeling/matches/page.html", context)


def _found(result: MatchResult, find: str) -> dict[str, Any]:
    """The groups that hold a text."""
    try:
        found, error = find_groups(result=result, text=find), ""
    except LabelportalError as failure:
        found, error = [], error_text(failure)
    return {"find": find, "limit": FOUND, "shown": [shown_group(group=group) for group in found], "error": error}


def _listed(
    request: HttpRequest, result: MatchResult, transform: Transform, counts: dict[GroupKind, int]
) -> dict[str, Any]:
    """A page of the groups of one kind."""
    kind = _wanted(request.GET.get("show", ""), counts)
    size = max(4, min(PAGE_SIZE, PAGE_COLUMNS // len(transform.columns)))
    page = Paginator(result.found.filter(kind=kind), size).get_page(request.GET.get("page"))
    return {"kind": kind, "listed": LISTED, "page": page, "shown": [shown_group(group=group) for group in page]}


def _widths(names: Sequence[str], shown: Sequence[ShownGroup]) -> list[int]:
    """Of each column in percent, as long as its longest value on the page, so that those of one group stand below those of the other."""
    rows = [names, *(row.values for one in shown for row in one.rows)]
    longest = [min(_PADDING + max(map(len, column)), WIDEST) for column in zip(*rows, strict=True)]
    together = sum(longest)
    return [100 * one // together for one in longest]


@require_POST
def matches_ask(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """Ask people about the groups that were ticked: about each, about each that the page shows, or whether all are one thing."""
    transform, _membership = transform_access(request, transform_id, can_generate_questions)
    result = get_object_or_404(MatchResult, pk=number_in(request.POST.get("result", "")), run__transform=transform)
    try:
        question_set = ask_about_groups(
            result=result,
            user=signed_in(request),
            groups=[id_in(text) for text in request.POST.getlist("shown" if "all" in request.POST else "group")],
            match_ids=request.POST.getlist("found"),
            together="together" in request.POST,
        )
    except LabelportalError as error:
        messages.error(request, error_text(error))
        return redirect(_back(request, transform))
    ticked = [id_in(text) for text in request.POST.getlist("group")]
    chosen = count_groups(result=result, groups=ticked, match_ids=request.POST.getlist("found"))
    messages.success(request, _asked_words(request.POST, question_set, chosen))
    request.session[_TAKEN] = [*request.session.get(_TAKEN, []), request.POST.get("number", "")[:20]][-_FORMS:]
    return redirect("labeling:question-set-detail", question_set.pk)


def _asked_words(form: QueryDict, question_set: QuestionSet, chosen: int) -> str:
    """How many questions there are now, and how many of the ``chosen`` groups are in none."""
    asked = question_set.asked
    words = ngettext("%(n)s question is in the stewards’ queue.", "%(n)s questions are in the stewards’ queue.", asked)
    words %= {"n": f"{asked:,}"}
    left_out = 0 if {"all", "together"} & form.keys() else chosen - asked
    if left_out > 0:
        more = ngettext(
            "%(n)s ticked group is left out: people have been asked about its rows before, or no question can hold it.",
            "%(n)s ticked groups are left out: people have been asked about their rows before, or no question can hold them.",
            left_out,
        )
        words = f"{words} {more % {'n': f'{left_out:,}'}}"
    return words


def _ticked(form: QueryDict) -> set[str]:
    """What was ticked: groups that are listed by their ids, groups that were found by their match ids."""
    return {*form.getlist("group"), *form.getlist("found")}


def _back(request: HttpRequest, transform: Transform) -> str:
    """The page from which was asked, with the same groups ticked: those of the page come first, and an address has its limits."""
    query = request.GET.copy()
    for name in ("group", "found"):
        query.setlist(name, request.POST.getlist(name)[:PAGE_SIZE])
    return f"{reverse('labeling:matches', args=[transform.pk])}?{query.urlencode()}"


def _kinds(counts: dict[GroupKind, int]) -> list[tuple[GroupKind, int]]:
    """The kinds to choose from; what was found before is one when there is some."""
    return [(kind, groups) for kind, groups in counts.items() if groups or kind != GroupKind.FOUND]


def _wanted(name: str, counts: dict[GroupKind, int]) -> GroupKind:
    """The kind that was asked for, else the first that there is something of."""
    if name in GroupKind.values:
        return GroupKind(name)
    return next((kind for kind, groups in counts.items() if groups), GroupKind.UNSURE)
