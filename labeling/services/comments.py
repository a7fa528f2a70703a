"""People talk about questions and rows."""

from __future__ import annotations

import re

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from labeling.exceptions import InvalidCommentError
from labeling.models import Comment, Question, Row

MAX_LENGTH = 5000
_MENTION = re.compile(r"(?<![\w@])@([\w.@+-]+)")


@transaction.atomic
def add_comment(*, question: Question, author: User, text: str, row: Row | None = None) -> Comment:
    """Remark on a question, or on one row of it. ``@name`` mentions a member of the team by sign-in name.

    Raises ``InvalidCommentError`` if it is blank or too long, or the row is another question's.
    """
    text = text.strip()
    if not text:
        raise InvalidCommentError(_("Write something first."))
    if len(text) > MAX_LENGTH:
        raise InvalidCommentError(_("A comment has up to %(most)d characters.") % {"most": MAX_LENGTH})
    if row is not None and row.question_id != question.pk:
        raise InvalidCommentError(_("A row does not belong to this question. Load the page again."))
    comment = Comment.objects.create(question=question, row=row, author=author, text=text)
    comment.mentions.set(_mentioned(question, text))
    return comment


def resolve_comment(*, comment: Comment, user: User) -> Comment:
    """Say that the matter is settled. Nothing changes if somebody has already said so."""
    Comment.objects.filter(pk=comment.pk, resolved_at__isnull=True).update(resolved_at=timezone.now(), resolved_by=user)
    comment.refresh_from_db()
    return comment


def reopen_comment(*, comment: Comment) -> Comment:
    """Say that the matter is not settled after all."""
    Comment.objects.filter(pk=comment.pk).update(resolved_at=None, resolved_by=None)
    comment.refresh_from_db()
    return comment


def _mentioned(question: Question, text: str) -> list[User]:
    """The members whose names stand in the text; a full stop that ends a sentence is not part of a name."""
    names = {name for found in _MENTION.findall(text) for name in (found, found.rstrip(".-+@"))}
    team = question.question_set.transform.team_id
    return list(User.objects.filter(username__in=names, memberships__team=team, is_active=True))
