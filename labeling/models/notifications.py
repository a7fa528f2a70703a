"""Who is told what: things that happened, and the outbox of messages about them. Rows are the truth; sweeps send what waits."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from labeling.choices import MessageFormat, NotificationEvent, OutboxState


class Occurrence(models.Model):
    """Something happened of which people and webhooks are told, once: ``key`` says what and is unique.

    It is written in the transaction in which it happens; ``told_at`` is set with the messages that it leads to, in one transaction.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    transform = models.ForeignKey("labeling.Transform", on_delete=models.CASCADE, related_name="occurrences")
    event = models.CharField(max_length=30, choices=NotificationEvent.choices)
    key = models.CharField(max_length=100, unique=True)
    run = models.ForeignKey("labeling.TaskRun", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    question_set = models.ForeignKey(
        "labeling.QuestionSet", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    figures = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = [
            models.Index(fields=("created_at",), condition=models.Q(told_at=None), name="labeling_occurrence_untold")
        ]

    def __str__(self) -> str:
        return self.key


class Outbox(models.Model):
    """A message that is sent until it has arrived or has been tried too often. ``claimed_at`` dates the claim of the worker that sends it."""

    state = models.CharField(_("state"), max_length=10, choices=OutboxState.choices, default=OutboxState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True


class Notification(Outbox):
    """One person is told of one occurrence: in the page (``in_page``, until ``read_at``), and by e-mail unless ``state`` is ``none``."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    occurrence = models.ForeignKey(Occurrence, on_delete=models.CASCADE, related_name="notifications")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    in_page = models.BooleanField(default=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        constraints = [
            models.UniqueConstraint(fields=("occurrence", "user"), name="labeling_notification_once"),
        ]
        indexes = [
            models.Index(fields=("user", "-created_at"), name="labeling_notification_list"),
            models.Index(
                fields=("user",),
                condition=models.Q(read_at=None, in_page=True),
                name="labeling_notification_unread",
            ),
            models.Index(
                fields=("created_at",),
                condition=models.Q(state=OutboxState.WAITING),
                name="labeling_notification_mail",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.occurrence_id} for {self.user_id}"


class NotificationPreference(models.Model):
    """Whether one person of the team hears of an event in the page and by e-mail; without ``user`` it holds for all who have not chosen."""

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="notification_preferences")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="notification_preferences",
    )
    event = models.CharField(max_length=30, choices=NotificationEvent.choices)
    in_page = models.BooleanField()
    email = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("team", "user", "event"),
                condition=models.Q(user__isnull=False),
                name="labeling_preference_once_per_person",
            ),
            models.UniqueConstraint(
                fields=("team", "event"), condition=models.Q(user=None), name="labeling_preference_once_per_team"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} for {self.user_id or self.team_id}"


class Webhook(models.Model):
    """An address that is told of the team's ``events`` while it is ``in_use``. Its secret is not stored but derived: see ``services/webhooks``."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="webhooks")
    url = models.URLField(_("address"), max_length=500)
    message_format = models.CharField(
        _("format"), max_length=10, choices=MessageFormat.choices, default=MessageFormat.JSON
    )
    events = models.JSONField(default=list)
    in_use = models.BooleanField(_("in use"), default=True)
    secret_version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("created_at",)

    def __str__(self) -> str:
        return self.url

    @property
    def told(self) -> list[NotificationEvent]:
        """What it is told of, in the order of the forms."""
        return [event for event in NotificationEvent if event in self.events]


class WebhookDelivery(Outbox):
    """One message to a webhook; a test has no occurrence. ``id`` is sent along, so that receivers know what they have had already.

    ``body`` is in ``message_format``, which was that of the webhook when the body was written.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    occurrence = models.ForeignKey(
        Occurrence, on_delete=models.CASCADE, null=True, blank=True, related_name="deliveries"
    )
    message_format = models.CharField(max_length=10, choices=MessageFormat.choices, default=MessageFormat.JSON)
    body = models.TextField()
    status_code = models.PositiveSmallIntegerField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        constraints = [
            models.UniqueConstraint(
                fields=("webhook", "occurrence"),
                condition=models.Q(occurrence__isnull=False),
                name="labeling_delivery_once",
            )
        ]
        indexes = [
            models.Index(fields=("webhook", "-created_at"), name="labeling_delivery_log"),
            models.Index(
                fields=("created_at",),
                condition=models.Q(state=OutboxState.WAITING),
                name="labeling_delivery_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"
