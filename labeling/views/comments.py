"""What people say about questions and their rows: beside the grid, as pieces of HTML, and on the page of the question's history."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.selectors import members_of
from labeling.exceptions import InvalidCommentError
from labeling.models import Comment, Question, Row
from labeling.permissions import can_comment, can_label
from labeling.selectors.comments import comments_on
from labeling.selectors.guidelines import guidelines_for
from labeling.services.comments import add_comment, mentions_in, reopen_comment, resolve_comment
from labeling.views.access import posted_text, question_access, signed_in


@require_GET
def panel(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """What stands beside the grid: the guidelines with their examples, and the comments."""
    question, _membership = question_access(request, question_id, can_label)
    return _panel(request, question)


@require_POST
def panel_comment(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """Remark on the question, or on one of its rows."""
    question, _membership = question_access(request, question_id, can_comment)
    row = _row(question, request.POST.get("row", ""))
    try:
        comment = add_comment(question=question, author=signed_in(request), text=posted_text(request, "text"), row=row)
    except InvalidCommentError as error:
        return _panel(request, question, error=str(error))
    return _panel(request, question, untold=mentions_in(question=question, text=comment.text).untold)


@require_POST
def panel_resolve(request: HttpRequest, question_id: UUID, comment_id: UUID) -> HttpResponse:
    """Say whether the matter is settled."""
    return _panel(request, _resolved(request, question_id, comment_id))


@require_POST
def comment_add(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """Remark on a question."""
    question, _membership = question_access(request, question_id, can_comment)
    try:
        comment = add_comment(question=question, author=signed_in(request), text=posted_text(request, "text"))
    except InvalidCommentError as error:
        messages.error(request, str(error))
    else:
        for sentence in mentions_in(question=question, text=comment.text).untold:
            messages.warning(request, sentence)
    return redirect(_comments_of(question.pk))


@require_POST
def comment_resolve(request: HttpRequest, question_id: UUID, comment_id: UUID) -> HttpResponse:
    """Say whether the matter is settled."""
    return redirect(_comments_of(_resolved(request, question_id, comment_id).pk))


def _resolved(request: HttpRequest, question_id: UUID, comment_id: UUID) -> Question:
    """The question, after ``resolved`` (``yes`` or ``no``) of one of its comments: what the button said holds, also when somebody else was faster."""
    question, _membership = question_access(request, question_id, can_comment)
    comment = get_object_or_404(Comment, pk=comment_id, question=question)
    if request.POST.get("resolved") == "no":
        reopen_comment(comment=comment)
    else:
        resolve_comment(comment=comment, user=signed_in(request))
    return question


def _comments_of(question_id: UUID) -> str:
    return reverse("labeling:question-history", args=[question_id]) + "#comments"


def _row(question: Question, wanted: str) -> Row | None:
    if not wanted:
        return None
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 19):
        raise Http404
    return get_object_or_404(Row, pk=int(wanted), question=question)


def _panel(request: HttpRequest, question: Question, *, error: str = "", untold: Sequence[str] = ()) -> HttpResponse:
    transform = question.question_set.transform
    comments = comments_on(question=question, reader=signed_in(request))
    context = {
        "question": question,
        "transform": transform,
        "guidelines": guidelines_for(transform=transform),
        "comments": comments,
        "open_count": sum(comment.resolved_at is None for comment in comments),
        "rows": question.rows.order_by("position"),
        "others": members_of(team=transform.team).exclude(user=signed_in(request)),
        "error": error,
        "untold": untold,
    }
    return render(request, "labeling/questions/_panel.html", context, status=422 if error else 200)
