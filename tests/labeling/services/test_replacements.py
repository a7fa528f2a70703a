"""Replace all labels and restore them, at the real localglue: nothing is forgotten that was not kept and seen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from labelfiles import content_hash, read_label_file
from labeling.aws import glue, storage
from labeling.choices import LabelFileKind, RunKind, RunStatus
from labeling.exceptions import GlueError, LabelsChangedError, RunConflictError
from labeling.models import Answer, LabelReplacement, Question, TaskRun, Transform
from labeling.selectors.differences import difference_view
from labeling.services.answers import reopen_answer, submit_answer
from labeling.services.replacements import (
    confirm_replacement,
    look_again,
    replacement_difference,
    start_replacement,
)
from labeling.services.task_runs import request_label_import, submit_run
from localglue.models import MLTransform
from localglue.models import TaskRun as RunAtGlue
from tests.labeling.builders import grouping
from tests.labeling.taught import LABELS, follow, lead, runs_at_glue, succeeded


def looked(replacement: LabelReplacement) -> LabelReplacement:
    """The export has ended."""
    succeeded(replacement.export_run)
    return LabelReplacement.objects.select_related(
        "transform", "label_file__transform", "export_run__label_file", "export_run__transform"
    ).get(pk=replacement.pk)


def pairs_of(run: TaskRun) -> tuple[int | None, ...]:
    return run.matching_before, run.matching_after, run.non_matching_before, run.non_matching_after


def regroup(answer: Answer, letters: str) -> None:
    question = answer.question
    reopen_answer(answer=answer, user=answer.steward)
    submit_answer(question=question, steward=answer.steward, labels=grouping(question, letters), seconds=1, keys=1)


def test_replace_look_confirm_restore(taught: Transform) -> None:
    first = succeeded(request_label_import(transform=taught, user=lead(), replace_all=False))
    assert pairs_of(first) == (0, 2, 0, 3)
    answers = list(Answer.objects.order_by("created_at").select_related("steward", "question"))
    reopen_answer(answer=answers[0], user=answers[0].steward)
    regroup(answers[1], "AB")

    replacement = looked(start_replacement(transform=taught, user=lead()))
    kept = replacement.export_run.label_file
    assert kept is not None
    assert (kept.kind, kept.rows, kept.created_by) == (LabelFileKind.EXPORTED, LABELS, lead())
    contents = read_label_file(storage.read_uri(kept.uri))
    assert content_hash(contents, primary_key="id") == kept.content_hash
    found = replacement_difference(replacement=replacement)
    assert (len(found.diff.forgotten), len(found.diff.changed), len(found.diff.added)) == (1, 1, 0)
    assert (found.diff.rows_forgotten, found.diff.pairs_flipped) == (3, 1)
    view = difference_view(transform=taught, difference=found.diff, held=found.held, new=found.new)
    assert [(share.forgotten, share.changed, share.added) for share in view.people] == [(1, 1, 0)]
    assert view.others is None
    assert [change.what for change in view.changes] == ["changed", "forgotten"]

    in_another_tab = looked(replacement)
    run = confirm_replacement(replacement=replacement, user=lead())
    assert confirm_replacement(replacement=looked(replacement), user=lead()) == run
    assert confirm_replacement(replacement=in_another_tab, user=lead()) == run
    succeeded(run)
    assert (run.labels_before, run.labels_after, run.labels_expected) == (LABELS, LABELS - 3, LABELS - 3)
    assert pairs_of(run) == (2, 0, 3, 2)
    assert run.label_file == replacement.label_file
    assert run.content_hash == replacement.label_file.content_hash
    assert Question.objects.get(pk=answers[0].question_id).imported_version is None
    assert not Question.objects.filter(state="settled").exclude(imported_version=2).exclude(imported_version=1).exists()

    restored = looked(start_replacement(transform=taught, user=lead(), label_file=kept))
    found = replacement_difference(replacement=restored)
    assert (len(found.diff.forgotten), len(found.diff.changed), len(found.diff.added)) == (0, 1, 1)
    back = succeeded(confirm_replacement(replacement=restored, user=lead()))
    assert (back.labels_after, back.content_hash) == (LABELS, kept.content_hash)
    assert pairs_of(back) == (0, 2, 2, 3)
    # Glue has again learned the first version of what was answered anew, so the newer one waits.
    assert Question.objects.get(pk=answers[1].question_id).imported_version == 1


def test_nothing_is_replaced_that_was_not_seen(taught: Transform) -> None:
    first = start_replacement(transform=taught, user=lead())
    with pytest.raises(RunConflictError, match="exported yet"):
        confirm_replacement(replacement=first, user=lead())
    # Glue holds no labels: an end of its own, not a failure.
    first = looked(first)
    assert first.export_run.label_file is None
    assert (first.export_run.labels_after, first.export_run.glue_run_id) == (0, "")
    assert "holds no labels" in first.export_run.events.order_by("-pk")[0].note
    assert len(replacement_difference(replacement=first).diff.added) == 3

    # Somebody imports past the portal, first before the confirmation, then between it and the start.
    def past_the_portal() -> None:
        started = glue.start_import_labels_task_run(
            transform_id=taught.glue_transform_id, input_s3_path=first.label_file.uri, replace_all_labels=False
        )
        assert started

    second = looked(look_again(replacement=first, user=lead()))
    run = confirm_replacement(replacement=second, user=lead())
    past_the_portal()
    submit_run(run_id=run.pk)
    run.refresh_from_db()
    assert run.status == RunStatus.FAILED
    assert "Nothing was replaced" in run.error
    with pytest.raises(LabelsChangedError, match="Check again"):
        confirm_replacement(replacement=looked(first), user=lead())
    assert len(runs_at_glue(taught, RunKind.IMPORT_LABELS)) == 1


def test_what_would_change_nothing_has_no_button(taught: Transform, client: Client) -> None:
    succeeded(request_label_import(transform=taught, user=lead(), replace_all=False))
    replacement = looked(start_replacement(transform=taught, user=lead()))
    client.force_login(taught.created_by)
    url = reverse("labeling:import-create", args=[taught.pk])
    for address in (url, reverse("labeling:replacement-detail", args=[replacement.pk])):
        page = client.get(address).content.decode()
        assert "Replacing would change nothing." in page
        assert "Preview the replacement" not in page
        assert "btn-danger" not in page
    taken_back = Answer.objects.earliest("created_at")
    reopen_answer(answer=taken_back, user=taken_back.steward)
    page = client.get(url).content.decode()
    assert "Replacing would change nothing." not in page
    assert "Preview the replacement" in page


def test_labels_that_are_no_longer_those_that_were_written_out_are_not_replaced(taught: Transform) -> None:
    started = succeeded(request_label_import(transform=taught, user=lead(), replace_all=False))
    replacement = looked(start_replacement(transform=taught, user=lead()))
    began = replacement.export_run.started_at
    assert began is not None
    # As if it had begun first and come to its end only now: what was written out is then not what it left.
    at_glue = RunAtGlue.objects.filter(public_id=started.glue_run_id)
    at_glue.update(started_at=began - timedelta(minutes=1), completed_at=began + timedelta(seconds=1))
    with pytest.raises(LabelsChangedError, match="Labels have been imported since"):
        confirm_replacement(replacement=replacement, user=lead())
    # And as if labels had changed at Glue without a run that it still tells of.
    at_glue.update(completed_at=began - timedelta(seconds=1))
    MLTransform.objects.filter(public_id=taught.glue_transform_id).update(label_count=LABELS + 1)
    with pytest.raises(LabelsChangedError, match=f"Glue counts {LABELS + 1} labels now; it counted {LABELS} when"):
        confirm_replacement(replacement=replacement, user=lead())


def test_a_kept_file_that_was_changed_in_s3_is_not_imported(taught: Transform) -> None:
    replacement = start_replacement(transform=taught, user=lead())
    storage.overwrite(replacement.label_file.key, b"labeling_set_id,label,id,name\n")
    replacement = looked(replacement)
    with pytest.raises(GlueError, match="not the one"):
        replacement_difference(replacement=replacement)
    run = follow(confirm_replacement(replacement=replacement, user=lead()))
    assert run.status == RunStatus.FAILED
    assert runs_at_glue(taught, RunKind.IMPORT_LABELS) == []
