"""What is in a label file: taken as a whole, or refused with line and column."""

from __future__ import annotations

import pytest

from labelfiles import LabeledRow, LabelFile, label_file_bytes, read_label_file
from localglue.models import LabelImport
from tests.contract.conftest import COLUMNS, Glue, people

pytestmark = pytest.mark.services
BY_ID = {row[0]: row for row in people()}


def labels(**sets: str) -> LabelFile:
    """``s1="1a=A 1b=A 2a=B"``: sets of rows of the table with their labels."""
    rows = [
        LabeledRow(name, label, BY_ID[key])
        for name, text in sets.items()
        for key, label in (item.split("=") for item in text.split())
    ]
    return LabelFile(COLUMNS, tuple(rows))


def labels_of(glue: Glue, transform: str, folder: str) -> LabelFile:
    """What an export gives back."""
    run = glue.run(transform, glue.client.start_export_labels_task_run, OutputS3Path=glue.path(folder))
    assert run["Status"] == "SUCCEEDED", run
    return read_label_file(glue.read_only_object(folder)[1])


def test_labels_are_added_replaced_and_given_back(glue: Glue) -> None:
    """One test and not five: every import takes seconds."""
    glue.create_table()
    transform = glue.create_transform()
    first = labels(s1="1a=A 2a=B", s2="3a=x 3b=y 4a=z")
    assert glue.import_labels(transform, b"\xef\xbb\xbf" + label_file_bytes(first))["Status"] == "SUCCEEDED"
    shown = glue.client.get_ml_transform(TransformId=transform)
    assert (shown["Status"], shown["LabelCount"]) == ("NOT_READY", 5), "no two match: there is nothing to learn from"

    newer = labels(s2="3a=x 3b=x 4a=y", s3="5a=A 6a=B")
    assert glue.import_labels(transform, newer)["Status"] == "SUCCEEDED"
    shown = glue.client.get_ml_transform(TransformId=transform)
    assert (shown["Status"], shown["LabelCount"]) == ("READY", 7)
    assert labels_of(glue, transform, "one") == labels(s1="1a=A 2a=B", s2="3a=x 3b=x 4a=y", s3="5a=A 6a=B")

    only = labels(s9="7a=A 8a=B")
    assert glue.import_labels(transform, only, replace=True)["Status"] == "SUCCEEDED"
    shown = glue.client.get_ml_transform(TransformId=transform)
    assert (shown["Status"], shown["LabelCount"]) == ("NOT_READY", 2)
    exported = labels_of(glue, transform, "two")
    assert exported == only
    assert glue.import_labels(transform, exported, replace=True)["Status"] == "SUCCEEDED"
    assert labels_of(glue, transform, "three") == only

    history = LabelImport.objects.order_by("pk").values_list("replace", "sets", "rows", "labels_before", "labels_after")
    assert list(history) == [(False, 2, 5, 0, 5), (False, 2, 5, 5, 7), (True, 1, 2, 7, 2), (True, 1, 2, 2, 2)]
    kept = LabelImport.objects.earliest("pk")
    assert kept.imported_by == glue.services.env["AWS_ACCESS_KEY_ID"]
    assert len(kept.sha256) == 64


def test_a_folder_is_one_import(glue: Glue) -> None:
    glue.create_table()
    transform = glue.create_transform()
    for number, part in enumerate((labels(s1="1a=A 1b=A"), labels(s2="3a=A 4a=B"))):
        glue.put(f"parts/{number}.csv", label_file_bytes(part))
    glue.put("parts/_SUCCESS", b"")
    header = label_file_bytes(labels(s3="9a=A")).splitlines(keepends=True)[0]
    gone = header + b"s4,A,left,a,b,c\ns4,A,gone,a,b,c\n"
    for number, data in enumerate((b"", header, label_file_bytes(labels(s3="9a=A")), gone), start=3):
        glue.put(f"parts/{number}.csv", data)  # nothing that a single file could bring alone
    start = glue.client.start_import_labels_task_run
    assert glue.run(transform, start, InputS3Path=glue.path("parts/"))["Status"] == "SUCCEEDED"
    shown = glue.client.get_ml_transform(TransformId=transform)
    assert (shown["Status"], shown["LabelCount"]) == ("READY", 7)
    glue.put("parts/2.csv", label_file_bytes(labels(s1="5a=A 5b=A")))
    ended = glue.run(transform, start, InputS3Path=glue.path("parts/"))
    assert ended["Status"] == "FAILED"
    assert "Set s1 is also in" in ended["ErrorString"]


