"""People, teams, and what a person may do in a team."""

from __future__ import annotations

import uuid
from functools import cache
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


@cache
def time_zones() -> frozenset[str]:
    """All of their names; to gather them takes a look at each of their files."""
    return frozenset(available_timezones())


def validate_time_zone(name: str) -> None:
    """A name of the IANA time zone database, such as ``Europe/Berlin``."""
    if name not in time_zones():
        raise ValidationError(_("There is no time zone %(name)s."), params={"name": name})


class User(AbstractUser):
    """A person who signs in; ``username`` is the sign-in name. Whoever reads the mail of ``email`` can choose a new password."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(
        _("sign-in name"),
        max_length=150,
        unique=True,
        validators=[
            UnicodeUsernameValidator(
                message=_("This is no sign-in name. It has letters, digits and @ . + - _ and nothing else.")
            )
        ],
        error_messages={"unique": _("Someone already has this sign-in name.")},
    )

    class Meta(AbstractUser.Meta):
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                condition=~models.Q(email=""),
                name="accounts_address_once",
                violation_error_message=_("Someone already has this e-mail address."),
            )
        ]

    @property
    def display_name(self) -> str:
        """The full name, else the sign-in name."""
        return self.get_full_name() or self.username

    @property
    def uses_password(self) -> bool:
        """Whether they have a password, and can sign in with it."""
        return self.has_usable_password() and not settings.OIDC_ONLY

    @property
    def uses_single_sign_on(self) -> bool:
        """Whether they have ever come from the OpenID Connect provider."""
        return self.identities.exists()


class Identity(models.Model):
    """An account at an OpenID Connect provider with which a person signs in. ``subject`` is its id there, which stays when its name and address
    change; of one provider a person has one account."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=500)
    subject = models.CharField(max_length=255)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("issuer", "subject"), name="accounts_identity_of_one_person"),
            models.UniqueConstraint(fields=("user", "issuer"), name="accounts_one_identity_per_issuer"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"


class Team(models.Model):
    """The people who teach the same transforms; everything in labeling belongs to one team."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=100, unique=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_time_zone])
    created_at = models.DateTimeField(auto_now_add=True)
    members = models.ManyToManyField(User, through="Membership", related_name="teams")

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What a member does in the team; each later role may also do what the earlier ones do."""

    STEWARD = "steward", _("Data steward")
    LEAD = "lead", _("Team lead")
    ADMIN = "admin", _("Administrator")


class Membership(models.Model):
    """One person's role in one team. ``skills`` are tags between commas: what the person knows about.

    Whoever has left keeps the row with ``is_active`` off: what they did in the team still has a name, and they may come back.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.STEWARD)
    skills = models.CharField(_("skills"), max_length=500, blank=True, help_text=_("Tags, separated by commas."))
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("user__username",)
        constraints = [
            models.UniqueConstraint(fields=("team", "user"), name="accounts_membership_once_per_team"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="accounts_membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"

    @property
    def skill_tags(self) -> frozenset[str]:
        """The skills one by one, without regard to capitals."""
        return frozenset(filter(None, (tag.strip().casefold() for tag in self.skills.split(","))))


class ApiToken(models.Model):
    """With which a program acts for a person in one team (``accounts.tokens``). Only the hash is kept; by ``start`` people tell theirs apart."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=60)
    digest = models.CharField(max_length=64, unique=True)
    start = models.CharField(max_length=12)
    may_write = models.BooleanField(_("may change things"), default=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.name

    @property
    def is_expired(self) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= timezone.now()


class AttemptCount(models.Model):
    """Failed attempts to sign in with one name, from one address, or with that name from that address (``accounts.brake``).

    Both are keyed hashes, "" stands for any: whoever reads the table learns neither where people are nor the password that somebody typed
    in the wrong field.
    """

    name = models.CharField(max_length=64, blank=True)
    address = models.CharField(max_length=64, blank=True)
    failures = models.PositiveIntegerField(default=0)
    since = models.DateTimeField()
    refused_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("name", "address"), name="accounts_attempts_counted_once")]
        indexes = [models.Index(fields=("since",), name="accounts_attempts_by_age")]

    def __str__(self) -> str:
        return f"{self.name[:8] or '*'} from {self.address[:8] or '*'}: {self.failures}"


