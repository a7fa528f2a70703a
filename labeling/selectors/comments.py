"""Comments on questions, and those that concern a person."""

from __future__ import annotations

from collections import Counter
from itertools import dropwhile

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Membership, User
from labeling.choices import AnswerStatus
from labeling.models import Answer, Comment, Question
from labeling.permissions import can_manage_controls
from labeling.selectors.controls import is_concealed


def comments_on(*, question: Question, reader: User) -> list[Comment]:
    """The comments on the question and its rows, oldest first, with author, row, who resolved it and ``mentions``; two queries.

    What was said about a control question before would tell the people it is asked of what it is: until they have answered, they read it from
    the first comment on that is their own or mentions them.
    """
    found = list(
        Comment.objects.filter(question=question)
        .select_related("author", "row", "resolved_by")
        .prefetch_related("mentions")
        .order_by("created_at", "pk")
    )
    if not found or not is_concealed(question=question, reader=reader):
        return found
    return list(
        dropwhile(lambda comment: comment.author_id != reader.pk and reader not in comment.mentions.all(), found)
    )


def open_comments_on(*, question: Question, reader: User) -> Counter[int | None]:
    """How many of ``comments_on`` are not resolved, by the id of the row that they are about; None for the whole question."""
    if question.is_control:
        comments = comments_on(question=question, reader=reader)
        return Counter(comment.row_id for comment in comments if comment.resolved_at is None)
    found = Comment.objects.filter(question=question, resolved_at__isnull=True)
    return Counter(found.values_list("row_id", flat=True))


def open_comments_for(*, reader: Membership) -> QuerySet[Comment]:
    """Open comments by others that mention the person, or that are on questions that they answered or remarked on; newest first.

    Of a control question that is concealed from them only those that ``comments_on`` shows. Archived transforms are out of the way.
    """
    answered = Answer.objects.filter(
        Q(control=False) | Q(status=AnswerStatus.SUBMITTED), question=OuterRef("question"), steward=reader.user_id
    )
    remarked = Comment.objects.filter(question=OuterRef("question"), author=reader.user_id)
    if not can_manage_controls(reader):
        remarked = remarked.filter(Q(question__is_control=False) | Q(created_at__lte=OuterRef("created_at")))
    mentioned = Comment.mentions.through.objects.filter(comment=OuterRef("pk"), user=reader.user_id)
    return (
        Comment.objects.filter(
            Q(Exists(mentioned)) | Q(Exists(answered)) | Q(Exists(remarked)),
            question__question_set__transform__team=reader.team_id,
            question__question_set__transform__archived_at=None,
            resolved_at__isnull=True,
        )
        .exclude(author=reader.user_id)
        .select_related("author", "question__question_set__transform")
        .order_by("-created_at", "pk")
    )
