from __future__ import annotations

import hashlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from labelfiles import read_label_file
from labeling.aws import storage
from labeling.choices import LabelFileKind, RunStatus
from labeling.exceptions import InvalidLabelsError, NothingToImportError
from labeling.models import LabelFile, LabelUpload, Question, TaskRun, Transform
from labeling.services.brought_labels import (
    Brought,
    brought_content,
    keep_labels,
    label_upload_file,
    look_at_labels,
    stage_labels,
)
from labeling.services.brought_tables import BroughtFormat, ColumnMapping, guess_columns, read_brought_table
from labeling.services.sources import stage_source
from labeling.services.task_runs import request_label_import
from tests.labeling.builders import Cast, answer, question_set, transform

SOURCE = "id,name\n00123,Ann\n00124,Anne\n3-4,Bob\nx1,Cy\nX2,Di\n1234567890123456789,Ed\n7,one seven\n07,other seven\n"

pytestmark = pytest.mark.django_db


@pytest.fixture
def people_transform(s3_server: str, people: Cast) -> Transform:
    file = SimpleUploadedFile("people.csv", SOURCE.encode())
    source = stage_source(team=people.team, user=people.admin, file=file)
    return transform(people.team, people.admin, source_file=source, label_count=12)


def staged(of: Transform, content: str | bytes, name: str = "labels.csv") -> LabelUpload:
    data = content.encode() if isinstance(content, str) else content
    return stage_labels(transform=of, user=of.created_by, file=SimpleUploadedFile(name, data))


def looked_at(upload: LabelUpload, mapping: ColumnMapping | None = None) -> Brought:
    table = read_brought_table(brought_content(upload=upload), has_header=mapping.has_header if mapping else None)
    mapping = mapping or guess_columns(table, transform=upload.transform)
    return look_at_labels(transform=upload.transform, table=table, mapping=mapping)


def codes(brought: Brought) -> list[tuple[int | None, str | None, str]]:
    return [(problem.line, problem.column, problem.code) for problem in brought.findings]


def keys(brought: Brought) -> list[tuple[str, ...]]:
    return [(row.label, row.values[0]) for row in brought.label_file.rows]


def test_a_label_file_of_any_shape(people_transform: Transform) -> None:
    content = "Label;id;labeling_set_id\nA;00123;s\nA;00124;s\nB;x1;s\n;X2;s\n".encode("utf-16")
    upload = staged(people_transform, content)
    brought = looked_at(upload)
    assert (brought.table.encoding, brought.table.delimiter) == ("utf-16", ";")
    assert brought.mapping.kind == BroughtFormat.LABELS
    assert brought.mapping.columns == ("labeling_set_id", "Label", "id")
    assert (brought.summary.sets, brought.summary.rows, brought.left_out) == (1, 3, 1)
    assert (brought.summary.matching_pairs, brought.summary.non_matching_pairs) == (1, 2)
    assert (brought.findings, brought.blocked) == ((), False)
    assert not LabelFile.objects.exists()

    kept = keep_labels(upload=upload, brought=brought, user=people_transform.created_by)
    written = storage.read_uri(kept.uri)
    assert written == b"labeling_set_id,label,id,name\ns,A,00123,Ann\ns,A,00124,Anne\ns,B,x1,Cy\n"
    assert (kept.kind, kept.sha256, kept.size) == (
        LabelFileKind.UPLOADED,
        hashlib.sha256(written).hexdigest(),
        len(written),
    )
    assert (kept.sets, kept.rows, kept.matching_pairs, kept.non_matching_pairs) == (1, 3, 1, 2)
    assert keep_labels(upload=upload, brought=brought, user=people_transform.created_by) == kept
    upload.refresh_from_db()
    assert keep_labels(upload=upload, brought=brought, user=people_transform.created_by) == kept
    assert LabelFile.objects.count() == 1
    assert storage.read_uri(upload.uri) == content == b"".join(label_upload_file(upload=upload).chunks)
    assert (None, None, "known_file") in codes(looked_at(staged(people_transform, content)))


def test_pairs_are_looked_up_in_the_table(people_transform: Transform) -> None:
    brought = looked_at(staged(people_transform, "left,right,match\n00123,00124,1\n00123,x1,no\nx1,X2,?\n"))
    assert brought.mapping.kind == BroughtFormat.PAIRS
    assert (brought.summary.sets, brought.summary.matching_pairs, brought.summary.non_matching_pairs) == (2, 1, 1)
    assert brought.left_out == 1
    assert {row.values for row in brought.label_file.rows} == {("00123", "Ann"), ("00124", "Anne"), ("x1", "Cy")}


def test_columns_can_be_chosen_otherwise(people_transform: Transform) -> None:
    upload = staged(people_transform, "note,a,b,same\nfoo,00123,00124,1\nbar,00123,x1,0\n")
    guessed = looked_at(upload)
    assert guessed.mapping.columns == ("note", "a", "same")
    assert codes(guessed)[0] == (2, "note", "unknown_key")
    assert guessed.blocked
    assert guessed.mapping.pairs is not None
    mapping = ColumnMapping(BroughtFormat.PAIRS, True, pairs=type(guessed.mapping.pairs)("a", "b", "same"))
    assert not looked_at(upload, mapping).blocked
    for columns in (("a", "a", "same"), ("a", "b", "nothing")):
        wrong = ColumnMapping(BroughtFormat.PAIRS, True, pairs=type(guessed.mapping.pairs)(*columns))
        with pytest.raises(InvalidLabelsError, match="three different columns"):
            looked_at(upload, wrong)


