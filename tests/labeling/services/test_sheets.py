from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from random import Random

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Membership, User
from accounts.selectors import membership_in
from accounts.services import create_team
from labeling.aws import storage
from labeling.choices import AnswerStatus, QuestionState
from labeling.exceptions import GlueError, InvalidSheetError, NoQuestionsError
from labeling.models import Answer, Question, QuestionAssignment, QuestionSet, Row, SheetUpload, Transform
from labeling.selectors.claims import CLAIM, MAX_ATTEMPTS, is_given_up
from labeling.selectors.sheet_plan import SheetAction, SheetPlan, sheet_plan
from labeling.selectors.sheets import SheetLimits, sheet_choices
from labeling.services.adjudication import submit_adjudication
from labeling.services.answers import open_question, save_draft
from labeling.services.claims import claim
from labeling.services.sheets import (
    MOST,
    SheetFormat,
    confirm_sheet,
    download_sheet,
    sheet_file,
    stage_sheet,
    sweep_sheets,
    why_refused,
)
from labeling.spreadsheets import MAX_FILE_BYTES
from partitions import Grouping
from tests.labeling.builders import Cast, answer, grouping, question_set, transform
from tests.labeling.sheets import LABEL, MARK, SET, Cells, as_csv, as_workbook, cells_of, filled, made_large

pytestmark = pytest.mark.django_db


@pytest.fixture
def people_transform(people: Cast) -> Transform:
    return transform(people.team, people.admin)


@pytest.fixture
def questions(people: Cast, people_transform: Transform) -> list[Question]:
    return question_set(people_transform, people.admin, [3, 2, 2])


def member(person: User, of: Transform) -> Membership:
    membership = membership_in(user=person, team=of.team)
    assert membership is not None
    return membership


def downloaded(
    of: Transform, person: User, question_set: QuestionSet | None = None, kind: SheetFormat = SheetFormat.XLSX
) -> Cells:
    found = download_sheet(transform=of, membership=member(person, of), question_set=question_set, kind=kind)
    content = b"".join(found.chunks)
    assert found.size == len(content)
    assert found.name.endswith(f".{kind}")
    return cells_of(content)


def uploaded(of: Transform, person: User, content: bytes, name: str = "filled.xlsx") -> SheetUpload:
    return stage_sheet(transform=of, membership=member(person, of), file=SimpleUploadedFile(name, content))


def plan(upload: SheetUpload) -> SheetPlan:
    return sheet_plan(upload=upload, membership=member(upload.created_by, upload.transform))


def actions(upload: SheetUpload) -> list[SheetAction]:
    return [planned.action for planned in plan(upload).questions]


def confirmed(upload: SheetUpload, *take_file: Question, seen: SheetPlan | None = None) -> dict[str, object]:
    shown = seen or plan(upload)
    outcome = confirm_sheet(
        upload=upload,
        membership=member(upload.created_by, upload.transform),
        seen=[planned.digest for planned in shown.questions],
        take_file=[question.pk for question in take_file],
    )
    return {name: value for name, value in outcome.items() if name != "at" and value}


def letters(question: Question, person: User) -> str:
    labels = dict(Answer.objects.get(question=question, steward=person).row_labels.values_list("row", "label"))
    rows = question.rows.order_by("position").values_list("pk", flat=True)
    return "".join(labels.get(row, ".") for row in rows)


def state(question: Question) -> str:
    return Question.objects.get(pk=question.pk).state


# Who gets what


