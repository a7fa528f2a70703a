"""How the team wants rows to be grouped, in words and examples."""

from __future__ import annotations

import hashlib
import logging

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import AuditAction, User
from labeling.choices import QuestionState
from labeling.exceptions import GuidelinesChangedError, InvalidSettingError
from labeling.models import GuidelineExample, Question, Transform
from labeling.selectors.audit import who_did_last

logger = logging.getLogger(__name__)

MAX_GUIDELINES = 50_000
MAX_EXAMPLE_TEXT = 2_000
MAX_EXAMPLES = 30


def digest_of(text: str) -> str:
    """By which a form says over which text it was written."""
    return hashlib.sha256(text.encode()).hexdigest()


def save_guidelines(*, transform: Transform, user: User, text: str, seen: str = "") -> Transform:
    """Store the guidelines, in Markdown. ``seen`` is the ``digest_of`` those that the person had before them, if that is known.

    Raises ``InvalidSettingError`` if they are too long, ``GuidelinesChangedError`` if somebody else has saved others meanwhile; ``transform`` then has
    these.
    """
    text = text.replace("\r\n", "\n").strip()
    with transaction.atomic():
        stored = Transform.objects.select_for_update().only("guidelines").get(pk=transform.pk).guidelines
        transform.guidelines = stored
        if seen and seen != digest_of(stored) and text != stored:
            raise GuidelinesChangedError(_changed_meanwhile(transform))
        _save(transform, user, text)
    logger.info("transform %s: guidelines changed by user %s", transform.pk, user.pk)
    return transform


def _save(transform: Transform, user: User, text: str) -> None:
    if len(text) > MAX_GUIDELINES:
        raise InvalidSettingError(_("Guidelines can have up to %(most)d characters.") % {"most": MAX_GUIDELINES})
    before, transform.guidelines = transform.guidelines, text
    transform.save(update_fields=["guidelines", "updated_at"])
    if text != before:
        record(
            team=transform.team,
            by=user,
            action=AuditAction.GUIDELINES_CHANGED,
            subject=transform.name,
            details={"characters": [len(before), len(text)]},
        )


def _changed_meanwhile(transform: Transform) -> str:
    who = who_did_last(team=transform.team, action=AuditAction.GUIDELINES_CHANGED, subject=transform.name)
    message = _(
        "%(who)s has changed the guidelines while you were writing; that text stands below yours. Take over from it what should stay, "
        "then save again: your text then replaces it."
    )
    return message % {"who": who or _("Somebody")}


@transaction.atomic
def add_example(*, question: Question, user: User, text: str = "") -> GuidelineExample:
    """Show a settled question beside the guidelines, with its grouping of now; a question that is shown already gets the new text and grouping.

    Raises ``InvalidSettingError`` if it is not settled, is a control question, the text is too long or there are too many examples.
    """
    known = Question.objects.select_for_update(of=("self",)).select_related("question_set__transform__team")
    question = known.get(pk=question.pk)
    transform = question.question_set.transform
    if question.state != QuestionState.SETTLED or question.is_control:
        raise InvalidSettingError(_("Only settled questions can be examples. Control questions cannot."))
    if len(text) > MAX_EXAMPLE_TEXT:
        raise InvalidSettingError(_("The text can have up to %(most)d characters.") % {"most": MAX_EXAMPLE_TEXT})
    if transform.examples.exclude(question=question).count() >= MAX_EXAMPLES:
        raise InvalidSettingError(_("There are already %(most)d examples. Remove one first.") % {"most": MAX_EXAMPLES})
    example, _created = GuidelineExample.objects.update_or_create(
        transform=transform,
        question=question,
        defaults={"text": text.strip(), "labels": question.result},
        create_defaults={"text": text.strip(), "labels": question.result, "created_by": user},
    )
    _record(AuditAction.EXAMPLE_ADDED, example, user)
    return example


@transaction.atomic
def remove_example(*, example: GuidelineExample, user: User) -> None:
    """Show the question no longer."""
    _record(AuditAction.EXAMPLE_REMOVED, example, user)
    example.delete()


def _record(action: AuditAction, example: GuidelineExample, user: User) -> None:
    """Which question, not what is in its rows."""
    transform, question = example.transform, example.question
    record(
        team=transform.team,
        by=user,
        action=action,
        subject=transform.name,
        details={"set": question.question_set.number, "question": question.position},
    )
