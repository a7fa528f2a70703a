"""Transforms made by programs, at the real localglue."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from labeling.aws import glue, storage
from labeling.aws.parameters import FindMatchesSettings
from labeling.models import SourceFile, Transform
from tests.labeling.api.conftest import ProgramOf
from tests.labeling.builders import Cast
from tests.support.servers import Services

WANTED = {"name": "Customers", "primary_key": "id", "thing": "customer", "precision_recall_trade_off": 0.9}


def table() -> SimpleUploadedFile:
    return SimpleUploadedFile("customers.csv", b"id,name,city\n1,Ann,Ulm\n2,Bob,Ulm\n")


def test_over_a_file_and_over_its_table(services: Services, people: Cast, program_of: ProgramOf) -> None:
    program = program_of(people.admin, may_write=True)
    made = program.post("/transforms", {**WANTED, "file": table()})
    assert made == program.get(f"/transforms/{made['id']}")
    assert (made["name"], made["thing"], made["status"], made["columns"]) == (
        *("Customers", "customer", "NOT_READY"),
        ["id", "name", "city"],
    )
    assert (made["precision_recall_trade_off"], made["accuracy_cost_trade_off"]) == (0.9, 0.5)
    place = {"database": made["database"], "table": made["table"]}
    again = program.post("/transforms", {**WANTED, "name": "By name", "primary_key": "name", **place}, form=True)
    assert (again["table"], again["primary_key"]) == (made["table"], "name")
    assert Transform.objects.get(pk=again["id"]).source_file is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Send either a file or the name of a table"),
        ({"table": "t"}, "Send either a file or the name of a table, with its database"),
        ({"file": table(), "table": "t"}, "Send either a file or the name of a table"),
        ({"file": table(), "primary_key": "city"}, "city cannot be the primary key. Only 1 of 2 values are different."),
        ({"file": SimpleUploadedFile("c.csv", b"id,name\n1\n")}, "Line 2 has 1 cell; the header has 2."),
        ({"file": SimpleUploadedFile("c.csv", b"id,label\n1,a\n")}, "A column cannot be called label"),
        ({"file": table(), "precision_recall_trade_off": 1.5}, "less than or equal to 1"),
        ({"file": table(), "thing": "two\0words"}, "String should match pattern"),
        ({"file": table(), "price": "9"}, "There is no field price."),
        ({"file": table(), "name": ""}, "at least 1 character"),
        ({"file": table(), "name": "   "}, "Enter a name."),
        ({"file": table(), "name": "é" * 200}, "Glue accepts up to 255 bytes"),
        ({"file": table(), "name": "two\nlines"}, "characters that Glue does not accept"),
    ],
)
def test_what_is_wrong_is_said(
    people: Cast, program_of: ProgramOf, s3_server: str, changes: dict[str, Any], said: str
) -> None:
    program = program_of(people.admin, may_write=True)
    before = storage.list_objects(storage.our_uri("sources/"))
    refused = program.post("/transforms", {**WANTED, **changes}, expect=422, form=True)
    assert said in refused["message"] + str(refused["problems"])
    assert not Transform.objects.exists()
    assert not SourceFile.objects.exists()
    assert storage.list_objects(storage.our_uri("sources/")) == before


def test_a_name_that_glue_would_refuse_is_refused_before_the_file_is_kept(
    people: Cast, program_of: ProgramOf, s3_server: str
) -> None:
    program = program_of(people.admin, may_write=True)
    refused = program.post("/transforms", {**WANTED, "name": "   ", "file": table()}, expect=422)
    assert [(one["column"], one["code"]) for one in refused["problems"]] == [("name", "value_error")]
    assert not SourceFile.objects.exists()


def test_a_table_that_is_not_in_the_catalog_is_an_error_of_its_field(
    services: Services, people: Cast, program_of: ProgramOf
) -> None:
    program = program_of(people.admin, may_write=True)
    made = program.post("/transforms", {**WANTED, "file": table()})
    for place in ({"database": made["database"], "table": "nowhere"}, {"database": "nowhere", "table": made["table"]}):
        refused = program.post("/transforms", {**WANTED, "name": "Other", **place}, form=True, expect=422)
        said = "There is no table {database}.{table}.".format(**place)
        assert (refused["code"], refused["message"]) == ("refused", said)
        assert [(one["column"], one["code"]) for one in refused["problems"]] == [("table", "not_found")]
    for name, code in (("a/b", "not_found"), ("x" * 300, "string_too_long"), ("a\nb", "string_pattern_mismatch")):
        place = {"database": made["database"], "table": name}
        refused = program.post("/transforms", {**WANTED, "name": "Other", **place}, form=True, expect=422)
        assert [(one["column"], one["code"]) for one in refused["problems"]] == [("table", code)]
    assert Transform.objects.count() == 1


def test_one_that_glue_has_already(services: Services, people: Cast, program_of: ProgramOf) -> None:
    program = program_of(people.admin, may_write=True)
    made = program.post("/transforms", {**WANTED, "file": table()})
    at_glue = glue.create_ml_transform(
        name="Clients",
        database=made["database"],
        table=made["table"],
        role="arn:aws:iam::000000000000:role/console",
        parameters=FindMatchesSettings("name", 0.2, 0.3, enforce_provided_labels=True),
    )
    wanted = {"glue_transform_id": at_glue, "thing": "client"}
    added = program.post("/transforms/adopt", wanted)
    assert added == program.get(f"/transforms/{added['id']}")
    assert (added["name"], added["thing"], added["primary_key"], added["columns"]) == (
        *("Clients", "client", "name"),
        ["id", "name", "city"],
    )
    assert (added["precision_recall_trade_off"], added["enforce_provided_labels"]) == (0.2, True)
    refused = program.post("/transforms/adopt", wanted, expect=409)
    assert (refused["code"], refused["message"]) == ("conflict", "Clients is in the portal already.")
    gone = program.post("/transforms/adopt", {**wanted, "glue_transform_id": "tfm-0"}, expect=404)
    assert gone["code"] == "not_found"
    assert "Glue has no such transform" in gone["message"]


def test_only_by_administrators(people: Cast, program_of: ProgramOf) -> None:
    for person, may_write in ((people.lead, True), (people.admin, False)):
        program = program_of(person, may_write=may_write)
        program.post("/transforms/adopt", {"glue_transform_id": "tfm-1"}, expect=403)
        program.post("/transforms", {**WANTED, "file": table()}, expect=403)
