"""Adjudication: the disputed questions of a transform, and the page on which one is decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import Membership
from labeling.choices import GROUP_LABELS, UNSURE, QuestionState
from labeling.exceptions import InvalidAnswerError, QuestionTakenError
from labeling.models import Row
from labeling.permissions import can_adjudicate
from labeling.selectors.adjudication import AdjudicationWork, adjudication_work, disputed_questions
from labeling.selectors.questions import question_number
from labeling.services.adjudication import next_disputed, open_adjudication, save_adjudication, submit_adjudication
from labeling.services.answers import release_question
from labeling.views.access import question_access, signed_in, transform_access
from labeling.views.contexts import error_text

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class RowLine:
    """One row on the page: each person's group in letters that fit the settled rows, and the group given so far."""

    row: Row
    given: list[str]
    label: str
    is_open: bool


@require_GET
def adjudication_list(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """What waits to be decided."""
    transform, membership = transform_access(request, transform_id, can_adjudicate)
    page = Paginator(disputed_questions(transform=transform), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "area": "transforms",
        "membership": membership,
        "transform": transform,
        "page": page,
        "now": timezone.now(),
    }
    return render(request, "labeling/adjudication/list.html", context)


@require_GET
def adjudication_next(request: HttpRequest, transform_id: UUID) -> HttpResponse:
    """On to the next disputed question; back to the list when nothing is left that nobody else holds."""
    transform, _membership = transform_access(request, transform_id, can_adjudicate)
    question = next_disputed(transform=transform, user=signed_in(request))
    if question is None:
        return redirect("labeling:adjudication-list", transform.pk)
    return redirect("labeling:question-adjudicate", question.pk)


@require_http_methods(["GET", "POST"])
def question_adjudicate(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """Decide the rows that people disagree on. Settled rows are not among what the browser sends."""
    question, membership = question_access(request, question_id, can_adjudicate)
    user = signed_in(request)
    try:
        question = open_adjudication(question=question, user=user)
        work = adjudication_work(question=question, user=user)
        if request.method == "POST":
            return _decide(request, work)
    except QuestionTakenError as error:
        messages.warning(request, error_text(error))
        return redirect("labeling:question-history", question.pk)
    except InvalidAnswerError as error:
        messages.error(request, error_text(error))
        work = adjudication_work(question=question, user=user)
        return render(request, "labeling/adjudication/detail.html", _page(work, membership, request.POST), status=422)
    return render(request, "labeling/adjudication/detail.html", _page(work, membership))


def _decide(request: HttpRequest, work: AdjudicationWork) -> HttpResponse:
    user, question = signed_in(request), work.question
    labels = work.settled | _sent(work, request.POST)
    if "draft" in request.POST:
        save_adjudication(question=question, user=user, labels=labels)
        release_question(question=question, steward=user)
        messages.info(request, _("Your decision so far is kept as a draft."))
        return redirect("labeling:adjudication-list", work.transform.pk)
    submit_adjudication(
        question=question,
        user=user,
        labels=labels,
        seconds=_count(request.POST, "seconds"),
        keys=_count(request.POST, "keys"),
    )
    if work.question.state == QuestionState.SETTLED:
        return redirect("labeling:question-history", question.pk)
    return redirect("labeling:adjudication-next", work.transform.pk)


def _sent(work: AdjudicationWork, data: QueryDict) -> dict[int, str]:
    """What the page says about the open rows."""
    return {row: data.get(f"row-{row}", "") for row in work.disputed}


def _count(data: QueryDict, name: str) -> int:
    value = data.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 7 else 0


def _page(work: AdjudicationWork, membership: Membership, sent: QueryDict | None = None) -> dict[str, Any]:
    labels = work.labels if sent is None else work.settled | _sent(work, sent)
    people = [fitting_labels(person.labels, work.settled) for person in work.people]
    return {
        "area": "transforms",
        "membership": membership,
        "transform": work.transform,
        "question": work.question,
        "number": question_number(question=work.question),
        "columns": work.columns,
        "people": work.people,
        "groups": [*GROUP_LABELS, UNSURE],
        "open_rows": len(work.disputed),
        "overrules": work.question.state == QuestionState.SETTLED,
        "lines": [
            RowLine(row, [given.get(row.pk, "") for given in people], labels.get(row.pk, ""), row.pk in work.disputed)
            for row in work.rows
        ],
    }


def fitting_labels(labels: Mapping[int, str], settled: Mapping[int, str]) -> dict[int, str]:
    """A person's groups under the letters that the settled rows have.

    A group takes the letter of the settled group that it shares most rows with, each letter once; the others keep their own letter if it is
    free, else get one that is. A group for which no letter is left comes out blank.
    """
    shared = Counter(
        (label, settled[row]) for row, label in labels.items() if label != UNSURE and settled.get(row, UNSURE) != UNSURE
    )
    letters: dict[str, str] = {UNSURE: UNSURE}
    for (label, letter), _rows in sorted(shared.items(), key=lambda item: (-item[1], item[0])):
        if label not in letters and letter not in letters.values():
            letters[label] = letter
    for label in dict.fromkeys(labels.values()):
        if label not in letters:
            taken = {*settled.values(), *letters.values()}
            free = [letter for letter in (label, *GROUP_LABELS) if letter not in taken]
            letters[label] = free[0] if free else ""
    return {row: letters[label] for row, label in labels.items()}
