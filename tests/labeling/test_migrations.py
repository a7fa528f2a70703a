"""An installation that was in use before questions had results loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from labeling.models import Answer, Question, Row, SheetUpload
from labeling.services.answers import reopen_answer, withdraw_answer
from labeling.services.controls import mark_control, unmark_control
from tests.labeling.builders import answer, cast, question_set, transform

BEFORE = [("labeling", "0001_initial"), ("accounts", "0001_initial")]
NEWEST = [("labeling", "0028_sure_rows"), ("accounts", "0009_audit_entries")]
AT_ONCE = [("labeling", "0001_squashed_0028_sure_rows"), ("accounts", "0009_audit_entries")]


@pytest.fixture
def empty_database(transactional_db: None, tmp_path: Path) -> Iterator[None]:
    """The default connection leads to a database without tables: to go forward from there is half of going there and back."""
    usual = connection.settings_dict["NAME"]
    is_file = connection.vendor == "sqlite"
    name = str(tmp_path / "old.sqlite3") if is_file else f"{usual}_old"
    if not is_file:
        with connection.cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{name}"')
    connection.close()
    connection.settings_dict["NAME"] = name
    yield
    connection.close()
    connection.settings_dict["NAME"] = usual
    if not is_file:
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}"')


def _executor() -> MigrationExecutor:
    """One that goes step by step, as an old installation does, and knows nothing of what took the place of many steps."""
    executor = MigrationExecutor(connection)
    executor.loader = MigrationLoader(connection, replace_migrations=False)
    return executor


def _migrate(targets: list[tuple[str, str]]) -> Any:
    _executor().migrate(targets)
    return _executor().loader.project_state(targets).apps


def test_one_step_leads_where_all_steps_lead() -> None:
    steps = MigrationLoader(None, replace_migrations=False)
    at_once = MigrationLoader(None).project_state(AT_ONCE)
    assert MigrationAutodetector(steps.project_state(NEWEST), at_once).changes(graph=steps.graph) == {}


@pytest.mark.usefixtures("empty_database")
def test_answers_become_results() -> None:
    old = _migrate(BEFORE)
    made = {name: old.get_model("labeling", name).objects for name in ("Answer", "Question", "Row", "RowLabel")}
    user = old.get_model("accounts", "User").objects.create(username="steward")
    team = old.get_model("accounts", "Team").objects.create(name="Team")
    transform = old.get_model("labeling", "Transform").objects.create(
        team=team, name="People", created_by=user, primary_key="id", columns=[{"name": "id"}, {"name": "name"}]
    )
    label_file = old.get_model("labeling", "LabelFile").objects.create(
        transform=transform, kind="built", bucket="b", key="k", size=1, sha256="0", sets=1, rows=2
    )
    run = old.get_model("labeling", "TaskRun").objects.create(transform=transform, kind="IMPORT_LABELS")
    question_set = old.get_model("labeling", "QuestionSet").objects.create(
        transform=transform, number=1, task_run=run, label_file=label_file
    )
    for position, missing in ((1, 0), (2, 1)):
        question = made["Question"].create(
            question_set=question_set, labeling_set_id=str(position), position=position, answers_missing=missing
        )
        answer = made["Answer"].create(
            question=question,
            steward=user,
            status="draft" if missing else "submitted",
            version=2,
            imported_version=1,
            submitted_at=None if missing else timezone.now(),
        )
        old.get_model("labeling", "LabelFileAnswer").objects.create(label_file=label_file, answer=answer, version=1)
        for row_position, label in ((1, "B"), (2, "?")):
            row = made["Row"].create(question=question, position=row_position, key="k", values=["k"])
            made["RowLabel"].create(answer=answer, row=row, label=label)
    asked = made["Question"].create(question_set=question_set, labeling_set_id="s3", position=3)
    for row_position, name in enumerate(("Ann Miller", "Robert Stone", "Ann Miler"), start=1):
        made["Row"].create(question=asked, position=row_position, key=name, values=[str(row_position), name])
    new = _migrate(NEWEST)
    done, reopened, _asked = new.get_model("labeling", "Question").objects.order_by("position")
    assert (done.state, sorted(done.result.values())) == ("settled", ["?", "B"])
    assert (done.result_version, done.imported_version, done.sure_rows) == (2, 1, 1)
    assert (reopened.state, reopened.result, reopened.imported_version) == ("open", None, 1)
    included = new.get_model("labeling", "LabelFileQuestion").objects.order_by("question__position")
    assert list(included.values_list("question", "version")) == [(done.pk, 1), (reopened.pk, 1)]
    (change,) = new.get_model("labeling", "AnswerChange").objects.all()
    assert (change.action, change.version, change.after) == ("corrected", 2, done.result)
    rows = new.get_model("labeling", "Row").objects.filter(question=asked.pk).order_by("position")
    assert list(rows.values_list("position", "key")) == [(1, "Ann Miller"), (2, "Ann Miler"), (3, "Robert Stone")]


@pytest.mark.django_db
def test_results_that_glue_would_refuse_are_marked() -> None:
    """As ``settle`` marks them, whatever is wrong with the keys."""
    people = cast()
    questions = question_set(transform(people.team, people.admin), people.admin, [2] * 6)
    keys = [("", "b"), (" \u3000", "b"), ("a", "a"), ("a", "a"), ("", "b"), ("a", "b")]
    for question, pair, letters in zip(questions, keys, ("AB", "AA", "AB", "AA", "?A", "AB"), strict=True):
        for row, key in zip(question.rows.order_by("position"), pair, strict=True):
            Row.objects.filter(pk=row.pk).update(key=key, values=[key, "name"])
        answer(question, people.steward, letters)
    settled = dict(Question.objects.values_list("position", "refused"))
    assert settled == {1: True, 2: True, 3: True, 4: False, 5: False, 6: False}
    Question.objects.update(refused=False)
    import_module("labeling.migrations.0030_refused_results").mark(apps, None)
    assert dict(Question.objects.values_list("position", "refused")) == settled


@pytest.mark.django_db
def test_answers_keep_the_day_on_which_they_were_first_given() -> None:
    """The first was confirmed later, the second changed, the third is older than the history, the fourth was withdrawn as one to a control question."""
    people = cast()
    questions = question_set(transform(people.team, people.admin), people.admin, [2] * 4)
    control = questions.pop()
    answer(control, people.lead, "AA")
    mark_control(question=control, user=people.lead)
    answer(Question.objects.get(pk=control.pk), people.steward, "AB")
    unmark_control(question=control, user=people.lead)
    withdraw_answer(answer=control.answers.get(steward=people.lead), user=people.lead)
    answer(Question.objects.get(pk=control.pk), people.steward, "AA")
    anew = control.answers.get(steward=people.steward)
    reopen_answer(answer=anew, user=people.steward)
    answer(Question.objects.get(pk=control.pk), people.steward, "BB")
    for question in questions:
        answer(question, people.steward, "AB")
    confirmed, changed, old = (question.answers.get() for question in questions)
    for given, letters in ((confirmed, "CA"), (changed, "AA")):
        reopen_answer(answer=given, user=people.lead)
        answer(given.question, people.steward, letters)
    old.changes.all().delete()
    first = dict(Answer.objects.values_list("pk", "first_submitted_at"))
    Answer.objects.update(first_submitted_at=timezone.now(), corrected=False)
    migration = import_module("labeling.migrations.0036_first_submissions")
    migration.first_submissions(apps, None)
    migration.corrections(apps, None)
    old.refresh_from_db()
    assert dict(Answer.objects.values_list("pk", "first_submitted_at")) == first | {old.pk: old.submitted_at}
    assert list(Answer.objects.filter(corrected=True)) == [changed]


@pytest.mark.django_db
def test_spreadsheets_that_were_read_when_they_came_are_not_read_again() -> None:
    people = cast()
    brought = SheetUpload.objects.create(
        transform=transform(people.team, people.admin), name="n", bucket="b", key="k", size=1, created_by=people.admin
    )
    import_module("labeling.migrations.0032_sheets_read_by_a_worker").mark(apps, None)
    assert SheetUpload.objects.get().read_at == brought.created_at


@pytest.mark.usefixtures("empty_database")
def test_of_people_with_one_address_the_last_who_signed_in_keeps_it() -> None:
    before, after = [("accounts", "0005_attempt_counts")], [("accounts", "0006_addresses_once")]
    made = _migrate(before).get_model("accounts", "User").objects
    made.create(username="old", email="team@example.org")
    made.create(username="used", email="Team@Example.org", last_login=timezone.now())
    made.create(username="other", email="other@example.org")
    made.create(username="none")
    users = _migrate(after).get_model("accounts", "User").objects
    assert dict(users.exclude(email="").values_list("username", "email")) == {
        "used": "Team@Example.org",
        "other": "other@example.org",
    }
    _migrate(before)
