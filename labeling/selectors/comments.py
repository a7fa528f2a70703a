"""Comments on questions, and those that concern a person."""

from __future__ import annotations

from collections import Counter

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Team, User
from labeling.models import Answer, Comment, Question


def comments_on(*, question: Question) -> list[Comment]:
    """All comments on the question and its rows, oldest first, with author, row, who resolved it and ``mentions``; two queries."""
    return list(
        Comment.objects.filter(question=question)
        .select_related("author", "row", "resolved_by")
        .prefetch_related("mentions")
        .order_by("created_at", "pk")
    )


def open_comments_on(*, question: Question) -> Counter[int | None]:
    """How many comments are not resolved, by the id of the row that they are about; None for the whole question."""
    found = Comment.objects.filter(question=question, resolved_at__isnull=True)
    return Counter(found.values_list("row_id", flat=True))


def open_comments_for(*, team: Team, user: User) -> QuerySet[Comment]:
    """Open comments by others that mention the person, or that are on questions that they answered or remarked on; newest first."""
    mine = Answer.objects.filter(question=OuterRef("question"), steward=user)
    remarked = Comment.objects.filter(question=OuterRef("question"), author=user)
    mentioned = Comment.mentions.through.objects.filter(comment=OuterRef("pk"), user=user)
    return (
        Comment.objects.filter(
            Q(Exists(mentioned)) | Q(Exists(mine)) | Q(Exists(remarked)),
            question__question_set__transform__team=team,
            resolved_at__isnull=True,
        )
        .exclude(author=user)
        .select_related("author", "question__question_set__transform")
        .order_by("-created_at", "pk")
    )