class Agent(models.TextChoices):
    """Who changes things without being a person."""

    COMMAND = "command", _("Command line")
    SINGLE_SIGN_ON = "single_sign_on", _("Single sign-on")


class AuditAction(models.TextChoices):
    """What the audit trail tells of."""

    PERSON_ADDED = "person.added", _("Person added")
    PERSON_CHANGED = "person.changed", _("Name or address changed")
    ROLE_CHANGED = "person.role_changed", _("Role changed")
    PERSON_DEACTIVATED = "person.deactivated", _("Person deactivated")
    PERSON_REACTIVATED = "person.reactivated", _("Person reactivated")
    SKILLS_CHANGED = "person.skills_changed", _("Skills changed")
    LINK_MADE = "password.link_made", _("Link for a password created")
    PASSWORD_SET = "password.set", _("Password set")
    IDENTITY_TIED = "single_sign_on.tied", _("Single sign-on: account linked")
    IDENTITIES_FORGOTTEN = "single_sign_on.forgotten", _("Single sign-on: account forgotten")
    TOKEN_MADE = "token.made", _("API token created")
    TOKEN_REVOKED = "token.revoked", _("API token revoked")
    TEAM_CHANGED = "team.changed", _("Team settings changed")
    GOAL_CHANGED = "team.goal_changed", _("Goal changed")
    NOTIFICATIONS_CHANGED = "team.notifications_changed", _("Team notifications changed")
    WEBHOOK_CREATED = "webhook.created", _("Webhook created")
    WEBHOOK_CHANGED = "webhook.changed", _("Webhook changed")
    WEBHOOK_RENEWED = "webhook.renewed", _("Webhook secret renewed")
    WEBHOOK_DELETED = "webhook.deleted", _("Webhook deleted")
    TRANSFORM_CREATED = "transform.created", _("Transform created")
    TRANSFORM_ADDED = "transform.added", _("Transform added from Glue")
    TRANSFORM_CHANGED = "transform.changed", _("Transform changed")
    TABLE_REPLACED = "transform.table_replaced", _("Rows of a transform replaced")
    TRANSFORM_ARCHIVED = "transform.archived", _("Transform archived")
    TRANSFORM_BROUGHT_BACK = "transform.brought_back", _("Transform brought back")
    LABELING_CHANGED = "transform.labeling_changed", _("Labeling settings changed")
    GUIDELINES_CHANGED = "guidelines.changed", _("Guidelines changed")
    EXAMPLE_ADDED = "guidelines.example_added", _("Example added")
    EXAMPLE_REMOVED = "guidelines.example_removed", _("Example removed")
    SCHEDULE_CHANGED = "schedule.changed", _("Schedule changed")
    LABELS_REPLACED = "labels.replaced", _("Replacement of all labels confirmed")


class AuditEntry(models.Model):
    """Somebody changed something about people, access or settings. ``accounts.audit`` writes entries; nothing changes or deletes them.

    Names are as they were, so that the entry stays readable whatever becomes of the person and the thing. ``actor`` is empty where an ``agent`` did it.
    ``about`` is the person it happened to. ``details`` has for each field what it was and what it is, ``[before, after]``, or a plain value.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="audit_entries")
    actor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    actor_name = models.CharField(max_length=310, blank=True)
    agent = models.CharField(max_length=20, choices=Agent.choices, blank=True)
    action = models.CharField(max_length=40, choices=AuditAction.choices)
    about = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    subject = models.CharField(max_length=310)
    details = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-at", "-id")
        indexes = [models.Index(fields=("team", "at", "id"), name="accounts_audit_in_order")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(action__in=AuditAction.values), name="accounts_audit_action_known"
            ),
            models.CheckConstraint(
                condition=models.Q(agent="") ^ models.Q(actor_name=""), name="accounts_audit_by_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action}: {self.subject}"
