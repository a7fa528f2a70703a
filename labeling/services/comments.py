"""People talk about questions and rows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.selectors import members_of
from labeling.exceptions import InvalidCommentError
from labeling.models import Comment, Question, Row

MAX_LENGTH = 5000
_ENDS = ".-+@"
"""What a sign-in name may have inside and a sentence at its end."""
_MENTION = re.compile(r"(?<![\w@])@([\w.@+-]+)")


@dataclass(frozen=True, slots=True)
class Mentions:
    """Whom the words after ``@`` mean; ``untold`` says in a sentence each which of them reach nobody."""

    people: list[User] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)


@transaction.atomic
def add_comment(*, question: Question, author: User, text: str, row: Row | None = None) -> Comment:
    """Remark on a question, or on one row of it. ``@name`` mentions a member of the team: see ``mentions_in``.

    Raises ``InvalidCommentError`` if it is blank or too long, or the row is another question's.
    """
    text = text.strip()
    if not text:
        raise InvalidCommentError(_("Enter a comment first."))
    if len(text) > MAX_LENGTH:
        raise InvalidCommentError(_("A comment can have up to %(most)d characters.") % {"most": MAX_LENGTH})
    if row is not None and row.question_id != question.pk:
        raise InvalidCommentError(_("A row does not belong to this question. Reload the page."))
    comment = Comment.objects.create(question=question, row=row, author=author, text=text)
    comment.mentions.set(mentions_in(question=question, text=text).people)
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


def mentions_in(*, question: Question, text: str) -> Mentions:
    """The members whose names stand after an ``@``: the sign-in name, else the full name, else the first name, in capitals or not.

    A name that fits several people reaches none of them. A full stop that ends a sentence is not part of a name.
    """
    found = list(_MENTION.finditer(text))
    if not found:
        return Mentions()
    members = [membership.user for membership in members_of(team=question.question_set.transform.team)]
    people: list[User] = []
    untold: dict[str, None] = {}
    for at in found:
        meant = _called(at[1], text[at.start(1) :], members)
        name = at[1].rstrip(_ENDS)
        if len(meant) == 1:
            people += meant
        elif meant:
            who = ", ".join(f"{person.display_name} (@{person.username})" for person in meant)
            untold[_("“%(name)s” could be %(who)s: nobody was notified.") % {"name": name, "who": who}] = None
        elif name:
            untold[_("Nobody in the team is called “%(name)s”.") % {"name": name}] = None
    return Mentions(people, list(untold))


def _called(word: str, text: str, members: list[User]) -> list[User]:
    """Who may be meant by the text that begins with this word: by the best kind of name that fits anybody."""
    for name in (word, word.rstrip(_ENDS)):
        for same in (str, str.casefold):
            if people := [member for member in members if same(member.username) == same(name)]:
                return people
    for names in (
        {member: member.get_full_name() for member in members},
        {member: member.first_name for member in members},
    ):
        if people := [member for member, name in names.items() if name and _begins(text, name)]:
            return people
    return []


def _begins(text: str, name: str) -> bool:
    """Whether the text begins with the whole name: “Ann” is not in “Anna” nor in “Ann-Marie”."""
    return text[: len(name)].casefold() == name.casefold() and not re.match(r"[.@+-]*\w", text[len(name) :])