def test_a_file_with_problems_is_refused_as_a_whole(glue: Glue) -> None:
    glue.create_table()
    transform = glue.create_transform()
    good = label_file_bytes(labels(s1="1a=A 1b=A 2a=B"))
    header, *rows = good.decode().splitlines(keepends=True)

    bad = header + rows[0] + rows[1].replace(",A,", ",,", 1) + rows[2].replace(",2a,", ",,")
    ended = glue.import_labels(transform, bad.encode())
    assert ended["Status"] == "FAILED"
    lines = ended["ErrorString"].splitlines()
    assert lines[0].startswith("The labels were not imported: 2 problems in s3://")
    assert lines[1:] == [
        "line 3, column label: The row has no label. Label it or leave it out.",
        "line 4, column id: The row has no primary key.",
    ]

    ended = glue.import_labels(transform, (header + "".join(f"s{n},,{n}z,a,b,c\n" for n in range(30))).encode())
    lines = ended["ErrorString"].splitlines()
    assert "61 problems" in lines[0]
    assert len(lines) == 22
    assert lines[-1] == "and 41 more."

    other = good.replace(b",1a,", b",98z,").replace(b",1b,", b",99z,").replace(b",2a,", b",97z,")
    lines = glue.import_labels(transform, other)["ErrorString"].splitlines()
    assert lines[1] == "line 2, column id: No row of the table has this primary key, nor any other of the import."
    assert len(lines) == 4

    for data, words in (
        (good.replace(b"labeling_set_id,label,id", b"label,labeling_set_id,id"), "The first two columns must be"),
        (good.replace(b"name,street", b"street,name"), "The columns are in a different order"),
        (good.replace(b"Anna", b"\xe4nna").replace(b"Bela", b"B\xe9la"), "not UTF-8"),
        (header.encode(), "The file has a header but no rows."),
        (good.replace(b"s1,A", b"s1,\0A"), "column label: The cell contains a NUL character."),
        (good.replace(b"s1", b"s\0"), "column labeling_set_id: The cell contains a NUL character."),
    ):
        ended = glue.import_labels(transform, data)
        assert ended["Status"] == "FAILED", words
        assert words in ended["ErrorString"]
    shown = glue.client.get_ml_transform(TransformId=transform)
    assert (shown["Status"], shown["LabelCount"]) == ("NOT_READY", 0)
    assert not LabelImport.objects.exists()
    assert glue.import_labels(transform, good.replace(b"Anna", b"An\0na"))["Status"] == "SUCCEEDED", "no database minds"


def test_two_imports_at_once_end_in_the_order_of_their_start(glue: Glue) -> None:
    glue.create_table()
    transform = glue.create_transform()
    runs = []
    for number in range(3):
        path = glue.put(f"{number}.csv", label_file_bytes(labels(s1=f"1a=A 1b=A {number + 2}a=B")))
        runs.append(glue.client.start_import_labels_task_run(TransformId=transform, InputS3Path=path)["TaskRunId"])
    ended = [glue.wait(transform, run) for run in runs]
    assert {run["Status"] for run in ended} == {"SUCCEEDED"}
    assert [run["CompletedOn"] for run in ended] == sorted(run["CompletedOn"] for run in ended)
    assert labels_of(glue, transform, "labels") == labels(s1="1a=A 1b=A 4a=B")
