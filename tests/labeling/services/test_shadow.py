"""The embedded engine's estimate: when it comes, from which labels, and the questions behind it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from labelfiles import LabeledRow, LabelFile, content_hash, label_file_bytes
from labeling.aws import storage
from labeling.choices import LabelFileKind, QuestionState, RunKind, RunStatus
from labeling.exceptions import GlueError, InvalidAnswerError
from labeling.metrics import Metrics
from labeling.models import AnswerChange, Question, Row, ShadowEstimate, TaskRun, Transform
from labeling.models import LabelFile as StoredFile
from labeling.selectors.claims import CLAIM, MAX_ATTEMPTS
from labeling.selectors.shadow import Cell, disagreements, files_learned, newest_estimate, questions_behind
from labeling.services import shadow
from labeling.services.answers import submit_answer
from labeling.services.ask_again import ask_again
from labeling.services.explanations import ask_about_question
from labeling.services.shadow import sweep_shadow
from tests.labeling.builders import Cast, answer, finished_run, grouping, question_set, transform

pytestmark = pytest.mark.django_db

FIRST = ("Margaret", "Olusegun", "Chiara", "Timothy", "Beatrice", "Konstantin", "Philippa", "Rajesh", "Wilhelmina")
LAST = ("Oakfield", "Abara", "Venturi", "Brandt", "Lindqvist", "Moreau", "Whitcombe", "Subramanian", "Zielinski")


@pytest.fixture
def of(people: Cast) -> Transform:
    return transform(people.team, people.admin, glue_transform_id="tfm-1")


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """S3 as the service sees it: whole objects by address. That the portal reads them from a real one is tested elsewhere."""
    objects: dict[str, bytes] = {}
    monkeypatch.setattr(storage, "read_uri", objects.__getitem__)
    return objects


@pytest.fixture
def questions(people: Cast, of: Transform) -> list[Question]:
    """Nine answered questions: a name, the same name with a slip, another name. In the last one somebody put strangers together."""
    made = question_set(of, people.lead, [3] * 9)
    for number, question in enumerate(made):
        first, second = f"{FIRST[number]} {LAST[number]}", f"{FIRST[number - 1]} {LAST[(number + 4) % 9]}"
        for row, name in zip(question.rows.order_by("position"), (first, first[:-1], second), strict=True):
            row.values = [row.key, name]
            row.save()
        answer(question, people.steward, "AAB" if number < 8 else "ABB")
    return made


def taught(
    of: Transform, people: Cast, questions: list[Question], kept: dict[str, bytes], **fields: Any
) -> tuple[TaskRun, LabelFile]:
    """An import of these questions that went well, and what was in it."""
    rows = [
        LabeledRow(question.labeling_set_id, question.result_labels[row.pk], tuple(row.values))
        for question in Question.objects.filter(pk__in=[one.pk for one in questions]).order_by("position")
        for row in question.rows.order_by("position")
    ]
    content = LabelFile(("id", "name"), tuple(rows))
    stored = StoredFile.objects.create(
        transform=of,
        kind=LabelFileKind.BUILT,
        bucket="b",
        key=f"{TaskRun.objects.count()}.csv",
        size=1,
        sha256="0" * 64,
        sets=len(questions),
        rows=len(rows),
    )
    kept[stored.uri] = label_file_bytes(content)
    run = finished_run(of, people.lead, RunKind.IMPORT_LABELS, label_file=stored, started_at=timezone.now(), **fields)
    return run, content


def test_an_import_is_estimated_once_and_then_gets_its_curve(
    people: Cast, of: Transform, questions: list[Question], kept: dict[str, bytes]
) -> None:
    run, content = taught(of, people, questions, kept)
    sweep_shadow()
    estimate = ShadowEstimate.objects.get()
    assert (estimate.import_run, estimate.sets, estimate.problem) == (run, 9, "")
    assert estimate.content_hash == content_hash(content, primary_key="id")
    metrics = Metrics.from_stored(estimate.metrics or {})
    pairs = metrics.true_positives + metrics.false_positives + metrics.true_negatives + metrics.false_negatives
    assert pairs == 27
    assert sum(len(judged.pairs) for judged in estimate.questions.all()) == 27
    assert [name for name, _share in metrics.column_importances] == ["name"]

    running = TaskRun.objects.create(transform=of, kind=RunKind.EVALUATION, status=RunStatus.RUNNING)
    sweep_shadow()
    estimate.refresh_from_db()
    assert estimate.curve_at is None  # runs come first
    running.delete()
    sweep_shadow()
    estimate.refresh_from_db()
    assert estimate.curve is not None
    assert estimate.curve["next_file"]["rows"] == 30
    assert estimate.curve["next_file"]["gain"] >= 0
    done = estimate.curve_at
    sweep_shadow()
    estimate.refresh_from_db()
    assert estimate.curve_at == done


def test_the_question_that_the_engine_doubts_is_behind_its_cell(
    people: Cast, of: Transform, questions: list[Question], kept: dict[str, bytes]
) -> None:
    taught(of, people, questions, kept)
    ask_about_question(question=questions[0], pair=(0, 1))  # of an earlier estimate
    sweep_shadow()
    assert not of.explanations.exists()
    estimate = newest_estimate(transform=of)
    assert estimate is not None
    found = list(questions_behind(estimate=estimate, cell=Cell.FALSE_POSITIVES))
    assert found[0].question == questions[8]
    (first, *_rest) = disagreements(estimate=estimate, cell=Cell.FALSE_POSITIVES, judged=found)
    assert first.pair is not None
    assert {row.position for row in first.pair.rows} == {1, 2}
    assert first.pair.score >= (estimate.threshold or 0)
    assert not first.changed
    for cell in Cell:
        count = sum(getattr(judged, cell) for judged in questions_behind(estimate=estimate, cell=cell))
        assert count == (estimate.metrics or {})[cell]


def test_labels_of_earlier_imports_count_until_they_are_replaced(
    people: Cast, of: Transform, questions: list[Question], kept: dict[str, bytes]
) -> None:
    first, _content = taught(of, people, questions[:4], kept)
    second, _content = taught(of, people, questions[4:8], kept)
    assert files_learned(run=second) == [first.label_file, second.label_file]
    sweep_shadow()
    assert ShadowEstimate.objects.get().sets == 8
    third, _content = taught(of, people, questions[8:], kept, replace_all_labels=True)
    assert files_learned(run=third) == [third.label_file]
    sweep_shadow()
    assert ShadowEstimate.objects.get(import_run=third).problem
    assert newest_estimate(transform=of) == ShadowEstimate.objects.get(import_run=second)


@pytest.mark.parametrize("ended", [RunStatus.FAILED, RunStatus.STOPPED, RunStatus.TIMEOUT])
def test_an_import_that_fails_leaves_the_estimate_before_it_with_its_questions(
    people: Cast, of: Transform, questions: list[Question], kept: dict[str, bytes], ended: RunStatus
) -> None:
    taught(of, people, questions, kept)
    sweep_shadow()
    before = newest_estimate(transform=of)
    assert before is not None
    run, _content = taught(of, people, questions, kept)
    TaskRun.objects.filter(pk=run.pk).update(status=RunStatus.RUNNING)
    sweep_shadow()
    assert newest_estimate(transform=of) == ShadowEstimate.objects.get(import_run=run)
    TaskRun.objects.filter(pk=run.pk).update(status=ended)
    assert newest_estimate(transform=of) == before
    assert questions_behind(estimate=before, cell=Cell.FALSE_POSITIVES).exists()
    sweep_shadow()
    before.refresh_from_db()
    assert before.curve is not None
    sweep_shadow()
    assert ShadowEstimate.objects.get(import_run=run).curve_at is None, "nobody would see it"

    third, _content = taught(of, people, questions, kept)
    sweep_shadow()
    assert newest_estimate(transform=of) == ShadowEstimate.objects.get(import_run=third)
    with_questions = ShadowEstimate.objects.filter(questions__isnull=False).distinct()
    assert list(with_questions) == [ShadowEstimate.objects.get(import_run=third)]


def test_of_many_files_those_with_the_newest_sets_are_read(
    people: Cast, of: Transform, questions: list[Question], kept: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A set that was taught again is as new as it was then."""
    monkeypatch.setattr(shadow, "_MAX_SETS", 5)
    for some in (questions[:4], questions[4:7], [questions[0], *questions[7:]]):
        run, _content = taught(of, people, some, kept)
    del kept[next(iter(kept))]
    learned = [questions[number].labeling_set_id for number in (5, 6, 0, 7, 8)]
    assert list(shadow._labels(run).by_set()) == learned


