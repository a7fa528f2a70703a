from __future__ import annotations

from dataclasses import replace

import pytest
from django.db.models import F
from pytest_django import DjangoAssertNumQueries

from labelfiles import label_file_bytes, summarise
from labeling.models import Answer, Question, Row, Transform
from labeling.selectors.automation import answers_waiting
from labeling.selectors.import_preview import import_preview, replace_preview
from labeling.selectors.imports import label_contents, teaches_anything
from labeling.selectors.known_labels import AddEffect
from labeling.selectors.questions import question_progress
from labeling.services.answers import reopen_answer, save_draft
from tests.labeling.builders import Cast, answer, grouping, question_set, transform
from tests.labeling.selectors.test_known_labels import Rows, learned

pytestmark = pytest.mark.django_db


@pytest.fixture
def taught(people: Cast) -> Transform:
    return transform(people.team, people.admin, label_count=40)


@pytest.fixture
def questions(people: Cast, taught: Transform) -> list[Question]:
    return question_set(taught, people.admin, [3, 2, 2])


def imported(*questions: Question) -> None:
    Question.objects.filter(pk__in=[question.pk for question in questions]).update(imported_version=F("result_version"))


def test_the_file_holds_submitted_answers_in_order_without_unsure_rows(
    people: Cast, taught: Transform, questions: list[Question]
) -> None:
    answer(questions[1], people.colleague, "AA")
    answer(questions[0], people.steward, "A?B")
    save_draft(question=questions[2], steward=people.steward, labels=grouping(questions[2], "AA"))
    contents = label_contents(transform=taught, replace_all=False)
    assert label_file_bytes(contents.label_file).decode() == (
        "labeling_set_id,label,id,name\ns1-1,A,0,name 0\ns1-1,B,2,name 2\ns1-2,A,3,name 3\ns1-2,A,4,name 4\n"
    )
    assert (contents.unsure_rows, contents.dropped_sets) == (1, 0)
    assert {version for _answer, version in contents.included} == {1}


def test_a_set_that_keeps_fewer_than_two_rows_is_dropped_but_done_with(
    people: Cast, taught: Transform, questions: list[Question]
) -> None:
    answer(questions[0], people.steward, "A??")
    answer(questions[1], people.steward, "??")
    answer(questions[2], people.steward, "AB")
    contents = label_contents(transform=taught, replace_all=False)
    assert [row.labeling_set_id for row in contents.label_file.rows] == ["s1-3", "s1-3"]
    assert (contents.unsure_rows, contents.dropped_sets, contents.not_taken_back) == (4, 2, 0)
    assert len(contents.included) == 3
    progress = question_progress(transform=taught)
    assert (progress.waiting_for_import, progress.unsure, answers_waiting(transform=taught)) == (1, 2, 1)
    imported(*questions)
    progress = question_progress(transform=taught)
    assert (progress.waiting_for_import, progress.unsure, progress.answered) == (0, 0, 3)


def test_adding_takes_what_glue_has_not_learned_and_replacing_takes_all(
    people: Cast, taught: Transform, questions: list[Question]
) -> None:
    for question in questions:
        answer(question, people.steward, "AB" + "A" * (question.rows.count() - 2))
    imported(*questions[:2])
    add, replace = (label_contents(transform=taught, replace_all=choice) for choice in (False, True))
    assert {row.labeling_set_id for row in add.label_file.rows} == {"s1-3"}
    assert {row.labeling_set_id for row in replace.label_file.rows} == {"s1-1", "s1-2", "s1-3"}


def test_a_correction_waits_for_import_again(people: Cast, taught: Transform, questions: list[Question]) -> None:
    answer(questions[0], people.steward, "AAB")
    imported(Answer.objects.get().question)
    assert import_preview(transform=taught).rows == 0
    reopen_answer(answer=Answer.objects.get(), user=people.steward)
    answer(questions[0], people.steward, "ABB")
    preview = import_preview(transform=taught)
    assert (preview.answers, preview.rows, preview.labels_after) == (1, 3, 40)


