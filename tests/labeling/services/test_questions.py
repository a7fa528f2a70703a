"""Generated files become questions; S3 is real, Glue's part is a file put there by hand."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import Count
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from labeling.aws import storage
from labeling.choices import LabelFileKind, RunKind, RunStatus
from labeling.models import Question, QuestionSet, TaskRun, Transform
from labeling.services.questions import (
    UnreadableQuestionsError,
    ask_foreign_questions,
    make_question_set,
    read_generated_questions,
)
from tests.labeling.builders import cast, transform

pytestmark = pytest.mark.django_db

FILE = b'labeling_set_id,label,id,name\ns1,,1,Ann\ns1,,2,"Ann, B"\ns2,,3,\ns2,,4,Cy\ns2,,5,Di\nlone,,6,Ed\n'


@pytest.fixture
def of(s3_server: str) -> Transform:
    people = cast()
    return transform(people.team, people.admin)


def generation(of: Transform, **files: bytes) -> TaskRun:
    """A generation run whose folder holds these files."""
    run = TaskRun.objects.create(
        transform=of, kind=RunKind.LABELING_SET_GENERATION, requested_by=User.objects.get(username="lead")
    )
    run.path = storage.our_uri(f"questions/{of.pk}/{run.pk}/")
    run.save()
    for name, content in files.items():
        storage.overwrite(f"questions/{of.pk}/{run.pk}/{name}.csv", content)
    return run


def load(run: TaskRun) -> QuestionSet:
    loaded = make_question_set(
        transform=run.transform, generated=read_generated_questions(run=run), user=run.requested_by, task_run=run
    )
    TaskRun.objects.filter(pk=run.pk).update(status="SUCCEEDED")
    return loaded


def test_sets_become_questions_and_a_lone_row_is_none(of: Transform) -> None:
    loaded = load(generation(of, generated=FILE))
    first, second = loaded.questions.order_by("position")
    assert (loaded.number, first.labeling_set_id, second.labeling_set_id) == (1, "s1", "s2")
    assert [(row.position, row.key, row.values) for row in first.rows.order_by("position")] == [
        (1, "1", ["1", "Ann"]),
        (2, "2", ["2", "Ann, B"]),
    ]
    assert (first.answers_missing, second.rows.count()) == (1, 3)
    file = loaded.label_file
    assert (file.kind, file.sets, file.rows, file.size) == (LabelFileKind.GENERATED, 3, 6, len(FILE))
    assert file.sha256 == hashlib.sha256(FILE).hexdigest()
    assert storage.read_uri(file.uri) == FILE


def test_a_set_whose_labels_could_not_be_sent_is_not_asked_and_the_lead_is_told(of: Transform, client: Client) -> None:
    """The pre-flight would refuse every import with it, and all other answers in it."""
    sizes = {"fits": 50, "huge": 51, "large": 31, "small": 30}
    rows = "".join(f"{name},,{name}{row},x\n" for name, size in sizes.items() for row in range(size))
    loaded = load(run := generation(of, generated=f"labeling_set_id,label,id,name\n{rows}lone,,1,Ann\n".encode()))
    asked = loaded.questions.order_by("position").annotate(size=Count("rows"))
    assert list(asked.values_list("labeling_set_id", "size")) == [("fits", 50), ("large", 31), ("small", 30)]
    loaded.refresh_from_db()
    assert (loaded.asked, loaded.too_large) == (3, [("huge", 51)])

    client.force_login(User.objects.get(username="lead"))
    for address, beside in (
        (reverse("labeling:run-detail", args=[run.pk]), "3 questions"),
        (reverse("labeling:question-set-detail", args=[loaded.pk]), "2 questions have more than 30 rows"),
    ):
        page = " ".join(client.get(address).content.decode().split())
        assert '1 labeling set of the file is not asked: <code class="break">huge</code> (51 rows).' in page
        assert reverse("labeling:label-file-detail", args=[loaded.label_file_id]) in page
        assert beside in page
    for address in (reverse("labeling:run-list"), reverse("labeling:question-set-list", args=[of.pk])):
        page = client.get(address).content.decode()
        assert "3 questions" in page
        assert "1 set too large" in page


def test_a_set_whose_rows_have_no_keys_of_their_own_is_not_asked_and_the_lead_is_told(
    of: Transform, client: Client
) -> None:
    """An answer to it would keep every later import from being sent."""
    rows = "fine,,1,Ann\nfine,,2,Ann\nblank,,3,Bo\nblank,, ,Bob\ntwice,,4,Cy\ntwice,,4,Cyd\n,,5,Di\n,,6,Dy\n"
    loaded = load(run := generation(of, generated=f"labeling_set_id,label,id,name\n{rows}".encode()))
    assert [question.labeling_set_id for question in loaded.questions.all()] == ["fine"]
    loaded.refresh_from_db()
    assert (loaded.asked, loaded.too_large) == (1, [])

    client.force_login(User.objects.get(username="lead"))
    for address in (
        reverse("labeling:run-detail", args=[run.pk]),
        reverse("labeling:question-set-detail", args=[loaded.pk]),
    ):
        page = " ".join(client.get(address).content.decode().split())
        assert "3 labeling sets of the file are not asked:" in page
        assert '<code class="break">blank</code> (a row has no primary key),' in page
        assert '<code class="break">twice</code> (two rows have the same primary key), (it has no id).' in page
    for address in (reverse("labeling:run-list"), reverse("labeling:question-set-list", args=[of.pk])):
        page = client.get(address).content.decode()
        assert "1 question" in page
        assert "3 sets without proper keys" in page


def test_rows_stand_in_one_order_on_every_page(of: Transform, client: Client) -> None:
    file = b"labeling_set_id,label,id,name\ns,,1,Ann Miller\ns,,2,Robert Stone\ns,,3,Ann Miler\n"
    question = load(generation(of, generated=file)).questions.get()
    assert list(question.rows.order_by("position").values_list("position", "key")) == [(1, "1"), (2, "3"), (3, "2")]
    client.force_login(User.objects.get(username="steward"))
    asked = client.get(reverse("labeling:question-detail", args=[question.pk])).context["workbench"]["question"]
    assert [row["key"] for row in asked["rows"]] == ["1", "3", "2"]


def test_ids_that_were_used_before_are_told_apart(of: Transform) -> None:
    load(generation(of, generated=FILE))
    loaded = load(generation(of, generated=FILE))
    assert loaded.number == 2
    assert [question.labeling_set_id for question in loaded.questions.all()] == ["s1-2", "s2-2"]
    assert Question.objects.values("labeling_set_id").distinct().count() == 4


@pytest.mark.locks
@pytest.mark.django_db(transaction=True)
def test_sets_that_are_made_at_once_have_numbers_and_ids_of_their_own(of: Transform) -> None:
    generated = read_generated_questions(run=generation(of, generated=FILE))
    start = threading.Barrier(4)

    def ask(number: int) -> None:
        file = replace(generated, uri=f"{generated.uri}-{number}")
        start.wait()
        try:
            with transaction.atomic():
                make_question_set(transform=of, generated=file, user=None)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(QuestionSet.objects.values_list("number", flat=True)) == [1, 2, 3, 4]
    ids = list(Question.objects.values_list("labeling_set_id", flat=True))
    assert len(set(ids)) == len(ids) == 8


def test_columns_in_another_order_are_put_right(of: Transform) -> None:
    loaded = load(generation(of, generated=b"labeling_set_id,label,name,id\ns,,Ann,1\ns,,Bob,2\n"))
    assert [row.values for row in loaded.questions.get().rows.order_by("position")] == [["1", "Ann"], ["2", "Bob"]]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "there are 0"),
        ({"a": FILE, "b": FILE}, "there are 2"),
        ({"a": b"set,label,id,name\n"}, "cannot be read"),
        ({"a": b"labeling_set_id,label,id,city\ns,,1,x\n"}, "differ in these columns: city, name"),
        ({"a": b"labeling_set_id,label,id,name\ns,,1,\xff\n"}, "cannot be read"),
        ({"a": FILE.replace(b"Ann\n", b"A\0n\n")}, "line 2, column name: The cell contains a NUL"),
        (
            {"a": FILE.replace(b"s2", b"s" * 241)},
            "line 4, column labeling_set_id: The id has 241 characters; the .* 240",
        ),
        ({"a": FILE.replace(b"s2", b"s\0")}, "line 4, column labeling_set_id: The cell contains a NUL"),
    ],
)
def test_files_that_are_not_questions_are_refused(of: Transform, files: dict[str, bytes], said: str) -> None:
    with pytest.raises(UnreadableQuestionsError, match=said):
        read_generated_questions(run=generation(of, **files))


def outside(of: Transform, folder: str) -> TaskRun:
    """A generation that somebody started in the console, with what it wrote there."""
    storage.overwrite(f"theirs/{folder}/out.csv", FILE)
    return TaskRun.objects.create(
        transform=of,
        kind=RunKind.LABELING_SET_GENERATION,
        status=RunStatus.SUCCEEDED,
        foreign=True,
        glue_run_id=f"tsk-{folder}",
        path=storage.our_uri(f"theirs/{folder}/"),
        started_at=timezone.now(),
        completed_at=timezone.now(),
    )


def test_questions_that_were_generated_outside_can_be_asked_here_once(of: Transform, client: Client) -> None:
    load(generation(of, generated=FILE))
    run = outside(of, "one")
    client.force_login(User.objects.get(username="lead"))
    page = client.get(reverse("labeling:run-detail", args=[run.pk])).content.decode()
    assert "Ask these questions here" in page
    ask = reverse("labeling:run-ask", args=[run.pk])
    for _press in range(2):
        answer = client.post(ask)
    asked = QuestionSet.objects.get(task_run=run)
    assert answer.headers["Location"] == reverse("labeling:question-set-detail", args=[asked.pk])
    assert (asked.number, asked.questions.count()) == (2, 2)
    assert asked.label_file.created_by == User.objects.get(username="lead")
    storage.overwrite("theirs/one/out.csv", b"")  # what others do to their file is theirs
    assert storage.read_uri(asked.label_file.uri) == FILE
    page = client.get(reverse("labeling:run-detail", args=[run.pk])).content.decode()
    assert "Ask these questions here" not in page
    assert reverse("labeling:question-set-detail", args=[asked.pk]) in page

    client.force_login(User.objects.get(username="steward"))
    assert client.post(ask).status_code == 403


def test_nobody_is_asked_for_an_archived_transform(of: Transform, client: Client) -> None:
    run = outside(of, "one")
    Transform.objects.update(archived_at=timezone.now())
    client.force_login(User.objects.get(username="lead"))
    page = client.post(reverse("labeling:run-ask", args=[run.pk]), follow=True).content.decode()
    assert "The transform is archived." in page
    assert "Ask these questions here" not in page
    assert not QuestionSet.objects.exists()


def test_of_many_files_in_one_folder_it_is_the_one_that_the_run_wrote(of: Transform) -> None:
    run = outside(of, "many")
    TaskRun.objects.filter(pk=run.pk).update(started_at=timezone.now() - timedelta(days=1), completed_at=None)
    storage.overwrite("theirs/many/another.csv", FILE)
    run.refresh_from_db()
    with pytest.raises(UnreadableQuestionsError, match="there are 2"):
        ask_foreign_questions(run=run, user=User.objects.get(username="lead"))
    TaskRun.objects.filter(pk=run.pk).update(completed_at=timezone.now() - timedelta(hours=23))
    run.refresh_from_db()
    with pytest.raises(UnreadableQuestionsError, match="there are 0"):
        ask_foreign_questions(run=run, user=User.objects.get(username="lead"))
    assert not QuestionSet.objects.exists()
    ours = generation(of, generated=FILE)
    with pytest.raises(UnreadableQuestionsError, match="no questions that could be asked"):
        ask_foreign_questions(run=ours, user=User.objects.get(username="lead"))
