"""The audit trail: an entry after each change, none after a refusal, never a change without its entry, never a secret."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from django.apps import apps
from django.conf import settings as project
from django.core.exceptions import ValidationError
from django.db import connections, transaction
from django.db.models import ProtectedError

from accounts.audit import record
from accounts.exceptions import LastAdminError
from accounts.identities import forget_identities, person_of
from accounts.links import make_link, make_link_for
from accounts.models import Agent, ApiToken, AuditAction, AuditEntry, Identity, Membership, Role, User
from accounts.oidc import Claims
from accounts.services import (
    invite_person,
    reactivate_member,
    set_password,
    set_role,
    set_skills,
    set_time_zone,
    update_person,
)
from accounts.tokens import create_token, revoke_token
from labeling.aws.data_catalog import Column
from labeling.aws.glue import InputTable, MLTransform
from labeling.aws.parameters import FindMatchesSettings
from labeling.choices import GoalPeriod, LabelFileKind, NotificationEvent, RunKind, RunStatus
from labeling.exceptions import GlueError, LabelportalError, LabelsChangedError
from labeling.models import (
    GuidelineExample,
    LabelFile,
    LabelReplacement,
    Question,
    SourceFile,
    TaskRun,
    Transform,
    Webhook,
)
from labeling.selectors.audit_words import details, sentence
from labeling.selectors.notifications import choices_of
from labeling.services.adoption import GlueTransform, adopt_transform
from labeling.services.archive import archive_transform, bring_back_transform
from labeling.services.automation import save_automation
from labeling.services.catalog import CatalogTable
from labeling.services.goals import set_goal
from labeling.services.guidelines import add_example, remove_example, save_guidelines
from labeling.services.labeling_settings import update_labeling_settings
from labeling.services.notifications import save_choices
from labeling.services.people import deactivate_person
from labeling.services.replacements import confirm_replacement
from labeling.services.table_versions import replace_rows
from labeling.services.transforms import create_transform, update_transform
from labeling.services.webhooks import create_webhook, delete_webhook, renew_secret, secret_of, update_webhook
from tests.labeling.builders import Cast, answer, cast, finished_run, question_set, transform

HOOK = "https://hooks.example.org:8443/services/T0SECRET/path-secret?key=query-secret"
PASSWORD = "correct horse battery"
CELL = "cell-of-a-row"
CLAIMS = Claims("https://login.example.org", "subject-7", "sam@example.org", "sam", "Sam", "Rivera")
REFUSED = (ValidationError, LastAdminError, LabelportalError)


@dataclass
class World:
    """A team with something of everything."""

    people: Cast
    transform: Transform
    settled: Question
    open: Question

    @property
    def lead(self) -> User:
        return self.people.lead

    @property
    def admin(self) -> User:
        return self.people.admin

    def member(self, user: User) -> Membership:
        return Membership.objects.select_related("team", "user").get(team=self.people.team, user=user)

    def webhook(self) -> Webhook:
        return Webhook.objects.create(team=self.people.team, url=HOOK, events=["run.failed"], created_by=self.admin)

    def token(self) -> ApiToken:
        with_secret, _secret = create_token(
            membership=self.member(self.people.steward), name="nightly", days=30, may_write=False
        )
        return with_secret

    def replacement(self, status: RunStatus = RunStatus.SUCCEEDED) -> LabelReplacement:
        export = finished_run(self.transform, self.lead, RunKind.EXPORT_LABELS)
        TaskRun.objects.filter(pk=export.pk).update(status=status)
        export.refresh_from_db()
        file = LabelFile.objects.create(
            transform=self.transform,
            kind=LabelFileKind.UPLOADED,
            bucket="b",
            key="label-files/new.csv",
            size=1,
            sha256="0" * 64,
            sets=2,
            rows=5,
            matching_pairs=3,
        )
        return LabelReplacement.objects.create(
            transform=self.transform, label_file=file, export_run=export, created_by=self.admin
        )


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> World:
    """Glue answers at once, and holds what it held."""
    people = cast()
    User.objects.filter(pk=people.steward.pk).update(email="sam@example.org")
    User.objects.filter(pk=people.admin.pk).update(password="usable")
    people.steward.refresh_from_db()
    of = transform(people.team, people.admin, glue_transform_id="tfm-1")
    settled, still_open = question_set(of, people.lead, [2, 2])
    settled.rows.update(values=["1", CELL])
    answer(settled, people.steward, "AB")
    settled.refresh_from_db()
    glue = "labeling.services.transforms.glue."
    seen = SimpleNamespace(status="NOT_READY", label_count=0, schema=())
    monkeypatch.setattr(f"{glue}create_ml_transform", lambda **_asked: "tfm-2")
    monkeypatch.setattr(f"{glue}get_ml_transform", lambda **_asked: seen)
    monkeypatch.setattr("labeling.services.table_versions.data_catalog.update_table", lambda **_asked: None)
    monkeypatch.setattr(f"{glue}update_ml_transform", lambda **asked: vars(seen).update(asked))
    monkeypatch.setattr("labeling.services.replacements.check_still_held", lambda **_asked: None)
    return World(people, of, settled, still_open)


def labeling_settings(world: World, **wanted: Any) -> None:
    usual: dict[str, Any] = {
        "answers_per_question": 2,
        "consensus_rule": "majority",
        "show_proposals": True,
        "control_percent": 0,
    }
    shown = {"links_in_cells": False, "images_in_cells": False}
    update_labeling_settings(transform=world.transform, user=world.lead, **(usual | shown | wanted))


def schedule(world: World, **wanted: Any) -> None:
    usual = {"enabled": True, "every_answers": 20, "nightly_hour": None, "time_zone": "UTC"}
    save_automation(
        transform=world.transform, user=world.lead, **(usual | {"evaluate": True, "generate": True} | wanted)
    )


def changed_webhook(world: World, hook: Webhook, **wanted: Any) -> None:
    usual: dict[str, Any] = {"url": HOOK, "events": ["run.failed"], "message_format": "json", "in_use": True}
    update_webhook(webhook=hook, user=world.admin, **(usual | wanted))


def new_transform(world: World, name: str = "Products") -> Transform:
    table: Any = SimpleNamespace(database="db", name="products", columns=())
    preview: Any = SimpleNamespace(problem_with_key=lambda _key: "")
    return create_transform(
        team=world.people.team,
        user=world.admin,
        name=name,
        source=table,
        preview=preview,
        primary_key="id",
        precision_recall=0.5,
        accuracy_cost=0.5,
    )


def added_transform(world: World, name: str = "Products") -> Transform:
    columns = (Column("id", "string"), Column("name", "string"))
    settings = FindMatchesSettings("id", 0.5, 0.5, enforce_provided_labels=False)
    tables = (InputTable("db", "products"),)
    seen = MLTransform("tfm-7", name, "READY", 8, tables, columns, settings, None, None, None)
    table = CatalogTable("db", "products", "s3://b/products/", "csv", columns, None)
    return adopt_transform(team=world.people.team, user=world.admin, found=GlueTransform(seen, table))


def edit(world: World, name: str = "Customers") -> None:
    update_transform(
        transform=world.transform,
        user=world.admin,
        name=name,
        precision_recall=0.9,
        accuracy_cost=0.5,
        enforce_provided_labels=False,
    )


def notifications(world: World) -> None:
    now = {choice.event: (choice.in_page, choice.email) for choice in choices_of(team=world.people.team, user=None)}
    chosen = now | {NotificationEvent.RUN_ENDED: (False, False)}
    save_choices(team=world.people.team, user=None, chosen=chosen, by=world.lead)


def example(world: World) -> GuidelineExample:
    return add_example(question=world.settled, user=world.lead, text=CELL)


def person(world: World, **changed: str) -> None:
    sam = world.people.steward
    update_person(
        user=sam, by=world.admin, **({"first_name": "Sam", "last_name": "Rivera", "email": sam.email} | changed)
    )


def archived(world: World) -> Transform:
    archive_transform(transform=world.transform, user=world.admin)
    return world.transform


def newer_file(world: World) -> SourceFile:
    old, new = (
        SourceFile.objects.create(
            team=world.people.team,
            name=name,
            format="parquet",
            key=f"sources/{name}/data.parquet",
            size=1,
            sha256="0" * 64,
            row_count=rows,
            columns=[{**column, "distinct": rows, "blank": 0, "problem": ""} for column in world.transform.columns],
            created_by=world.admin,
        )
        for name, rows in (("old.csv", 2), ("new.csv", 3))
    )
    world.transform.source_file = old
    world.transform.save()
    return new


def left(world: World) -> Membership:
    deactivate_person(membership=world.member(world.people.steward), user=world.admin)
    return world.member(world.people.steward)


@dataclass(frozen=True)
class Case:
    """A change of what was prepared, and the line that it leaves."""

    action: AuditAction
    change: Callable[[World, Any], object]
    line: str
    prepared: Callable[[World], Any] = lambda _world: None


CASES = [
    Case(
        AuditAction.PERSON_ADDED,
        lambda w, _: invite_person(team=w.people.team, username="eve", role=Role.LEAD, first_name="Eve", by=w.admin),
        "Admin added Eve as team lead",
    ),
    Case(
        AuditAction.PERSON_CHANGED,
        lambda w, _: person(w, last_name="", email="rivera@example.org"),
        "Admin changed the name or address of Steward | First name: Steward → Sam"
        " | E-mail address: sam@example.org → rivera@example.org",
    ),
    Case(
        AuditAction.ROLE_CHANGED,
        lambda w, _: set_role(team=w.people.team, user=w.people.steward, role=Role.LEAD, by=w.admin),
        "Admin changed the role of Steward from data steward to team lead",
    ),
    Case(
        AuditAction.PERSON_DEACTIVATED,
        lambda w, token: deactivate_person(membership=token.membership, user=w.admin),
        "Admin deactivated Steward, who was data steward | API tokens revoked: 1",
        prepared=World.token,
    ),
    Case(
        AuditAction.PERSON_REACTIVATED,
        lambda w, member: reactivate_member(membership=member, by=w.admin),
        "Admin reactivated Steward as data steward",
        prepared=left,
    ),
    Case(
        AuditAction.SKILLS_CHANGED,
        lambda w, _: set_skills(membership=w.member(w.people.steward), skills="polish", by=w.lead),
        "Lead changed the skills of Steward | Skills: – → polish",
    ),
    Case(
        AuditAction.LINK_MADE,
        lambda w, _: make_link_for(user=w.people.steward, by=w.admin),
        "Admin created a link with which Steward can choose a password",
    ),
    Case(
        AuditAction.PASSWORD_SET,
        lambda w, _: set_password(user=w.people.steward, password=PASSWORD, by=Agent.COMMAND),
        "Command line set a password for Steward",
    ),
    Case(
        AuditAction.IDENTITY_TIED,
        lambda _w, _: person_of(CLAIMS),
        "Single sign-on: Steward signed in for the first time with their account | Provider: https://login.example.org",
    ),
    Case(
        AuditAction.IDENTITIES_FORGOTTEN,
        lambda w, _: forget_identities(user=w.people.steward, by=Agent.COMMAND),
        "Command line made the portal forget the single sign-on of Steward",
        prepared=lambda w: Identity.objects.create(user=w.people.steward, issuer="i", subject="s"),
    ),
    Case(
        AuditAction.TOKEN_MADE,
        lambda w, _: w.token(),
        "Steward created the API token “nightly” | May change things: no | Valid for days: 30",
    ),
    Case(
        AuditAction.TOKEN_REVOKED,
        lambda w, token: revoke_token(token=token, by=w.admin),
        "Admin revoked the API token “nightly” of Steward",
        prepared=World.token,
    ),
    Case(
        AuditAction.TEAM_CHANGED,
        lambda w, _: set_time_zone(team=w.people.team, time_zone="Europe/Berlin", by=w.lead),
        "Lead changed the settings of the team | Time zone: UTC → Europe/Berlin",
    ),
    Case(
        AuditAction.GOAL_CHANGED,
        lambda w, _: set_goal(
            team=w.people.team, user=w.people.steward, questions=40, period=GoalPeriod.DAY, by=w.lead
        ),
        "Lead changed the goal of Steward | Questions: – → 40 | Period: – → a day",
    ),
    Case(
        AuditAction.NOTIFICATIONS_CHANGED,
        lambda w, _: notifications(w),
        "Lead changed the notifications of the team | A run has succeeded, or was stopped: in the portal → not at all",
    ),
    Case(
        AuditAction.WEBHOOK_CREATED,
        lambda w, _: create_webhook(team=w.people.team, user=w.admin, url=HOOK, events=["run.failed"]),
        "Admin created a webhook to hooks.example.org | Format: JSON, signed | Events: A run has failed",
    ),
    Case(
        AuditAction.WEBHOOK_CHANGED,
        lambda w, hook: changed_webhook(w, hook, url="https://chat.example.org/path-secret", message_format="slack"),
        "Admin changed the webhook to hooks.example.org | Host of the address: hooks.example.org → chat.example.org"
        " | Format: JSON, signed → Slack",
        prepared=World.webhook,
    ),
    Case(
        AuditAction.WEBHOOK_RENEWED,
        lambda w, hook: renew_secret(webhook=hook, user=w.admin),
        "Admin gave the webhook to hooks.example.org a new secret | Format: JSON, signed | Events: A run has failed",
        prepared=World.webhook,
    ),
    Case(
        AuditAction.WEBHOOK_DELETED,
        lambda w, hook: delete_webhook(webhook=hook, user=w.admin),
        "Admin deleted the webhook to hooks.example.org | Format: JSON, signed | Events: A run has failed",
        prepared=World.webhook,
    ),
    Case(
        AuditAction.TRANSFORM_CREATED,
        lambda w, _: new_transform(w),
        "Admin created the transform Products | Table: db.products | Primary key: id",
    ),
    Case(
        AuditAction.TRANSFORM_ADDED,
        lambda w, _: added_transform(w),
        "Admin added the transform Products, which Glue had already"
        " | Table: db.products | Primary key: id | At Glue: tfm-7 | Labels: 8",
    ),
    Case(
        AuditAction.TRANSFORM_CHANGED,
        lambda w, _: edit(w),
        "Admin changed the transform People | Name: People → Customers | Precision or recall: 0.5 → 0.9",
    ),
    Case(
        AuditAction.TABLE_REPLACED,
        lambda w, newer: replace_rows(transform=w.transform, user=w.admin, source=newer),
        "Admin put other rows into the table of People | File: old.csv → new.csv | Rows: 2 → 3",
        prepared=newer_file,
    ),
    Case(AuditAction.TRANSFORM_ARCHIVED, lambda w, _: archived(w), "Admin archived the transform People"),
    Case(
        AuditAction.TRANSFORM_BROUGHT_BACK,
        lambda w, of: bring_back_transform(transform=of, user=w.admin),
        "Admin brought the transform People back",
        prepared=archived,
    ),
    Case(
        AuditAction.LABELING_CHANGED,
        lambda w, _: labeling_settings(w, consensus_rule="unanimous"),
        "Lead changed the labeling settings of People | People per question: 1 → 2"
        " | A result needs: More than half of the people → Everyone",
    ),
    Case(
        AuditAction.GUIDELINES_CHANGED,
        lambda w, _: save_guidelines(transform=w.transform, user=w.lead, text=f"Look at {CELL}."),
        "Lead changed the guidelines of People | Characters: 0 → 22",
    ),
    Case(
        AuditAction.EXAMPLE_ADDED,
        lambda w, _: example(w),
        "Lead put an example into the guidelines of People | Question set: 1 | Question: 1",
    ),
    Case(
        AuditAction.EXAMPLE_REMOVED,
        lambda w, shown: remove_example(example=shown, user=w.lead),
        "Lead took an example out of the guidelines of People | Question set: 1 | Question: 1",
        prepared=example,
    ),
    Case(
        AuditAction.SCHEDULE_CHANGED,
        lambda w, _: schedule(w),
        "Lead changed the schedule of People | Imports by itself: – → yes | As soon as so many answers wait: – → 20"
        " | Then estimate the quality: – → yes | Then generate the next questions: – → yes",
    ),
    Case(
        AuditAction.LABELS_REPLACED,
        lambda w, replacement: confirm_replacement(replacement=replacement, user=w.admin),
        "Admin confirmed that all labels of People are replaced | Label file: new.csv | Labels: 0 → 5 | Run: …",
        prepared=World.replacement,
    ),
]
assert {case.action for case in CASES} == set(AuditAction)


def words(entry: AuditEntry) -> str:
    """The line of the page; the ids of runs differ from time to time."""
    line = " | ".join([sentence(entry), *map(str, details(entry))])
    return re.sub("Run: [0-9a-f-]{36}", "Run: …", line)


def everything() -> list[Any]:
    """All rows, but for the mark that keeps a file from being removed while a table is made of it, which stays if that fails."""
    rows = [list(model._default_manager.order_by("pk").values()) for model in apps.get_models() if model._meta.managed]
    return [[{name: value for name, value in row.items() if name != "wanted_at"} for row in some] for some in rows]


def secrets() -> set[str]:
    """What lets somebody in, and what stands in rows."""
    passwords = User.objects.exclude(password="!").values_list("password", flat=True)
    tokens = {text for token in ApiToken.objects.all() for text in (token.start, token.digest)}
    kept_elsewhere = {*passwords, *tokens, *map(secret_of, Webhook.objects.all()), CLAIMS.subject, PASSWORD, CELL}
    return kept_elsewhere | {"T0SECRET", "path-secret", "query-secret", "/account/password/"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.action)
def test_a_change_and_its_entry_are_one_and_no_secret_is_in_it(
    world: World, monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    thing = case.prepared(world)
    before = everything()
    with monkeypatch.context() as full:
        full.setattr(AuditEntry.objects, "create", mock.Mock(side_effect=OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            case.change(world, thing)
    assert everything() == before
    for loaded in filter(None, (world.people.team, world.people.steward, world.transform, thing)):
        loaded.refresh_from_db()
    entries = set(AuditEntry.objects.values_list("pk", flat=True))
    case.change(world, thing)
    [entry] = AuditEntry.objects.exclude(pk__in=entries)
    assert (entry.action, entry.team, words(entry)) == (case.action, world.people.team, case.line)
    kept = json.dumps(list(AuditEntry.objects.values()), default=str)
    assert not [secret for secret in secrets() if secret in kept]


REFUSALS: dict[str, Callable[[World], object]] = {
    "no address": lambda w: invite_person(
        team=w.people.team, username="eve", role=Role.LEAD, email="nowhere", by=w.admin
    ),
    "no address of a member": lambda w: person(w, email="nowhere"),
    "last admin": lambda w: set_role(team=w.people.team, user=w.admin, role=Role.LEAD, by=w.admin),
    "last admin leaves": lambda w: deactivate_person(membership=w.member(w.admin), user=w.admin),
    "skills too long": lambda w: set_skills(membership=w.member(w.lead), skills="x" * 501, by=w.lead),
    "no zone": lambda w: set_time_zone(team=w.people.team, time_zone="Mars/Base", by=w.lead),
    "no name of a token": lambda w: create_token(membership=w.member(w.lead), name="", days=1, may_write=False),
    "no address of a webhook": lambda w: create_webhook(team=w.people.team, user=w.admin, url="ftp://x", events=["x"]),
    "no address of a changed webhook": lambda w: changed_webhook(w, w.webhook(), url="ftp://x"),
    "no event of a changed webhook": lambda w: changed_webhook(w, w.webhook(), events=[]),
    "no event": lambda w: create_webhook(team=w.people.team, user=w.admin, url=HOOK, events=[]),
    "name taken": lambda w: new_transform(w, "People"),
    "name of another taken": lambda w: added_transform(w, "People"),
    "too many people": lambda w: labeling_settings(w, answers_per_question=99),
    "guidelines too long": lambda w: save_guidelines(transform=w.transform, user=w.lead, text="x" * 50_001),
    "open question": lambda w: add_example(question=w.open, user=w.lead),
    "no time": lambda w: schedule(w, every_answers=None),
    "no zone of a schedule": lambda w: schedule(w, time_zone="Mars/Base"),
    "not exported": lambda w: confirm_replacement(replacement=w.replacement(RunStatus.RUNNING), user=w.admin),
}


@pytest.mark.parametrize("change", REFUSALS.values(), ids=list(REFUSALS))
def test_a_refusal_leaves_none(world: World, change: Callable[[World], object]) -> None:
    before = AuditEntry.objects.count()
    with pytest.raises(REFUSED):
        change(world)
    assert AuditEntry.objects.count() == before


def test_what_glue_refuses_or_runs_forbid_leaves_none(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_asked: Any) -> None:
        raise GlueError("No.", code="AccessDeniedException")

    def changed(**_asked: Any) -> None:
        raise LabelsChangedError("Look again.")

    monkeypatch.setattr("labeling.services.transforms.glue.update_ml_transform", refuse)
    monkeypatch.setattr("labeling.services.replacements.check_still_held", changed)
    TaskRun.objects.update(status=RunStatus.RUNNING)
    replacement = world.replacement()
    before = AuditEntry.objects.count()
    for change in (edit, archived, lambda w: confirm_replacement(replacement=replacement, user=w.admin)):
        with pytest.raises(LabelportalError):
            change(world)
    assert AuditEntry.objects.count() == before


def test_what_changes_nothing_leaves_none(world: World) -> None:
    for change in (labeling_settings, schedule, edit, notifications):
        change(world)
    before = AuditEntry.objects.count()
    for again in (labeling_settings, schedule, edit, notifications):
        again(world)
    set_role(team=world.people.team, user=world.lead, role=Role.LEAD, by=world.admin)
    reactivate_member(membership=world.member(world.lead), by=world.admin)
    make_link(user=world.people.steward)  # which they ask for themselves
    changed_webhook(world, world.webhook())
    assert AuditEntry.objects.count() == before


def test_entries_belong_into_the_transaction_and_into_all_teams_of_a_person(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = world.people.stranger
    set_role(team=world.people.team, user=stranger, role=Role.STEWARD, by=world.admin)
    make_link_for(user=stranger, by=world.admin)
    links = AuditEntry.objects.filter(action=AuditAction.LINK_MADE, about=stranger)
    assert {entry.team.name for entry in links} == {"Team", "Other team"}
    with monkeypatch.context() as outside:
        outside.setattr(connections["default"], "in_atomic_block", False)
        with pytest.raises(transaction.TransactionManagementError):
            record(team=world.people.team, by=Agent.COMMAND, action=AuditAction.TEAM_CHANGED, subject="Team")


def test_entries_outlive_the_person(world: World) -> None:
    eve = invite_person(team=world.people.team, username="eve", role=Role.ADMIN, first_name="Eve", by=world.admin).user
    set_time_zone(team=world.people.team, time_zone="Asia/Tokyo", by=eve)
    eve.delete()
    assert [words(entry) for entry in AuditEntry.objects.all()[:2]] == [
        "Eve changed the settings of the team | Time zone: UTC → Asia/Tokyo",
        "Admin added Eve as administrator",
    ]
    with pytest.raises(ProtectedError):
        world.people.team.delete()


def test_only_one_module_writes_entries() -> None:
    """Nothing changes or deletes them."""
    readers = {"accounts/models.py", "labeling/selectors/audit.py"}
    source = Path(project.BASE_DIR)
    files = [path for app in ("accounts", "labeling", "labelportal") for path in (source / app).rglob("*.py")]
    using = {
        str(path.relative_to(source))
        for path in files
        if "migrations" not in path.parts and re.search(r"AuditEntry\.objects|audit_entries\b", path.read_text())
    }
    assert using - readers == {"accounts/audit.py"}
