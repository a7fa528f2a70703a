"""What the embedded engine learns from besides answers: label files that Glue holds."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from django.utils import timezone

from labelfiles import LabeledRow, LabelFile, label_file_bytes
from labeling.aws import storage
from labeling.choices import GroupKind, LabelFileKind, RunKind, RunStatus
from labeling.exceptions import GlueError
from labeling.models import LabelFile as StoredFile
from labeling.models import MatchGroup, Question, TaskRun, Transform
from labeling.selectors.explanations import shown_explanation
from labeling.services.explanations import ask_about_group
from labeling.services.lessons import lessons_of
from labeling.services.proposals import sweep_proposals
from labeling.services.reasons import explain_pair
from labeling.services.task_runs import sync_run
from tests.labeling.builders import Cast, answer, finished_run, question_set, read_result
from tests.labeling.services.test_shadow import FIRST, LAST
from tests.labeling.stubs import RUN, TRANSFORM, ml_run, ml_transform, stubbed

pytestmark = pytest.mark.django_db

Objects = dict[str, bytes]


@pytest.fixture
def objects(monkeypatch: pytest.MonkeyPatch) -> Objects:
    """S3 as the service sees it: whole objects by address. That the portal reads them from a real one is tested elsewhere."""
    kept: Objects = {}

    def read(uri: str) -> bytes:
        if uri not in kept:
            raise GlueError("gone", code="NoSuchKey")
        return kept[uri]

    monkeypatch.setattr(storage, "read_uri", read)
    return kept


def known_matches() -> Iterator[LabeledRow]:
    """People in full and by their login: *moakfield*."""
    for number, (first, last) in enumerate(zip(FIRST, LAST, strict=True)):
        yield LabeledRow(f"brought {number}", "A", (f"f{number}", f"{first} {last}"))
        yield LabeledRow(f"brought {number}", "A", (f"s{number}", f"{first[0]}{last}".lower()))


def bring(
    of: Transform, people: Cast, objects: Objects, rows: list[LabeledRow], kind: LabelFileKind = LabelFileKind.UPLOADED
) -> TaskRun:
    """An import of these labels that went well."""
    stored = StoredFile.objects.create(
        transform=of,
        kind=kind,
        bucket="b",
        key=f"{StoredFile.objects.count()}.csv",
        size=1,
        sha256="0" * 64,
        sets=len({row.labeling_set_id for row in rows}),
        rows=len(rows),
    )
    objects[stored.uri] = label_file_bytes(LabelFile(("id", "name"), tuple(rows)))
    return finished_run(of, people.lead, RunKind.IMPORT_LABELS, label_file=stored, started_at=timezone.now())


def test_known_matches_that_a_team_brings_teach_how_open_questions_are_grouped(
    people: Cast, of: Transform, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    (question,) = question_set(of, people.lead, [3])
    for row, name in zip(
        question.rows.order_by("position"), ("Ottoline Pembridge", "opembridge", "Otto Berg"), strict=True
    ):
        row.values = [row.key, name]
        row.save()

    def proposed() -> str:
        sweep_proposals()
        return "".join(question.rows.order_by("position").values_list("proposed", flat=True))

    assert proposed() == "ABC"
    run = bring(of, people, objects, list(known_matches()))
    run.status, run.glue_run_id = RunStatus.RUNNING, RUN
    run.save()
    of.glue_transform_id = TRANSFORM
    of.save(update_fields=["glue_transform_id"])
    assert proposed() == "ABC"
    with stubbed(monkeypatch) as glue:
        glue.add_response("get_ml_task_run", ml_run("SUCCEEDED", "IMPORT_LABELS"))
        glue.add_response("get_ml_transform", ml_transform(LabelCount=2 * len(FIRST)))
        sync_run(run=run)
    assert proposed() == "AAB"


def test_brought_labels_give_reasons_before_anybody_has_answered(people: Cast, of: Transform, objects: Objects) -> None:
    rows = [["900", "Ottoline Pembridge"], ["901", "opembridge"]]
    group = MatchGroup(kind=GroupKind.UNSURE, match_id="7", size=2, confidence=0.5, values=rows)
    result = read_result(of, people.lead, [group])
    bring(of, people, objects, list(known_matches()))
    explanation = ask_about_group(result=result, group=result.found.get().pk)
    explain_pair(explanation=explanation)
    explanation.refresh_from_db()
    assert explanation.problem == ""
    shown = shown_explanation(explanation=explanation)
    assert shown is not None
    assert shown.match


def test_what_people_answer_counts_whatever_a_file_says_of_the_same_question(
    people: Cast, of: Transform, objects: Objects
) -> None:
    first, second = question_set(of, people.lead, [2, 2])
    answer(first, people.steward, "AB")
    rows = [row for question in (first, second) for row in question.rows.order_by("position")]
    names = {question.pk: question.labeling_set_id for question in Question.objects.all()}
    said = [LabeledRow(names[row.question_id], "A", tuple(row.values)) for row in rows]
    bring(of, people, objects, [*said, *known_matches()])
    labels = lessons_of(transform=of).labels.by_set()
    assert len(labels) == 1 + len(FIRST)  # nothing of the second question, which is open
    assert [row.label for row in labels[str(first.pk)]] == ["A", "B"]


def test_of_two_files_that_hold_a_set_the_later_one_counts(people: Cast, of: Transform, objects: Objects) -> None:
    for label in ("B", "A"):
        bring(of, people, objects, [LabeledRow("set", "A", ("1", "x")), LabeledRow("set", label, ("2", "x"))])
    assert [row.label for row in lessons_of(transform=of).labels.rows] == ["A", "A"]


def test_a_file_that_is_gone_costs_its_labels_and_no_more(
    people: Cast, of: Transform, objects: Objects, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    (question,) = question_set(of, people.lead, [2])
    answer(question, people.steward, "AB")
    bring(of, people, objects, list(known_matches()))
    objects.clear()
    assert lessons_of(transform=of).labels.by_set().keys() == {str(question.pk)}
    assert "brought labels cannot be read" in caplog.text
