"""Rows that tests start from, without Glue or S3."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from accounts.models import Membership, Role, Team, User
from labeling.choices import LabelFileKind, RunKind, RunStatus
from labeling.models import LabelFile, MatchGroup, MatchResult, Question, QuestionSet, Row, TaskRun, Transform
from labeling.services.answers import submit_answer

COLUMNS = [{"name": name, "data_type": "string"} for name in ("id", "name")]


@dataclass(frozen=True)
class Cast:
    """A team with one person of each role, a second steward, and a stranger who leads another team."""

    team: Team
    admin: User
    lead: User
    steward: User
    colleague: User
    stranger: User


def cast() -> Cast:
    """The usual people. Their rows alone: how people come into a team has tests of its own."""
    team, other = Team.objects.bulk_create([Team(name="Team"), Team(name="Other team")])
    names = ("admin", "lead", "steward", "colleague", "stranger")
    people = {user.username: user for user in User.objects.bulk_create(map(_unsaved, names))}
    Membership.objects.bulk_create(
        Membership(team=team if name != "stranger" else other, user=people[name], role=role)
        for name, role in zip(names, (Role.ADMIN, Role.LEAD, Role.STEWARD, Role.STEWARD, Role.LEAD), strict=True)
    )
    return Cast(team, **people)


def person(username: str) -> User:
    """Somebody without a password, because hashing one takes longer than most tests; ``client.force_login`` signs in."""
    user = _unsaved(username)
    user.save(force_insert=True)
    return user


def _unsaved(username: str) -> User:
    return User(username=username, first_name=username.capitalize(), password="!")


def transform(team: Team, user: User, name: str = "People", **fields: object) -> Transform:
    """A transform that only the portal knows."""
    return Transform.objects.create(
        team=team,
        name=name,
        thing="person",
        database_name="db",
        table_name="people",
        primary_key="id",
        columns=COLUMNS,
        created_by=user,
        **fields,
    )


def question_set(of: Transform, user: User, sizes: Sequence[int], first_key: int = 0) -> list[Question]:
    """One question for each size, with so many rows; keys count up from ``first_key``."""
    number = of.question_sets.count() + 1
    run = finished_run(of, user, RunKind.LABELING_SET_GENERATION)
    label_file = LabelFile.objects.create(
        transform=of,
        kind=LabelFileKind.GENERATED,
        bucket="bucket",
        key=f"questions/{run.pk}.csv",
        size=1,
        sha256="0" * 64,
        sets=len(sizes),
        rows=sum(sizes),
    )
    made = QuestionSet.objects.create(transform=of, number=number, task_run=run, label_file=label_file)
    questions = []
    key = first_key
    for position, size in enumerate(sizes, start=1):
        question = Question.objects.create(
            question_set=made, labeling_set_id=f"s{number}-{position}", position=position
        )
        for row in range(1, size + 1):
            Row.objects.create(question=question, position=row, key=str(key), values=[str(key), f"name {key}"])
            key += 1
        questions.append(question)
    return questions


def wanting(questions: Sequence[Question], people: int) -> None:
    """Have open questions, and those of their sets that are loaded later, answered by so many people."""
    QuestionSet.objects.filter(questions__in=questions).update(answers_wanted=people)
    Question.objects.filter(pk__in=[question.pk for question in questions]).update(answers_missing=people)


def finished_run(of: Transform, user: User | None, kind: RunKind, **fields: object) -> TaskRun:
    """A run that went well."""
    return TaskRun.objects.create(
        transform=of,
        kind=kind,
        status=RunStatus.SUCCEEDED,
        requested_by=user,
        path=f"s3://bucket/{uuid.uuid4()}/",
        **fields,
    )


def read_result(of: Transform, user: User | None, groups: Iterable[MatchGroup] = (), **figures: Any) -> MatchResult:
    """A run that wrote a table just now, which has been read."""
    now = timezone.now()
    run = finished_run(of, user, RunKind.FIND_MATCHES, result_uri="s3://bucket/result.csv", completed_at=now)
    made = MatchResult.objects.create(run=run, read_at=now, **figures)
    for place, group in enumerate(groups):
        group.result, group.place = made, place
        group.save()
    return made


def grouping(question: Question, letters: Iterable[str]) -> dict[int, str]:
    """Row ids with the letters, in the order of the rows."""
    return dict(zip(question.rows.order_by("position").values_list("pk", flat=True), letters, strict=True))


def answer(question: Question, steward: User, letters: Iterable[str]) -> None:
    """A submitted answer."""
    submit_answer(question=question, steward=steward, labels=grouping(question, letters), seconds=9, keys=5)


def saved_for(member: Membership | None, shown: str = "", **typed: str) -> dict[str, str]:
    """What the page of people sends for a member, or for the goal of the team: no skills, goal ``shown``, and what somebody ``typed``."""
    prefix = member.pk if member else "team-goal"
    before = {"skills": "", "questions": shown, "period": "day"}
    sent = {f"{prefix}-{name}": value for name, value in (before | typed).items()}
    return sent | {f"initial-{prefix}-{name}": value for name, value in before.items()}
