from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from labeling.choices import AnswerStatus
from labeling.exceptions import AlreadyAnsweredError, InvalidAnswerError, NewerGroupingError, QuestionTakenError
from labeling.models import Answer, Question, Transform
from labeling.selectors.imports import label_contents
from labeling.services.answers import (
    LEASE,
    next_question,
    open_question,
    release_question,
    reopen_answer,
    save_draft,
    skip_question,
    submit_answer,
    withdraw_answer,
)
from partitions import LABELS
from tests.labeling.builders import Cast, answer, grouping, person, question_set, transform, wanting
from tests.support.concurrency import meanwhile

pytestmark = pytest.mark.django_db


@pytest.fixture
def people_transform(people: Cast) -> Transform:
    return transform(people.team, people.admin)


@pytest.fixture
def questions(people: Cast, people_transform: Transform) -> list[Question]:
    return question_set(people_transform, people.admin, [3, 2, 2])


def expire(question: Question) -> None:
    Question.objects.filter(pk=question.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def submit(question: Question, steward: User, letters: str) -> Answer:
    return submit_answer(question=question, steward=steward, labels=grouping(question, letters), seconds=7, keys=4)


def test_next_gives_questions_in_order_and_not_twice(
    people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    mine = next_question(transform=people_transform, steward=people.steward)
    theirs = next_question(transform=people_transform, steward=people.colleague)
    assert (mine, theirs) == (questions[0], questions[1])
    assert mine is not None
    assert mine.leased_to == people.steward
    assert mine.lease_expires_at is not None
    assert timezone.now() < mine.lease_expires_at <= timezone.now() + LEASE


def test_next_comes_back_to_what_i_hold(people: Cast, people_transform: Transform, questions: list[Question]) -> None:
    first = next_question(transform=people_transform, steward=people.steward)
    again = next_question(transform=people_transform, steward=people.steward)
    assert first == again == questions[0]


def test_next_leaves_out_what_is_on_screen(
    people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    next_question(transform=people_transform, steward=people.steward)
    after = next_question(transform=people_transform, steward=people.steward, exclude=[questions[0].pk])
    assert after == questions[1]


def test_next_is_none_when_all_is_answered(
    people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    for question in questions:
        answer(question, people.steward, "AB" + "A" * (question.rows.count() - 2))
    assert next_question(transform=people_transform, steward=people.steward) is None
    assert next_question(transform=people_transform, steward=people.colleague) is None


def test_expired_lease_goes_back_to_the_queue(
    people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    next_question(transform=people_transform, steward=people.steward)
    expire(questions[0])
    assert next_question(transform=people_transform, steward=people.colleague) == questions[0]


def test_draft_is_kept_and_renews_the_lease(people: Cast, questions: list[Question]) -> None:
    question = questions[0]
    open_question(question=question, steward=people.steward)
    Question.objects.filter(pk=question.pk).update(lease_expires_at=timezone.now() + timedelta(seconds=5))
    rows = list(grouping(question, "ABC"))
    save_draft(question=question, steward=people.steward, labels={rows[0]: "A", rows[1]: "", rows[2]: "?"})
    question.refresh_from_db()
    assert question.lease_expires_at is not None
    assert question.lease_expires_at > timezone.now() + LEASE / 2
    draft = Answer.objects.get()
    assert draft.status == AnswerStatus.DRAFT
    assert dict(draft.row_labels.values_list("row_id", "label")) == {rows[0]: "A", rows[2]: "?"}


def test_draft_is_replaced_as_a_whole(people: Cast, questions: list[Question]) -> None:
    question = questions[0]
    rows = list(grouping(question, "ABC"))
    save_draft(question=question, steward=people.steward, labels=dict.fromkeys(rows, "A"))
    save_draft(question=question, steward=people.steward, labels={rows[0]: "B"})
    assert dict(Answer.objects.get().row_labels.values_list("row_id", "label")) == {rows[0]: "B"}


def test_draft_on_a_question_that_somebody_holds_is_refused(people: Cast, questions: list[Question]) -> None:
    open_question(question=questions[0], steward=people.colleague)
    with pytest.raises(QuestionTakenError):
        save_draft(question=questions[0], steward=people.steward, labels={})
    assert not Answer.objects.exists()


def test_own_draft_comes_first_after_the_lease_ran_out(
    people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    save_draft(question=questions[2], steward=people.steward, labels=grouping(questions[2], "AA"))
    expire(questions[2])
    assert next_question(transform=people_transform, steward=people.steward) == questions[2]


@pytest.mark.parametrize(
    "labels",
    [{"first": "P"}, {"first": "a"}, {"first": "AB"}, {"foreign": "A"}, {"foreign": ""}],
    ids=["beyond O", "lower case", "two letters", "row of another question", "blank on a row of another question"],
)
def test_labels_that_do_not_belong_are_refused(people: Cast, questions: list[Question], labels: dict[str, str]) -> None:
    rows = {
        "first": questions[0].rows.get(position=1).pk,
        "foreign": questions[1].rows.get(position=1).pk,
    }
    with pytest.raises(InvalidAnswerError):
        save_draft(
            question=questions[0], steward=people.steward, labels={rows[name]: label for name, label in labels.items()}
        )


def test_submit_stores_the_answer_and_closes_the_question(people: Cast, questions: list[Question]) -> None:
    given = submit(questions[0], people.steward, "AB?")
    questions[0].refresh_from_db()
    assert (given.status, given.version, given.seconds, given.keys) == (AnswerStatus.SUBMITTED, 1, 7, 4)
    assert given.submitted_at is not None
    assert [label.label for label in given.row_labels.order_by("row__position")] == ["A", "B", "?"]
    assert (questions[0].answers_missing, questions[0].leased_to, questions[0].lease_expires_at) == (0, None, None)


def test_submit_needs_every_row(people: Cast, questions: list[Question]) -> None:
    rows = list(grouping(questions[0], "ABC"))
    with pytest.raises(InvalidAnswerError):
        submit_answer(
            question=questions[0],
            steward=people.steward,
            labels={rows[0]: "A", rows[1]: "B", rows[2]: ""},
            seconds=1,
            keys=1,
        )
    questions[0].refresh_from_db()
    assert questions[0].answers_missing == 1


def test_submit_twice_is_one_answer(people: Cast, questions: list[Question]) -> None:
    first = submit(questions[0], people.steward, "AAB")
    second = submit(questions[0], people.steward, "AAB")
    assert first == second
    assert (second.version, second.seconds, second.keys) == (1, 7, 4)
    with pytest.raises(AlreadyAnsweredError):
        submit(questions[0], people.steward, "ABB")


@pytest.mark.parametrize("take_back", [reopen_answer, withdraw_answer])
def test_the_same_message_once_more_changes_nothing_whatever_happened_since(
    people: Cast, questions: list[Question], take_back: Callable[..., Answer]
) -> None:
    labels = grouping(questions[0], "AAB")
    sent: dict[str, Any] = {"question": questions[0], "steward": people.steward, "labels": labels}
    for _time in range(2):
        given = submit_answer(**sent, seconds=7, keys=4, stamp=2_000, message="one")
        assert (given.version, given.seconds, given.draft_stamp) == (1, 7, 2_000)
        if given.status == AnswerStatus.SUBMITTED:
            taken_back = take_back(answer=given, user=people.steward).status
    assert given.status == taken_back
    skipped = sent | {"stamp": 2_001, "message": "two"}
    skip_question(**skipped)
    save_draft(**sent, stamp=2_002)
    skip_question(**skipped)
    assert Answer.objects.get().status == AnswerStatus.DRAFT
    with pytest.raises(NewerGroupingError):
        submit_answer(**sent, seconds=7, keys=4, stamp=2_000, message="one")
    assert submit_answer(**sent, seconds=1, keys=1, stamp=2_003, message="three").version == 2


@pytest.mark.parametrize("left", [False, True], ids=["draft", "skipped"])
def test_what_waited_in_another_browser_undoes_nothing_newer(
    people: Cast, questions: list[Question], *, left: bool
) -> None:
    mine: dict[str, Any] = {"question": questions[0], "steward": people.steward}
    newer = mine | {"labels": grouping(questions[0], "ABC"), "stamp": 2_000}
    older = mine | {"labels": grouping(questions[0], "AAA"), "stamp": 1_000, "message": "one"}
    skip_question(**newer) if left else save_draft(**newer)
    skip_question(**older)
    with pytest.raises(NewerGroupingError):
        submit_answer(**older, seconds=1, keys=1)
    standing = Answer.objects.get()
    assert standing.status == (AnswerStatus.SKIPPED if left else AnswerStatus.DRAFT)
    assert [label.label for label in standing.row_labels.order_by("row__position")] == ["A", "B", "C"]
    questions[0].refresh_from_db()
    assert questions[0].leased_to == (None if left else people.steward)
    submit_answer(**newer, seconds=1, keys=1)
    skip_question(**older)
    with pytest.raises(AlreadyAnsweredError):
        skip_question(**older | {"stamp": 3_000})


def test_submit_too_late_keeps_the_work_as_a_draft(people: Cast, questions: list[Question]) -> None:
    open_question(question=questions[0], steward=people.steward)
    expire(questions[0])
    submit(questions[0], people.colleague, "AAB")
    with pytest.raises(QuestionTakenError):
        submit(questions[0], people.steward, "ABC")
    mine = Answer.objects.get(steward=people.steward)
    assert mine.status == AnswerStatus.DRAFT
    assert [label.label for label in mine.row_labels.order_by("row__position")] == ["A", "B", "C"]
    questions[0].refresh_from_db()
    assert questions[0].answers_missing == 0


def test_submit_while_somebody_else_holds_it_keeps_the_work_as_a_draft(people: Cast, questions: list[Question]) -> None:
    open_question(question=questions[0], steward=people.steward)
    expire(questions[0])
    open_question(question=questions[0], steward=people.colleague)
    with pytest.raises(QuestionTakenError):
        submit(questions[0], people.steward, "ABC")
    assert Answer.objects.get(steward=people.steward).status == AnswerStatus.DRAFT
    assert submit(questions[0], people.colleague, "AAB").status == AnswerStatus.SUBMITTED


def test_submit_after_the_lease_ran_out_counts_if_nobody_else_took_it(people: Cast, questions: list[Question]) -> None:
    open_question(question=questions[0], steward=people.steward)
    expire(questions[0])
    assert submit(questions[0], people.steward, "AAB").status == AnswerStatus.SUBMITTED


def test_skipped_questions_come_last_longest_ago_first(
    people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    seen = []
    for _turn in range(5):
        question = next_question(transform=people_transform, steward=people.steward)
        assert question is not None
        seen.append(question)
        skip_question(question=question, steward=people.steward)
    assert seen == [*questions, *questions[:2]]
    assert next_question(transform=people_transform, steward=people.colleague) == questions[0]


def test_skip_keeps_what_was_typed(people: Cast, questions: list[Question]) -> None:
    skip_question(question=questions[1], steward=people.steward, labels=grouping(questions[1], "AB"))
    kept = Answer.objects.get()
    assert kept.status == AnswerStatus.SKIPPED
    assert kept.row_labels.count() == 2


def test_skip_after_submit_changes_nothing(people: Cast, questions: list[Question]) -> None:
    submit(questions[0], people.steward, "AAB")
    skip_question(question=questions[0], steward=people.steward)
    assert Answer.objects.get().status == AnswerStatus.SUBMITTED


def test_release_gives_only_ones_own_lease_back(people: Cast, questions: list[Question]) -> None:
    open_question(question=questions[0], steward=people.steward)
    release_question(question=questions[0], steward=people.colleague)
    questions[0].refresh_from_db()
    assert questions[0].leased_to == people.steward
    release_question(question=questions[0], steward=people.steward)
    questions[0].refresh_from_db()
    assert questions[0].leased_to is None


def test_reopen_brings_the_answer_back_as_a_draft_and_counts_a_new_version(
    people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    given = submit(questions[0], people.steward, "AAB")
    reopened = reopen_answer(answer=given, user=people.steward)
    questions[0].refresh_from_db()
    assert (reopened.status, reopened.version) == (AnswerStatus.DRAFT, 1)
    assert (questions[0].answers_missing, questions[0].leased_to) == (1, people.steward)
    others = next_question(transform=people_transform, steward=people.colleague)
    assert others == questions[1], "the first is held by its person"
    assert next_question(transform=people_transform, steward=people.steward) == questions[0]
    corrected = submit(questions[0], people.steward, "ABB")
    assert (corrected.pk, corrected.version, corrected.seconds, corrected.keys) == (given.pk, 2, 14, 8)
    with pytest.raises(InvalidAnswerError):
        reopen_answer(answer=Answer.objects.create(question=questions[1], steward=people.steward), user=people.lead)


def test_reopen_twice_opens_the_question_once(people: Cast, questions: list[Question]) -> None:
    given = submit(questions[0], people.steward, "AAB")
    reopen_answer(answer=given, user=people.steward)
    with pytest.raises(InvalidAnswerError):
        reopen_answer(answer=given, user=people.lead)
    questions[0].refresh_from_db()
    assert questions[0].answers_missing == 1


def test_a_question_that_wants_two_answers_gets_them_from_two_people(
    people: Cast, people_transform: Transform, questions: list[Question]
) -> None:
    wanting([questions[0]], 2)
    submit(questions[0], people.steward, "AAB")
    assert next_question(transform=people_transform, steward=people.steward) == questions[1]
    assert next_question(transform=people_transform, steward=people.colleague) == questions[0]
    submit(questions[0], people.colleague, "AAA")
    questions[0].refresh_from_db()
    assert questions[0].answers_missing == 0


def test_a_late_draft_does_not_take_back_what_was_submitted(people: Cast, questions: list[Question]) -> None:
    wanting([questions[0]], 2)
    given = submit(questions[0], people.steward, "AAB")
    with pytest.raises(AlreadyAnsweredError):
        save_draft(question=questions[0], steward=people.steward, labels=grouping(questions[0], "ABC"))
    given.refresh_from_db()
    assert given.status == AnswerStatus.SUBMITTED
    assert [label.label for label in given.row_labels.order_by("row__position")] == ["A", "A", "B"]
    questions[0].refresh_from_db()
    assert questions[0].leased_to is None, "the others are not kept from it"


@pytest.mark.django_db(transaction=True)
def test_twelve_people_at_once_never_get_the_same_question(people: Cast) -> None:
    of = transform(people.team, people.admin)
    question_set(of, people.admin, [2] * 10)
    stewards = [person(f"s{number}") for number in range(12)]
    start = threading.Barrier(len(stewards))
    given: list[Question | None] = []

    def take(steward: User) -> None:
        start.wait()
        try:
            given.append(next_question(transform=of, steward=steward))
        finally:
            connection.close()

    threads = [threading.Thread(target=take, args=(steward,)) for steward in stewards]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = Counter(question.pk for question in given if question is not None)
    assert len(given) == 12
    assert len(counts) == 10
    assert set(counts.values()) == {1}


@pytest.mark.django_db(transaction=True)
def test_two_tabs_that_submit_at_once_count_once(people: Cast) -> None:
    of = transform(people.team, people.admin)
    question = question_set(of, people.admin, [2])[0]
    wanting([question], 2)
    labels = grouping(question, "AB")
    start = threading.Barrier(2)
    versions: list[int] = []

    def press() -> None:
        start.wait()
        try:
            versions.append(
                submit_answer(question=question, steward=people.steward, labels=labels, seconds=1, keys=1).version
            )
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _tab in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    question.refresh_from_db()
    assert (versions, question.answers_missing) == ([1, 1], 1)


def test_up_to_thirty_rows_can_all_be_different(people: Cast, people_transform: Transform) -> None:
    """Two people, each with groups in another order: settled, and each row has a label of its own in the label file."""
    (large,) = question_set(people_transform, people.admin, [30])
    wanting([large], 2)
    save_draft(question=large, steward=people.steward, labels=grouping(large, LABELS))
    answer(large, people.steward, LABELS)
    answer(large, people.colleague, reversed(LABELS))
    contents = label_contents(transform=people_transform, replace_all=False).label_file
    assert sorted(row.label for row in contents.rows) == sorted(LABELS)
    assert large.answers.get(steward=people.steward).changes.get().after == {
        str(row): label for row, label in grouping(large, LABELS).items()
    }


@pytest.mark.parametrize("rows", [15, 16])
def test_doubled_groups_are_there_from_sixteen_rows_on(people: Cast, people_transform: Transform, rows: int) -> None:
    (one,) = question_set(people_transform, people.admin, [rows])
    labels = ["OO", *LABELS[: rows - 1]]
    if rows > 15:
        answer(one, people.steward, labels)
        labels[0] = "AB"
    words = "A to O, one of AA to OO, or a" if rows > 15 else "A to O, or a"
    with pytest.raises(InvalidAnswerError, match=words):
        save_draft(question=one, steward=people.colleague, labels=grouping(one, labels))


@pytest.mark.locks
@pytest.mark.django_db(transaction=True)
def test_a_draft_that_comes_with_the_submission_waits_for_it(people: Cast, people_transform: Transform) -> None:
    """Each would else have what the other waits for, and PostgreSQL would end one of them."""
    (question,) = question_set(people_transform, people.admin, [2])
    labels = grouping(question, "AB")
    save_draft(question=question, steward=people.steward, labels=labels)
    with (
        pytest.raises(AlreadyAnsweredError),
        meanwhile(
            lambda: save_draft(question=question, steward=people.steward, labels=labels),
            after=Answer.objects.select_for_update().get,  # what a submission claims first
        ),
    ):
        submit_answer(question=question, steward=people.steward, labels=labels, seconds=1, keys=1)
    assert Answer.objects.get().status == AnswerStatus.SUBMITTED