def test_labels_from_elsewhere_leave_nothing_to_estimate(
    people: Cast, of: Transform, questions: list[Question], kept: dict[str, bytes]
) -> None:
    finished_run(of, people.lead, RunKind.IMPORT_LABELS)
    taught(of, people, questions, kept)
    sweep_shadow()
    assert "does not have" in ShadowEstimate.objects.get().problem


def test_a_worker_that_died_is_followed_by_another_but_not_for_ever(
    people: Cast, of: Transform, questions: list[Question], kept: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    taught(of, people, questions, kept)
    calls = []
    monkeypatch.setattr(shadow, "estimate_quality", lambda *, estimate: calls.append(estimate.pk))  # and dies
    sweep_shadow()
    sweep_shadow()
    assert len(calls) == 1
    for expected in (2, 3, 3):
        ShadowEstimate.objects.update(claimed_at=timezone.now() - CLAIM)
        sweep_shadow()
        assert len(calls) == expected


def refusing(code: str) -> Callable[[str], bytes]:
    """An S3 that answers each question with this error."""

    def read(_uri: str) -> bytes:
        raise GlueError("No.", code=code, retryable=True)

    return read


def test_a_silent_s3_is_asked_until_it_answers_and_a_lost_file_is_told(
    people: Cast, of: Transform, questions: list[Question], kept: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    taught(of, people, questions, kept)
    monkeypatch.setattr(storage, "read_uri", refusing("SlowDown"))
    for _try in range(MAX_ATTEMPTS + 1):
        sweep_shadow()
        ShadowEstimate.objects.update(claimed_at=timezone.now() - CLAIM)
    monkeypatch.setattr(storage, "read_uri", kept.__getitem__)
    sweep_shadow()
    estimate = ShadowEstimate.objects.get()
    assert estimate.metrics is not None
    monkeypatch.setattr(storage, "read_uri", refusing("NoSuchKey"))
    sweep_shadow()
    estimate.refresh_from_db()
    assert (estimate.curve, estimate.curve_at is None) == (None, False)
    ShadowEstimate.objects.all().delete()
    sweep_shadow()
    assert "no longer where" in ShadowEstimate.objects.get().problem


@pytest.mark.parametrize("answers", [True, False])
def test_an_estimate_whose_claim_was_taken_over_changes_nothing(
    people: Cast,
    of: Transform,
    questions: list[Question],
    kept: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    answers: bool,
) -> None:
    run, _content = taught(of, people, questions, kept)
    late = ShadowEstimate.objects.create(
        import_run=run, transform=of, claimed_at=timezone.now() - timedelta(hours=1), attempts=1
    )
    ShadowEstimate.objects.update(claimed_at=timezone.now(), attempts=2)
    if not answers:
        monkeypatch.setattr(storage, "read_uri", refusing("SlowDown"))
    shadow.estimate_quality(estimate=late)
    late.refresh_from_db()
    assert (late.metrics, late.questions.count(), late.attempts) == (None, 0, 2)


def test_asking_again_gives_the_question_back_to_its_people(
    people: Cast, of: Transform, questions: list[Question]
) -> None:
    question = questions[8]
    (reopened,) = ask_again(question=question, user=people.lead)
    question.refresh_from_db()
    assert (reopened.steward, question.state) == (people.steward, QuestionState.OPEN)
    assert sorted(reopened.row_labels.values_list("label", flat=True)) == ["A", "B", "B"]
    assert AnswerChange.objects.filter(answer=reopened, by=people.lead, action="reopened").exists()
    with pytest.raises(InvalidAnswerError):
        ask_again(question=question, user=people.lead)
    submit_answer(question=question, steward=people.steward, labels=grouping(question, "AAB"), seconds=1, keys=1)
    question.refresh_from_db()
    assert question.state == QuestionState.SETTLED


def test_the_two_rows_are_compared_whole_and_never_by_their_keys(
    people: Cast, of: Transform, questions: list[Question], kept: dict[str, bytes], client: Any, settings: Any
) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    taught(of, people, questions, kept)
    sweep_shadow()
    client.force_login(people.lead)
    url = reverse("labeling:disagreement", args=[of.pk])

    def cells(first: str, second: str) -> list[tuple[bool, str]]:
        """Whether each cell of the pair is compared, and its text."""
        for row, name in zip(questions[8].rows.order_by("position"), (first, second), strict=False):
            Row.objects.filter(pk=row.pk).update(values=[row.key, name])
        page = client.get(url, {"cell": "false_positives"}).content.decode()
        shown = page.split("<tbody>")[1].split("</tbody>")[0]
        found = re.findall(r"<td ([^>]*)>(.*?)</td>", shown, re.DOTALL)
        return [("data-compared" in look, text.strip()) for look, text in found]

    keys = [str(row.key) for row in questions[8].rows.order_by("position")[:2]]
    long = "x" * 70
    assert cells(long + "a", long + "b") == [(False, keys[0]), (True, long + "a"), (False, keys[1]), (True, long + "b")]
    assert cells("Ada", "") == [(False, keys[0]), (True, "Ada"), (False, keys[1]), (True, "–")]


def test_leads_go_from_the_matrix_to_the_question_and_ask_it_again(
    people: Cast, of: Transform, questions: list[Question], kept: dict[str, bytes], client: Any, settings: Any
) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    url = reverse("labeling:disagreement", args=[of.pk])
    client.force_login(people.steward)
    assert client.get(url).status_code == 403
    client.force_login(people.lead)
    assert "Nothing to compare yet" in client.get(url).content.decode()
    taught(of, people, questions, kept)
    sweep_shadow()
    sweep_shadow()
    quality = client.get(reverse("labeling:quality", args=[of.pk])).content.decode()
    assert f"{url}?cell=false_positives" in quality
    assert "The next 10 questions should add about" in quality
    assert "Estimate" in quality
    estimate = ShadowEstimate.objects.get()
    assert estimate.curve
    estimate.curve["next_file"]["gain"] = 0.0004
    estimate.save()
    quality = client.get(reverse("labeling:quality", args=[of.pk])).content.decode()
    assert "The next 10 questions should hardly change the best F1." in quality
    imported = estimate.import_run
    assert "By the embedded engine" in client.get(reverse("labeling:run-detail", args=[imported.pk])).content.decode()
    csv = client.get(reverse("labeling:quality-download", args=[of.pk, "shadow"])).getvalue().decode()
    assert ShadowEstimate.objects.get().content_hash in csv

    page = client.get(url, {"cell": "false_positives"}).content.decode()
    again = reverse("labeling:question-ask-again", args=[questions[8].pk])
    assert again in page
    assert FIRST[8] in page
    back = client.post(again, {"cell": "false_positives", "page": "1"})
    assert back.url == f"{url}?cell=false_positives&page=1"
    page = client.get(back.url).content.decode()
    assert "reopened for Steward" in page
    assert again not in page
    client.force_login(people.steward)
    assert client.post(again).status_code == 403
    client.force_login(people.stranger)
    assert client.post(again).status_code == 404