def test_what_was_taught_and_is_unsure_now_can_only_be_replaced(
    people: Cast, taught: Transform, questions: list[Question]
) -> None:
    answer(questions[1], people.steward, "AA")
    imported(Answer.objects.get().question)
    reopen_answer(answer=Answer.objects.get(), user=people.steward)
    answer(questions[1], people.steward, "??")
    answer(questions[2], people.steward, "AB")
    add, replace = (label_contents(transform=taught, replace_all=choice) for choice in (False, True))
    assert (add.not_taken_back, len(add.included)) == (1, 1)
    assert (replace.not_taken_back, len(replace.included)) == (0, 2)


def test_preview_counts(people: Cast, taught: Transform, questions: list[Question]) -> None:
    answer(questions[0], people.steward, "AAB")
    answer(questions[1], people.steward, "A?")
    add, replace = import_preview(transform=taught), replace_preview(transform=taught)
    assert (add.answers, add.sets, add.rows, add.matching_pairs, add.non_matching_pairs) == (2, 1, 3, 1, 2)
    assert (add.unsure_rows, add.dropped_sets) == (1, 1)
    assert (add.labels_now, add.labels_after) == (40, 43)
    assert (replace.labels_replaced, replace.labels_after) == (40, 3)


def test_the_preview_tells_what_the_file_will_hold(
    people: Cast, taught: Transform, questions: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of more answers than are looked at beforehand: figures come from the results, and what Glue holds already is told from the rows."""
    more = question_set(taught, people.admin, [2, 3, 2], first_key=20)
    with_bad_keys([more[1], more[2]])
    for question, letters in zip((*questions, *more), ("A?B", "A?", "BB", "AB", "AAB", "AA"), strict=True):
        answer(question, people.steward, letters)
    holds(taught, [("s1-3", "A", "5"), ("s1-3", "A", "6"), ("s2-1", "A", "20"), ("s2-1", "A", "21")])
    imported(questions[1], more[2])
    Question.objects.filter(pk__in=(questions[1].pk, more[2].pk)).update(result_version=2)
    contents = label_contents(transform=taught, replace_all=False)
    written = summarise(contents.label_file)
    few = import_preview(transform=taught)
    monkeypatch.setattr("labeling.selectors.import_preview.LOOKED_AT", 2)
    many = import_preview(transform=taught)
    assert (few.looked_at, many.looked_at) == (True, False)
    assert many == replace(few, looked_at=False, findings=contents.refused)
    assert (many.sets, many.rows, many.matching_pairs, many.non_matching_pairs) == (
        written.sets,
        written.rows,
        written.matching_pairs,
        written.non_matching_pairs,
    )
    assert (many.answers, many.unsure_rows, many.dropped_sets, many.not_taken_back) == (
        len(contents.included),
        contents.unsure_rows,
        contents.dropped_sets,
        contents.not_taken_back,
    )
    assert many.effect == AddEffect(new=2, changed=1, same=1)


def holds(taught: Transform, rows: Rows, *, replace_all: bool = False) -> None:
    """Glue has learned these rows, and counts them."""
    learned(taught, rows, replace_all=replace_all)
    taught.label_count = sum(bool(label) for _set, label, _key in rows)
    taught.save(update_fields=["label_count"])


def test_labels_afterwards_are_those_that_glue_then_holds(
    people: Cast, taught: Transform, questions: list[Question]
) -> None:
    """Also where other labels have replaced all that were imported, and where an overruled result has rows that nobody was sure about before."""
    answer(questions[0], people.steward, "AA?")
    answer(questions[1], people.steward, "AB")
    rows = [("s1-1", "A", "0"), ("s1-1", "A", "1"), ("s1-2", "A", "3"), ("s1-2", "B", "4")]
    holds(taught, rows, replace_all=True)
    preview = import_preview(transform=taught)
    assert (preview.rows, preview.labels_now, preview.labels_after) == (4, 4, 4)
    imported(*questions[:2])
    reopen_answer(answer=Answer.objects.get(question=questions[0]), user=people.steward)
    answer(questions[0], people.steward, "AAB")
    preview = import_preview(transform=taught)
    assert (preview.rows, preview.labels_now, preview.labels_after) == (3, 4, 5)


def test_pairs_of_one_kind_are_no_finding_where_glue_then_holds_both(
    people: Cast, taught: Transform, questions: list[Question]
) -> None:
    def found() -> list[str]:
        return [finding.code for finding in import_preview(transform=taught).findings]

    answer(questions[1], people.steward, "AB")
    assert found() == ["all_different"], "nobody knows what Glue holds"
    holds(taught, [("s1-2", "A", "3"), ("s1-2", "A", "4")])
    assert found() == ["all_different"], "the pair that matched is the one that is corrected"
    holds(taught, [("s1-3", "A", "5"), ("s1-3", "A", "6")], replace_all=True)
    assert found() == []


def test_a_replacement_is_told_from_the_results_alone(
    people: Cast, taught: Transform, questions: list[Question], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """The figures are those of the file that would be written, imported answers among them."""
    for question, letters in zip(questions, ("AAB", "A?", "BB"), strict=True):
        answer(question, people.steward, letters)
    imported(questions[0])
    written = summarise(label_contents(transform=taught, replace_all=True).label_file)
    with django_assert_num_queries(1):
        told = replace_preview(transform=taught)
    assert (told.sets, told.rows) == (written.sets, written.rows) == (2, 5)
    assert (told.matching_pairs, told.non_matching_pairs) == (written.matching_pairs, written.non_matching_pairs)


def test_whether_there_is_anything_to_import(people: Cast, taught: Transform, questions: list[Question]) -> None:
    def teaches() -> tuple[bool, bool]:
        add, replace = (teaches_anything(transform=taught, replace_all=choice) for choice in (False, True))
        return add, replace

    answer(questions[1], people.steward, "A?")
    assert teaches() == (False, False)
    answer(questions[0], people.steward, "A?B")
    assert teaches() == (True, True)
    imported(questions[0])
    assert teaches() == (False, True)


def with_bad_keys(questions: list[Question]) -> None:
    """Questions as they were asked before sets without proper keys were left out: a blank key, one key twice."""
    blank, same = questions[0].rows.order_by("position")[0], questions[1].rows.order_by("position")[0]
    Row.objects.filter(pk=blank.pk).update(key="", values=["", "name"])
    questions[1].rows.update(key=same.key, values=same.values)


def test_an_answer_for_which_glue_would_refuse_the_file_is_left_out_and_named(
    people: Cast, taught: Transform, questions: list[Question]
) -> None:
    with_bad_keys(questions)
    answer(questions[0], people.steward, "AAB")
    answer(questions[1], people.steward, "AB")
    assert not any(teaches_anything(transform=taught, replace_all=choice) for choice in (False, True))
    progress = question_progress(transform=taught)
    assert (progress.waiting_for_import, progress.unsure, progress.refused) == (0, 0, 2)
    assert answers_waiting(transform=taught) == 0
    answer(questions[2], people.steward, "AB")
    assert replace_preview(transform=taught).rows == 2
    for replace_all in (False, True):
        assert teaches_anything(transform=taught, replace_all=replace_all)
        contents = label_contents(transform=taught, replace_all=replace_all)
        assert [row.labeling_set_id for row in contents.label_file.rows] == ["s1-3", "s1-3"]
        assert len(contents.included) == 3, "they wait for no further import"
    found = import_preview(transform=taught).findings
    assert {finding.severity for finding in found} == {"warning"}
    assert [finding.message.split(", ")[0] for finding in found if finding.code == "question_left_out"] == [
        "The answer to question s1-1 is left out",
        "The answer to question s1-2 is left out",
    ]


def test_rows_without_a_key_that_people_are_unsure_about_do_no_harm(
    people: Cast, taught: Transform, questions: list[Question]
) -> None:
    with_bad_keys(questions)
    answer(questions[0], people.steward, "?AB")
    answer(questions[1], people.steward, "AA")
    contents = label_contents(transform=taught, replace_all=False)
    assert (len(contents.label_file.rows), contents.refused) == (4, ())


def test_other_transforms_are_left_alone(people: Cast, taught: Transform, questions: list[Question]) -> None:
    other = transform(people.team, people.admin, "Shops")
    answer(question_set(other, people.admin, [2])[0], people.steward, "AA")
    assert replace_preview(transform=taught).rows == 0
