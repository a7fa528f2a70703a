"""People and webhooks are told of what happened, each once."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from email.utils import make_msgid
from smtplib import SMTPConnectError, SMTPException, SMTPServerDisconnected

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record_changes
from accounts.links import absolute
from accounts.models import AuditAction, Team, User
from accounts.selectors import active_memberships
from labeling.choices import NotificationEvent, OutboxState
from labeling.models import Notification, NotificationPreference, Occurrence, TaskRun, Webhook, WebhookDelivery
from labeling.permissions import can_be_notified
from labeling.selectors.notifications import choice_of_each, choices_of, words_of
from labeling.selectors.webhook_messages import message_of
from labeling.services import outbox
from labeling.services.occurrences import sweep_question_sets

logger = logging.getLogger(__name__)


def sweep_notifications() -> None:
    """Look for finished sets, then write the messages of every occurrence that nobody has been told of. One that fails does not keep the others
    from their turn."""
    sweep_question_sets()
    _tell_all(Occurrence.objects.filter(told_at=None).order_by("created_at")[:100])


def _tell_all(untold: QuerySet[Occurrence]) -> None:
    for occurrence in untold.select_related("transform__team", "run", "question_set"):
        try:
            tell(occurrence=occurrence)
        except Exception:
            logger.exception("occurrence %s: nobody could be told", occurrence.pk)


@transaction.atomic
def tell(*, occurrence: Occurrence) -> None:
    """Write the messages to people and webhooks and note that it is done, all or nothing. Of two calls at a time one does nothing."""
    if not Occurrence.objects.filter(pk=occurrence.pk, told_at=None).update(told_at=timezone.now()):
        return
    team = occurrence.transform.team
    members = active_memberships().filter(team=team).select_related("user", "team")
    told = [membership for membership in members if can_be_notified(membership)]
    choices = choice_of_each(
        team=team, event=NotificationEvent(occurrence.event), people=[membership.user_id for membership in told]
    )
    messages = []
    for membership in told:
        choice = choices[membership.user_id]
        state = OutboxState.WAITING if choice.email and membership.user.email else OutboxState.NONE
        if choice.in_page or state == OutboxState.WAITING:
            messages.append(
                Notification(occurrence=occurrence, user=membership.user, in_page=choice.in_page, state=state)
            )
    Notification.objects.bulk_create(messages)
    webhooks = [hook for hook in Webhook.objects.filter(team=team, in_use=True) if occurrence.event in hook.events]
    bodies = {asked: message_of(occurrence, asked) for asked in {hook.message_format for hook in webhooks}}
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            webhook=hook,
            occurrence=occurrence,
            message_format=hook.message_format,
            body=bodies[hook.message_format],
        )
        for hook in webhooks
    )


def send_mails() -> None:
    """Send the e-mails that wait. One that was on its way when its worker died may come twice, with the same Message-ID.

    Without a connection to the mail server no other mail is tried: each would wait for it as long.
    """
    waiting = Notification.objects.select_related(
        "user", "occurrence__transform", "occurrence__run", "occurrence__question_set__transform"
    )
    for notification in outbox.taken(waiting):
        try:
            _mail(notification).send()
        except OSError as error:  # also what smtplib raises
            logger.warning("mail %s could not be sent: %s", notification.pk, type(error).__name__)
            outbox.ended(notification, sent=False, error=f"{type(error).__name__}: {error}"[:500])
            if not isinstance(error, SMTPException) or isinstance(error, SMTPServerDisconnected | SMTPConnectError):
                return
        except ValueError as error:  # such as an address of two lines, which will be no better next time
            logger.warning("mail %s could not be made: %s", notification.pk, type(error).__name__)
            outbox.ended(notification, sent=False, again=False, error=f"{type(error).__name__}: {error}"[:500])
        else:
            outbox.ended(notification, sent=True)


def mark_read(*, user: User, team: Team, notification: Notification | None = None) -> None:
    """One notification, or all of the team's, are read."""
    unread = Notification.objects.filter(user=user, read_at=None, occurrence__transform__team=team)
    if notification is not None:
        unread = unread.filter(pk=notification.pk)
    unread.update(read_at=timezone.now())


def mark_seen(*, user: User, run: TaskRun) -> None:
    """The person sees on the run's own page how it ended, so neither the bell nor a mail that is not yet on its way need say it.

    Whoever watches a run is there before the messages are.
    """
    _tell_all(Occurrence.objects.filter(run=run, told_at=None))
    unread = Notification.objects.filter(user=user, read_at=None, occurrence__run=run)
    if unread.exists():
        unread.filter(state=OutboxState.WAITING, claimed_at=None).update(state=OutboxState.NONE)
        unread.update(read_at=timezone.now())


@transaction.atomic
def save_choices(
    *, team: Team, user: User | None, chosen: Mapping[NotificationEvent, tuple[bool, bool]], by: User
) -> None:
    """Keep for each event whether it is told in the page and by e-mail, for one person, or (without one) for all who have not chosen."""
    before = {} if user else _told(team)
    for event, (in_page, email) in chosen.items():
        NotificationPreference.objects.update_or_create(
            team=team, user=user, event=event, defaults={"in_page": in_page, "email": email}
        )
    if user is None:
        record_changes(
            team=team,
            by=by,
            action=AuditAction.NOTIFICATIONS_CHANGED,
            subject=team.name,
            before=before,
            after=_told(team),
        )


def _told(team: Team) -> dict[str, str]:
    """In which ways the team is told of each event."""
    ways = {(True, True): "page_email", (True, False): "page", (False, True): "email", (False, False): "nowhere"}
    return {one.event.value: ways[one.in_page, one.email] for one in choices_of(team=team, user=None)}


def forget_choices(*, team: Team, user: User) -> None:
    """The person follows the team again."""
    NotificationPreference.objects.filter(team=team, user=user).delete()


def _mail(notification: Notification) -> EmailMessage:
    words = words_of(notification.occurrence)
    link, choose = absolute(words.path), absolute(reverse("labeling:notification-settings"))
    footer = _("Choose your notifications here: %(link)s") % {"link": choose}
    text = "\n\n".join(part for part in (words.title, words.detail, link, f"-- \n{footer}") if part)
    domain = make_msgid().rpartition("@")[2].rstrip(">")
    return EmailMessage(
        subject=" ".join(words.title.split()),
        body=text,
        to=[notification.user.email],
        headers={"Message-ID": f"<{notification.pk}@{domain}>", "Auto-Submitted": "auto-generated"},
    )