def test_stewards_get_what_they_may_answer_and_leads_all(
    people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    first, second, third = questions
    answer(first, people.colleague, "ABC")
    open_question(question=second, steward=people.colleague)

    def sets(person: User, of: QuestionSet | None = None) -> list[str]:
        return list(dict.fromkeys(row[SET] for row in downloaded(people_transform, person, of)[1:]))

    assert sets(people.steward) == [third.labeling_set_id]
    assert sets(people.colleague) == [second.labeling_set_id, third.labeling_set_id]
    assert sets(people.lead) == [second.labeling_set_id, third.labeling_set_id]
    whole = first.question_set
    assert sets(people.steward, whole) == [third.labeling_set_id]
    assert sets(people.colleague, whole) == [question.labeling_set_id for question in questions]
    assert sets(people.lead, whole) == [question.labeling_set_id for question in questions]
    counts = [
        [(choice.question_set, choice.questions) for choice in sheet_choices(transform=people_transform, membership=m)]
        for m in (member(people.steward, people_transform), member(people.lead, people_transform))
    ]
    assert counts == [[(None, 1), (whole, 1)], [(None, 2), (whole, 3)]]


def test_a_file_has_no_more_than_can_be_uploaded_again_and_says_so(
    people: Cast, people_transform: Transform, questions: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of five cells: mark, set, label, id and name."""
    steward = member(people.steward, people_transform)

    def name() -> str:
        return download_sheet(
            transform=people_transform, membership=steward, question_set=None, kind=SheetFormat.XLSX
        ).name

    assert name() == "people-questions.xlsx"
    monkeypatch.setattr("labeling.services.sheets.MOST", SheetLimits(cells=29, size=10_000))
    assert name() == "people-questions-first-2-of-3.xlsx"
    sets = [row[SET] for row in downloaded(people_transform, people.steward)[1:]]
    assert sets == [question.labeling_set_id for question in (*questions[:1] * 3, *questions[1:2] * 2)]
    monkeypatch.setattr("labeling.services.sheets.MOST_QUESTIONS", 1)
    assert name() == "people-questions-first-1-of-3.xlsx"


@pytest.mark.parametrize("kind", SheetFormat)
def test_long_texts_can_be_uploaded_again(
    s3_server: str, people: Cast, people_transform: Transform, kind: SheetFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2.4 MB of texts where a tenth of what is usual may be uploaded; one text is longer than a cell can be."""
    monkeypatch.setattr("labeling.services.sheets.MAX_FILE_BYTES", MAX_FILE_BYTES // 10)
    monkeypatch.setattr("labeling.services.sheets.MOST", SheetLimits(MOST.cells, MOST.size // 10))
    random = Random(0)  # noqa: S311  # made-up texts
    asked = question_set(people_transform, people.admin, [20] * 40)
    rows = list(Row.objects.filter(question__in=asked).order_by("pk"))
    for row in rows:
        row.values[1] = "=" + random.randbytes(1500).hex()
    rows[0].values[1] *= 11
    Row.objects.bulk_update(rows, ["values"])
    found = download_sheet(
        transform=people_transform, membership=member(people.steward, people_transform), question_set=None, kind=kind
    )
    content = b"".join(found.chunks)
    (count,) = re.findall(r"-first-(\d+)-of-40\.", found.name)
    assert int(count) == 24  # of 60,000 characters each
    save = as_workbook if kind == SheetFormat.XLSX else as_csv
    upload = uploaded(people_transform, people.steward, save(filled(cells_of(content), {asked[0]: "A" * 20})))
    sweep_sheets()
    upload.refresh_from_db()
    assert upload.problems == []
    assert actions(upload)[0] == SheetAction.SUBMIT


def test_people_see_their_own_labels_and_leads_also_what_is_settled(
    people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    first, second, _third = questions
    answer(first, people.colleague, "AB?")
    save_draft(question=second, steward=people.steward, labels=grouping(second, ["A", ""]))

    def labels(person: User) -> list[str]:
        return [row[LABEL] for row in downloaded(people_transform, person, first.question_set)[1:]]

    assert labels(people.steward) == ["A", "", "", ""]
    assert labels(people.lead) == ["A", "B", "?", "", "", "", ""]


def test_nothing_to_download(people: Cast, people_transform: Transform) -> None:
    with pytest.raises(NoQuestionsError):
        downloaded(people_transform, people.steward)


# What comes back


@pytest.mark.parametrize("save", [as_workbook, as_csv])
def test_complete_questions_are_submitted_and_others_become_drafts(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question], save: object
) -> None:
    first, second, third = questions
    cells = filled(downloaded(people_transform, people.steward), {first: "AAB", second: "a."})
    assert callable(save)
    content = save(cells)
    upload = uploaded(people_transform, people.steward, content)
    assert actions(upload) == [SheetAction.SUBMIT, SheetAction.DRAFT, SheetAction.NOTHING]
    assert not Answer.objects.exists()
    assert (upload.size, upload.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert storage.read_uri(upload.uri) == content
    assert b"".join(sheet_file(upload=upload).chunks) == content

    assert confirmed(upload) == {"submitted": 1, "drafts": 1}
    assert (letters(first, people.steward), state(first)) == ("AAB", QuestionState.SETTLED)
    assert (letters(second, people.steward), state(second)) == ("A.", QuestionState.OPEN)
    assert not Answer.objects.filter(question=third).exists()
    submitted = Answer.objects.get(question=first)
    assert (submitted.version, submitted.seconds, submitted.keys) == (1, None, None)
    assert Question.objects.get(pk=second.pk).leased_to is None
    upload.refresh_from_db()
    assert upload.confirmed_at is not None
    assert upload.outcomes[0]["submitted"] == 1
    assert storage.read_uri(upload.uri) == content


def test_the_same_file_again_changes_nothing(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    first, second, _third = questions
    content = as_workbook(filled(downloaded(people_transform, people.steward), {first: "AAB", second: "A."}))
    confirmed(uploaded(people_transform, people.steward, content))
    before = list(Answer.objects.order_by("pk").values())
    again = uploaded(people_transform, people.steward, content)
    assert not plan(again).is_open
    assert confirmed(again) == {}
    assert list(Answer.objects.order_by("pk").values()) == before


def test_a_file_may_be_filled_in_bit_by_bit(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    first = questions[0]
    cells = downloaded(people_transform, people.steward)
    for text, outcome in (("A..", {"drafts": 1}), ("AA.", {"drafts": 1}), ("AAB", {"submitted": 1})):
        assert confirmed(uploaded(people_transform, people.steward, as_csv(filled(cells, {first: text})))) == outcome
        assert letters(first, people.steward) == text


def test_what_the_file_does_not_touch_stays(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    first, second, _third = questions
    cells = downloaded(people_transform, people.steward)
    answer(first, people.steward, "ABC")
    save_draft(question=second, steward=people.steward, labels=grouping(second, "AB"))
    upload = uploaded(people_transform, people.steward, as_workbook(cells))
    assert set(actions(upload)) == {SheetAction.NOTHING}
    half = uploaded(people_transform, people.steward, as_workbook(filled(cells, {first: "A..", second: "A."})))
    assert set(actions(half)) == {SheetAction.NOTHING}


def test_submitted_answers_are_corrected_unless_labels_are_missing(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    first, second, third = questions
    for question, text in ((first, "AAB"), (second, "AB"), (third, "AA")):
        answer(question, people.steward, text)
    cells = downloaded(people_transform, people.steward, first.question_set)
    upload = uploaded(
        people_transform, people.steward, as_workbook(filled(cells, {first: "ABC", second: "BA", third: "A."}))
    )
    assert actions(upload) == [SheetAction.CORRECT, SheetAction.NOTHING, SheetAction.INCOMPLETE]
    outcome = confirmed(upload)
    assert outcome.pop("refused") == [
        {
            "question": str(third.pk),
            "message": "You have submitted it, but labels are missing in the file.",
        }
    ]
    assert outcome == {"corrected": 1}
    assert letters(first, people.steward) == "ABC"
    corrected = Answer.objects.get(question=first)
    assert (corrected.version, corrected.status) == (2, AnswerStatus.SUBMITTED)
    assert Question.objects.get(pk=first.pk).result_version == 2
    assert (letters(second, people.steward), letters(third, people.steward)) == ("AB", "AA")


# Conflicts


def test_what_changed_here_and_there_is_asked(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    first, second, third = questions
    cells = downloaded(people_transform, people.steward)
    answer(first, people.steward, "ABC")
    save_draft(question=second, steward=people.steward, labels=grouping(second, ["B", ""]))
    upload = uploaded(
        people_transform, people.steward, as_workbook(filled(cells, {first: "AAA", second: "A.", third: "AA"}))
    )
    shown = plan(upload)
    assert [(planned.action, planned.then) for planned in shown.questions] == [
        (SheetAction.ASK, SheetAction.CORRECT),
        (SheetAction.ASK, SheetAction.DRAFT),
        (SheetAction.SUBMIT, SheetAction.SUBMIT),
    ]
    assert confirmed(upload, first, seen=shown) == {"corrected": 1, "kept": 1, "submitted": 1}
    assert (letters(first, people.steward), letters(second, people.steward)) == ("AAA", "B.")


def test_letters_of_two_states_are_never_mixed(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    first = questions[0]
    save_draft(question=first, steward=people.steward, labels=grouping(first, ["A", "A", ""]))
    cells = downloaded(people_transform, people.steward)
    save_draft(question=first, steward=people.steward, labels=grouping(first, ["B", "B", ""]))
    # Only the third row is touched: "B", another than the first two. Mixed with what is here now, it would be the same.
    upload = uploaded(people_transform, people.steward, as_workbook(filled(cells, {first: "AAB"})))
    planned = plan(upload).questions[0]
    assert (planned.action, planned.then) == (SheetAction.ASK, SheetAction.SUBMIT)
    confirmed(upload, first)
    assert letters(first, people.steward) == "AAB"


def test_without_marks_only_blanks_are_filled_without_asking(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    first, second, third = questions
    save_draft(question=first, steward=people.steward, labels=grouping(first, ["A", "", ""]))
    save_draft(question=second, steward=people.steward, labels=grouping(second, ["A", ""]))
    cells = [row[1:] for row in downloaded(people_transform, people.steward)]
    texts = {first: iter("A.B"), second: iter("BA"), third: iter("AA")}
    by_set = {question.labeling_set_id: text for question, text in texts.items()}
    bare = [cells[0], *([row[0], next(by_set[row[0]]).strip("."), *row[2:]] for row in cells[1:])]
    upload = uploaded(people_transform, people.steward, as_csv(bare), "bare.csv")
    assert actions(upload) == [SheetAction.DRAFT, SheetAction.ASK, SheetAction.SUBMIT]
    assert [problem["code"] for problem in upload.problems] == ["marks_lost"]


# Others


def test_what_others_hold_or_have_answered_is_reported_and_not_overwritten(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    first, second, third = questions
    cells = downloaded(people_transform, people.steward)
    QuestionAssignment.objects.create(question=third, user=people.colleague)
    answer(first, people.colleague, "ABC")
    open_question(question=second, steward=people.colleague)
    upload = uploaded(
        people_transform, people.steward, as_workbook(filled(cells, {first: "AAA", second: "AA", third: "AA"}))
    )
    assert actions(upload) == [SheetAction.CLOSED, SheetAction.HELD, SheetAction.NOT_MEANT]
    outcome = confirmed(upload)
    assert isinstance(outcome["refused"], list)
    assert [refusal["message"] for refusal in outcome["refused"]] == [
        "It has been answered, and nobody else needs to answer it.",
        "Someone else is working on it now.",
        "It is assigned to other people or needs a skill that you do not have.",
    ]
    assert list(Answer.objects.values_list("steward", flat=True)) == [people.colleague.pk]
    assert Question.objects.get(pk=second.pk).leased_to == people.colleague

    Question.objects.filter(pk=second.pk).update(leased_to=None, lease_expires_at=None)
    assert confirmed(upload)["submitted"] == 1
    assert letters(second, people.steward) == "AA"
    assert len(SheetUpload.objects.get().outcomes) == 2


def test_what_somebody_has_begun_is_taken_in_although_it_was_assigned_to_others_since(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    first, second, third = questions
    cells = downloaded(people_transform, people.steward)
    save_draft(question=first, steward=people.steward, labels=grouping(first, ["A", "", ""]))
    open_question(question=second, steward=people.steward)
    Question.objects.filter(pk=first.pk).update(leased_to=None, lease_expires_at=None)
    for question in questions:
        QuestionAssignment.objects.create(question=question, user=people.colleague)
    content = as_workbook(filled(cells, {first: "AAB", second: "AA", third: "AA"}))
    upload = uploaded(people_transform, people.steward, content)
    assert actions(upload) == [SheetAction.SUBMIT, SheetAction.SUBMIT, SheetAction.NOT_MEANT]
    assert confirmed(upload)["submitted"] == 2
    assert (letters(first, people.steward), letters(second, people.steward)) == ("AAB", "AA")


def test_who_answered_a_question_that_was_adjudicated_since_is_told_so(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    first = questions[0]
    cells = downloaded(people_transform, people.steward)
    answer(first, people.steward, "ABC")
    first.refresh_from_db()
    seen = first.result_version
    submit_adjudication(
        question=first, user=people.lead, labels=grouping(first, "AAB"), seconds=1, keys=1, overrules=seen
    )
    upload = uploaded(people_transform, people.steward, as_workbook(filled(cells, {first: "AAA"})))
    (planned,) = plan(upload).having(SheetAction.ADJUDICATED)
    assert why_refused(planned).startswith("It has been adjudicated.")


def test_what_changed_since_it_was_shown_waits_for_another_look(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    first, second, _third = questions
    content = as_workbook(filled(downloaded(people_transform, people.steward), {first: "AAA", second: "A."}))
    upload = uploaded(people_transform, people.steward, content)
    shown = plan(upload)
    save_draft(question=first, steward=people.steward, labels=grouping(first, ["B", "", ""]))
    assert confirmed(upload, seen=shown) == {"changed": 1, "drafts": 1}
    assert letters(first, people.steward) == "B.."
    assert actions(upload)[0] == SheetAction.ASK


def test_a_draft_does_not_take_the_lease_of_an_open_workbench(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    content = as_workbook(filled(downloaded(people_transform, people.steward), {questions[0]: "A.."}))
    open_question(question=questions[0], steward=people.steward)
    confirmed(uploaded(people_transform, people.steward, content))
    assert Question.objects.get(pk=questions[0].pk).leased_to == people.steward


def test_several_people_answer_from_files_of_their_own(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    first = questions[0]
    QuestionSet.objects.update(answers_wanted=2)
    Question.objects.update(answers_missing=2)
    cells = downloaded(people_transform, people.steward)
    for person, text in ((people.steward, "AAB"), (people.colleague, "BBA")):
        confirmed(uploaded(people_transform, person, as_workbook(filled(cells, {first: text}))))
    assert Answer.objects.filter(question=first, status=AnswerStatus.SUBMITTED).count() == 2
    assert state(first) == QuestionState.SETTLED


# Files that are none


def test_problems_are_kept_with_their_place(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    cells = filled(downloaded(people_transform, people.steward), {questions[0]: "AXB"})
    upload = uploaded(people_transform, people.steward, as_workbook(cells))
    assert [(problem["row"], problem["column"], problem["code"]) for problem in upload.problems] == [
        (3, "C", "label_unknown")
    ]
    assert actions(upload)[0] == SheetAction.DRAFT
    cells[2][LABEL], cells[3][MARK], cells[3][SET] = "\0", "", "\0"
    odd = uploaded(people_transform, people.steward, as_csv(cells))
    assert [problem["code"] for problem in odd.problems][:2] == ["label_unknown", "row_unknown"]
    for content in (b"nothing at all", b"PK\x03\x04 broken", as_csv([["a", "b"], ["1", "2"]])):
        broken = uploaded(people_transform, people.steward, content)
        assert [problem["severity"] for problem in broken.problems][-1] in ("error", "warning")
        assert not plan(broken).questions
        assert confirmed(broken) == {}


def test_files_of_another_transform_bring_nothing(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    other = transform(people.team, people.admin, name="Other")
    theirs = question_set(other, people.admin, [2], first_key=500)[0]
    cells = filled(downloaded(other, people.steward), {theirs: "AA"})
    upload = uploaded(people_transform, people.steward, as_workbook(cells))
    (problem,) = upload.problems
    assert problem["code"] == "other_file"
    assert problem["message"] == (
        "2 rows belong to the transform “Other” and are not taken in. Upload the file there."
    ), "one note for all of them"
    assert not upload.labels

    unmarked = uploaded(people_transform, people.steward, as_csv([row[1:] for row in cells]))
    assert [problem["message"] for problem in unmarked.problems] == [
        "None of the 2 rows is in the questions of this transform."
    ]
    Transform.objects.filter(pk=other.pk).update(team=create_team(name="Elsewhere"))
    upload = uploaded(people_transform, people.steward, as_workbook(cells))
    assert [problem["message"] for problem in upload.problems] == [
        "2 rows do not belong to the questions of this transform and are not taken in."
    ], "what other teams have is not told"


@pytest.mark.parametrize("save", [as_workbook, as_csv])
def test_a_larger_file_is_read_by_a_worker(
    s3_server: str,
    people: Cast,
    people_transform: Transform,
    questions: list[Question],
    save: Callable[[Cells], bytes],
) -> None:
    cells = filled(downloaded(people_transform, people.steward), {questions[0]: "AAB", questions[1]: "AX"})
    small = uploaded(people_transform, people.steward, save(cells))
    content = save(made_large(cells))
    upload = uploaded(people_transform, people.steward, content)
    assert (upload.read_at, upload.labels, upload.problems) == (None, [], [])
    assert storage.read_uri(upload.uri) == content
    sweep_sheets()
    upload.refresh_from_db()
    assert upload.read_at is not None
    assert (upload.labels, upload.problems) == (small.labels, small.problems)
    assert actions(upload) == actions(small)


def test_a_reader_that_dies_or_finds_s3_silent_is_followed_by_another(
    s3_server: str,
    people: Cast,
    people_transform: Transform,
    questions: list[Question],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = as_csv(made_large(downloaded(people_transform, people.steward)))
    upload, after = (uploaded(people_transform, people.steward, content) for _ in range(2))

    def refuse(_uri: str) -> bytes:
        raise GlueError("AWS did not answer.", code="ReadTimeoutError", retryable=True)

    with monkeypatch.context() as patched:
        patched.setattr(storage, "read_uri", refuse)
        for _try in range(MAX_ATTEMPTS + 1):
            sweep_sheets()
            SheetUpload.objects.filter(pk=upload.pk).update(claimed_at=timezone.now() - CLAIM)
    assert not is_given_up(upload)  # an S3 that is silent says nothing about the file
    assert claim(upload)  # by somebody who is at work, or has died
    sweep_sheets()
    assert read(upload, after) == [False, True]
    SheetUpload.objects.update(claimed_at=timezone.now() - CLAIM)
    sweep_sheets()
    assert read(upload, after) == [True, True]


def test_a_file_that_no_reader_survives_is_given_up(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    upload = uploaded(
        people_transform, people.steward, as_csv(made_large(downloaded(people_transform, people.steward)))
    )
    for _try in range(MAX_ATTEMPTS):
        assert not is_given_up(upload)
        assert claim(upload)
        SheetUpload.objects.update(claimed_at=timezone.now() - CLAIM)
    sweep_sheets()
    assert is_given_up(upload)
    assert read(upload) == [False]


def test_a_file_that_is_no_longer_there_is_not_waited_for(
    s3_server: str, people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    upload = uploaded(
        people_transform, people.steward, as_csv(made_large(downloaded(people_transform, people.steward)))
    )
    storage.delete(upload.key)
    sweep_sheets()
    upload.refresh_from_db()
    assert [problem["code"] for problem in upload.problems] == ["missing"]


def read(*uploads: SheetUpload) -> list[bool]:
    """Which of them have been read."""
    done = dict(SheetUpload.objects.values_list("pk", "read_at"))
    return [done[upload.pk] is not None for upload in uploads]


def test_too_large_files_are_refused(people: Cast, people_transform: Transform) -> None:
    with pytest.raises(InvalidSheetError, match="larger than 20 MB"):
        uploaded(people_transform, people.steward, b"x" * 20_000_001)


# Round trip


texts = st.lists(st.text("ABCO?.", min_size=4, max_size=4), min_size=3, max_size=3)


def treated(cells: Cells, random: Random) -> Cells:
    """Sorted in any way, columns swapped, and some marks lost."""
    rows = [[*row[:MARK], "", *row[MARK + 1 :]] if random.random() < 0.2 else list(row) for row in cells[1:]]
    random.shuffle(rows)
    order = list(range(len(cells[0])))
    random.shuffle(order)
    return [[row[place] for place in order] for row in [cells[0], *rows]]


def check_answers(asked: Sequence[Question], person: User, given_texts: Sequence[str]) -> None:
    for question, text in zip(asked, given_texts, strict=True):
        found = Answer.objects.filter(question=question, steward=person).first()
        if not text.strip("."):
            assert found is None
            continue
        assert found is not None
        assert found.status == (AnswerStatus.DRAFT if "." in text else AnswerStatus.SUBMITTED)
        said = {row: letter for row, letter in grouping(question, text).items() if letter != "."}
        assert Grouping(dict(found.row_labels.values_list("row", "label"))) == Grouping(said)


@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(first=texts, then=texts, random=st.randoms(use_true_random=False), workbook=st.booleans())
def test_round_trip(
    s3_server: str,
    people: Cast,
    people_transform: Transform,
    first: list[str],
    then: list[str],
    random: Random,
    workbook: bool,
) -> None:
    with transaction.atomic():
        asked = question_set(people_transform, people.admin, [4, 4, 4])
        cells = downloaded(people_transform, people.steward)
        save = as_workbook if workbook else as_csv
        half = save(treated(filled(cells, dict(zip(asked, first, strict=True))), random))
        confirmed(uploaded(people_transform, people.steward, half))
        check_answers(asked, people.steward, first)
        again = uploaded(people_transform, people.steward, half)
        assert not plan(again).is_open

        # Blanks are filled in from the second texts; what stands there already stays as it is.
        both = [
            "".join(new if old == "." else old for old, new in zip(one, two, strict=True))
            for one, two in zip(first, then, strict=True)
        ]
        whole = save(treated(filled(cells, dict(zip(asked, both, strict=True))), random))
        confirmed(uploaded(people_transform, people.steward, whole))
        check_answers(asked, people.steward, both)
        assert not plan(uploaded(people_transform, people.steward, half)).is_open
        assert not plan(uploaded(people_transform, people.steward, whole)).is_open
        transaction.set_rollback(True)