def test_keys_that_a_spreadsheet_changed_are_put_right_and_named(people_transform: Transform) -> None:
    brought = looked_at(
        staged(people_transform, "a,b,match\n123,124,1\n03.04.2025,1.23457E+18,0\nx2,x1,0\n007,x1,0\n99,x1,1\n")
    )
    assert codes(brought) == [
        (5, "a", "key_unclear"),
        (6, "a", "unknown_key"),
        (2, "a", "key_changed"),
        (2, "b", "key_changed"),
        (3, "a", "key_changed"),
        (3, "b", "key_changed"),
        (4, "a", "key_changed"),
    ]
    messages = [problem.message for problem in brought.findings]
    assert messages[2].startswith("The file says 123, the table has 00123 (a spreadsheet turned it into a number).")
    assert messages[0] == "007 could be any of these keys of the table, changed by a spreadsheet: 7, 07."
    assert keys(brought) == [
        ("A", "00123"),
        ("A", "00124"),
        ("A", "1234567890123456789"),
        ("B", "3-4"),
        ("A", "X2"),
        ("B", "x1"),
    ]
    assert brought.sample[0] == ("123", "124", "1")
    assert not brought.blocked


def test_what_would_be_wrong_at_glue_is_said(people: Cast, people_transform: Transform) -> None:
    asked = question_set(people_transform, people.admin, [2])[0]
    answer(asked, people.steward, "AA")
    brought = looked_at(
        staged(
            people_transform,
            f"labeling_set_id,label,id,name\n{asked.labeling_set_id},a,00123,Ann\n{asked.labeling_set_id},A,00124,Anna\nt,A,x1,Cy\n",
        )
    )
    assert codes(brought) == [
        (3, "name", "other_values"),
        (3, "label", "case_only"),
        (4, "labeling_set_id", "single_row_set"),
        (None, None, "all_different"),
        (None, None, "ids_of_questions"),
    ]
    assert not brought.blocked


def test_what_teaches_nothing_is_not_kept(people_transform: Transform) -> None:
    for content in ("a,b,match\nno,such,1\n", "labeling_set_id,label,id\ns,A,00123\n", "a,b,match\nx1,X2,?\n"):
        upload = staged(people_transform, content)
        brought = looked_at(upload)
        assert brought.blocked
        with pytest.raises(InvalidLabelsError, match="would not accept"):
            keep_labels(upload=upload, brought=brought, user=people_transform.created_by)
    assert not LabelFile.objects.exists()


@pytest.mark.parametrize(
    ("content", "has_header"),
    [
        (b"5,1,1\n6,2,0\n", False),
        (b"a,b,c\n6,2,0\n", True),
        (b"labeling_set_id,id,label\ns,1,1\ns,2,0\n", True),
        (b"id,label,labeling_set_id\n1,A,s\n", True),
        (b"labeling_set_id,label,match\ns,A,1\ns,B,match\n", True),
    ],
)
def test_the_header_is_found(content: bytes, has_header: bool) -> None:
    assert read_brought_table(content).has_header is has_header
    assert read_brought_table(content, has_header=False).has_header is False


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"PK\x03\x04...", "Excel workbook"),
        (b"one,two\n1,2\n", "three columns"),
        (b'a,b,c\n"open,1,2\n', "line 2: The row cannot be read"),
        (b"\xff\xfe\x00", "is no text in UTF-16"),
        (b"a,b,match\n1,2,1\n1,\x003,0\n", "Line 3 contains a NUL character in column b,"),
        (b"a,b\0,match\n1,2,1\n", "Line 1 contains a NUL character in column b�,"),
        (b"x" * 20_000_001, "larger than 20 MB"),
    ],
)
def test_what_is_no_table_is_refused(people_transform: Transform, content: bytes, words: str) -> None:
    with pytest.raises(InvalidLabelsError, match=words):
        staged(people_transform, content)
    assert not LabelUpload.objects.exists()


def test_an_import_takes_a_brought_file_of_the_same_transform_only(people: Cast, people_transform: Transform) -> None:
    upload = staged(people_transform, "a,b,match\n00123,00124,1\n")
    kept = keep_labels(upload=upload, brought=looked_at(upload), user=people.lead)
    run = request_label_import(transform=people_transform, user=people.lead, replace_all=True, label_file=kept)
    assert (run.label_file, run.path, run.replace_all_labels, run.status) == (kept, "", True, RunStatus.QUEUED)
    other = transform(people.team, people.admin, name="Other")
    with pytest.raises(NothingToImportError):
        request_label_import(transform=other, user=people.lead, replace_all=False, label_file=kept)
    assert TaskRun.objects.count() == 1
    assert Question.objects.count() == 0
    assert read_label_file(storage.read_uri(kept.uri)).columns == ("id", "name")
