"""A team at size, straight into the database: 105 people, 50,000 questions of ten rows in one transform, 20,000 runs over twenty."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accounts.models import Team, User
    from labeling.models import LabelFile, QuestionSet, TaskRun, Transform

COLUMNS = ("id", "given_name", "surname", "street_number", "street", "suburb", "postcode", "date_of_birth")
ROWS = 10
SET_SIZE = 100
BATCH = 2000
LETTERS = ("AABCCDEFGH", "ABCDEFGHIJ", "AAABBCDEFG", "AABBCCDDEE", "ABBCDEFGH?")
METRICS = {
    "precision": 0.91,
    "recall": 0.87,
    "f1": 0.9,
    "area_under_pr_curve": 0.93,
    "true_positives": 900,
    "false_positives": 89,
    "true_negatives": 4000,
    "false_negatives": 134,
    "column_importances": [["surname", 0.6], ["given_name", 0.4]],
}


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    questions: int
    runs: int
    stewards: int = 100
    transforms: int = 20


def fill(size: Size) -> None:
    """The team called Large with its people: admin, lead, steward-0 and so on. Of eight in ten questions the answer waits for import."""
    from labeling.models import Transform

    team, people = _people(size)
    columns = [{"name": name, "data_type": "string"} for name in COLUMNS]
    of_team: dict[str, Any] = {"team": team, "database_name": "d", "table_name": "t", "primary_key": "id"}
    transforms = [
        Transform(
            name=f"Transform {number}",
            thing="person",
            columns=columns,
            created_by=people[0],
            guidelines="- same person, same letter",
            **of_team,
        )
        for number in range(size.transforms)
    ]
    Transform.objects.bulk_create(transforms)
    draw = random.Random(11)  # noqa: S311  # made-up rows
    learned = _questions(transforms[0], people, size.questions, draw)
    _runs(transforms, people, size.runs, draw)
    _imports(transforms[0], people, learned)


def _people(size: Size) -> tuple[Team, list[User]]:
    """Two admins and three leads before the stewards."""
    from accounts.models import Membership, Role, Team, User

    team = Team.objects.create(name="Large")
    names = ["admin", "admin-1", "lead", "lead-1", "lead-2", *(f"steward-{number}" for number in range(size.stewards))]
    roles = [Role.ADMIN] * 2 + [Role.LEAD] * 3 + [Role.STEWARD] * size.stewards
    people = [
        User(username=name, first_name=name.split("-")[0].title(), last_name=f"Number {place:03}", password="!")  # noqa: S106
        for place, name in enumerate(names)
    ]
    User.objects.bulk_create(people)
    Membership.objects.bulk_create(
        Membership(team=team, user=user, role=role, skills="people, addresses" if place % 3 else "")
        for place, (user, role) in enumerate(zip(people, roles, strict=True))
    )
    return team, people


def _run(transform: Transform, user: User, kind: str, **fields: Any) -> TaskRun:
    from labeling.choices import RunStatus
    from labeling.models import TaskRun

    run = TaskRun(transform=transform, kind=kind, status=RunStatus.SUCCEEDED, requested_by=user, **fields)
    run.path = f"s3://b/{run.pk}/"
    return run


def _file(transform: Transform, kind: str, sets: int, **fields: Any) -> LabelFile:
    from labeling.models import LabelFile

    made = LabelFile(transform=transform, kind=kind, bucket="b", size=1, sets=sets, rows=sets * ROWS, **fields)
    made.key, made.sha256 = f"{made.pk}.csv", made.pk.hex * 2
    return made


def _questions(transform: Transform, people: Sequence[User], count: int, draw: random.Random) -> list[Any]:
    """Sets of a hundred; those that Glue has learned from are given back."""
    from labeling.choices import LabelFileKind, RunKind
    from labeling.models import QuestionSet

    learned = []
    for number in range(1, count // SET_SIZE + 1):
        run = _run(transform, people[2], RunKind.LABELING_SET_GENERATION)
        file = _file(transform, LabelFileKind.GENERATED, SET_SIZE)
        run.save()
        file.save()
        made = QuestionSet.objects.create(
            transform=transform, number=number, task_run=run, label_file=file, answers_wanted=1 + (number % 4 == 0)
        )
        learned += _set(made, people, draw)
    return learned


def _set(made: QuestionSet, people: Sequence[User], draw: random.Random) -> list[Any]:
    """Of a hundred questions eighty wait for import, twelve are learned, two disputed (where two people answer), the rest is open."""
    from labeling.choices import QuestionState
    from labeling.models import Question, Row

    questions = [
        Question(question_set=made, labeling_set_id=f"set-{made.number}-{place}", position=place + 1)
        for place in range(SET_SIZE)
    ]
    for question in questions:
        question.answers_missing = made.answers_wanted
    Question.objects.bulk_create(questions)
    rows = []
    for question in questions:
        for position in range(1, ROWS + 1):
            key = f"{made.number}-{question.position}-{position}"
            values = [key, *(f"{name} {draw.randrange(1000)}" for name in COLUMNS[1:])]
            rows.append(Row(question=question, position=position, key=key, values=values))
    Row.objects.bulk_create(rows)
    answered = questions[: 94 if made.answers_wanted == 2 else 92]
    for place, question in enumerate(answered):
        letters = draw.choice(LETTERS)
        mine = [row.pk for row in rows[place * ROWS : (place + 1) * ROWS]]
        question.answers_missing, question.state = 0, QuestionState.DISPUTED
        if place < 92:
            question.state, question.result_version = QuestionState.SETTLED, 1
            question.result = dict(zip(map(str, mine), letters, strict=True))
            question.sure_rows = sum(letter != "?" for letter in letters)
            question.imported_version = 1 if place >= 80 else None
    Question.objects.bulk_update(
        answered, ["answers_missing", "state", "result", "result_version", "sure_rows", "imported_version"]
    )
    _answers(answered, rows, people[5:], draw)
    return questions[80:92]


def _answers(questions: Sequence[Any], rows: Sequence[Any], stewards: Sequence[User], draw: random.Random) -> None:
    """One or two people for each; the second differs in one of ten."""
    from django.utils import timezone

    from labeling.choices import AnswerStatus, ChangeAction
    from labeling.models import Answer, AnswerChange, Comment, RowLabel

    now = timezone.now()
    answers, labels, changes, comments = [], [], [], []
    for place, question in enumerate(questions):
        mine = [row.pk for row in rows[place * ROWS : (place + 1) * ROWS]]
        result = question.result or dict.fromkeys(map(str, mine), "A")
        for turn, steward in enumerate(draw.sample(stewards, question.question_set.answers_wanted)):
            at = now - timedelta(minutes=draw.randrange(200 * 24 * 60))
            answer = Answer(
                question=question,
                steward=steward,
                status=AnswerStatus.SUBMITTED,
                version=1,
                seconds=draw.randrange(5, 90),
                keys=5,
                first_submitted_at=at,
                submitted_at=at,
            )
            answers.append(answer)
            given = dict.fromkeys(result, "A") if turn and draw.random() < 0.1 else result
            labels += [RowLabel(answer=answer, row_id=int(row), label=letter) for row, letter in given.items()]
            changes.append(
                AnswerChange(
                    answer=answer, version=1, at=at, by=steward, action=ChangeAction.SUBMITTED, before={}, after=given
                )
            )
        if place % 25 == 0:
            comments.append(Comment(question=question, author=draw.choice(stewards), text="Is this the same street?"))
    Answer.objects.bulk_create(answers)
    RowLabel.objects.bulk_create(labels)
    AnswerChange.objects.bulk_create(changes)
    Comment.objects.bulk_create(comments)


def _runs(transforms: Sequence[Transform], people: Sequence[User], count: int, draw: random.Random) -> None:
    """Of three years; half of them of the first transform, where all are estimates and generations."""
    from django.utils import timezone

    from labeling.choices import RunKind, RunStatus
    from labeling.models import LabelFile, TaskRun, TaskRunEvent

    now, step = timezone.now(), timedelta(days=3 * 365) / count
    for start in range(0, count, BATCH):
        files, runs = [], []
        for number in range(start, min(start + BATCH, count)):
            transform = transforms[0] if number % 2 else draw.choice(transforms[1:])
            kind = RunKind.EVALUATION if number % 3 else RunKind.IMPORT_LABELS
            if transform is transforms[0]:
                kind = RunKind.EVALUATION
            run = _run(transform, draw.choice(people), kind, took_seconds=draw.randrange(1, 4000))
            run.created_at = now - step * number - timedelta(days=1)
            run.started_at = run.created_at
            run.completed_at = run.created_at + timedelta(seconds=run.took_seconds)
            if draw.random() < 0.01:
                run.status = RunStatus.FAILED
            elif kind == RunKind.EVALUATION:
                run.metrics = METRICS
            else:
                run.label_file = _file(transform, "built", 9)
                files.append(run.label_file)
            runs.append(run)
        LabelFile.objects.bulk_create(files)
        TaskRun._meta.get_field("created_at").auto_now_add = False
        TaskRun.objects.bulk_create(runs)
        TaskRun._meta.get_field("created_at").auto_now_add = True
        TaskRunEvent.objects.bulk_create(
            TaskRunEvent(run=run, status=status, at=run.created_at)
            for run in runs
            for status in (RunStatus.QUEUED, RunStatus.RUNNING, run.status)
        )


def _imports(transform: Transform, people: Sequence[User], learned: Sequence[Any]) -> None:
    """Imports of a hundred questions each, with what the portal keeps of them; their labels are all that Glue holds."""
    from django.utils import timezone

    from labeling.models import LabelFile, LabelFileQuestion, LabelFileReport, TaskRun

    now, files, runs, reports, included = timezone.now(), [], [], [], []
    parts = [learned[start : start + SET_SIZE] for start in range(0, len(learned), SET_SIZE)]
    for place, part in enumerate(parts):
        file = _file(transform, "built", len(part), content_hash=f"{place:064}", matching_pairs=1, non_matching_pairs=9)
        at = now - timedelta(hours=len(parts) - place)
        runs.append(_run(transform, people[2], "IMPORT_LABELS", label_file=file, started_at=at, completed_at=at))
        digests = {question.labeling_set_id: ["d" * 64, question.sure_rows, 1, 9] for question in part}
        files.append(file)
        reports.append(LabelFileReport(label_file=file, set_digests=digests))
        included += [LabelFileQuestion(label_file=file, question=question, version=1) for question in part]
    LabelFile.objects.bulk_create(files)
    TaskRun.objects.bulk_create(runs)
    LabelFileReport.objects.bulk_create(reports)
    LabelFileQuestion.objects.bulk_create(included, batch_size=BATCH)
    transform.label_count = sum(question.sure_rows for question in learned)
    transform.glue_transform_id, transform.glue_status = "tfm-large", "READY"
    transform.save()
