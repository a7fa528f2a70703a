"""Databases and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.localglue.conftest import ACCOUNT, GlueClient, table_input

if TYPE_CHECKING:
    from collections.abc import Callable


def refused(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    """Code and message of the error that the call ends with."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_database_is_kept_in_lower_case(glue: GlueClient) -> None:
    glue.create_database(DatabaseInput={"Name": "Lab", "Description": "tests", "Parameters": {"a": "b"}})
    database = glue.get_database(Name="LAB")["Database"]
    assert (database["Name"], database["Description"], database["CatalogId"]) == ("lab", "tests", ACCOUNT)
    assert database["Parameters"] == {"a": "b"}
    assert refused(glue.create_database, DatabaseInput={"Name": "lab"}) == (
        "AlreadyExistsException",
        "Database already exists.",
    )


def test_a_database_is_updated_and_deleted_with_its_tables(lab: GlueClient) -> None:
    lab.update_database(Name="lab", DatabaseInput={"Name": "lab", "Description": "new"})
    assert lab.get_database(Name="lab")["Database"]["Description"] == "new"
    assert refused(lab.update_database, Name="lab", DatabaseInput={"Name": "other"})[0] == "InvalidInputException"
    lab.delete_database(Name="lab")
    for call in (lab.get_database, lab.delete_database):
        assert refused(call, Name="lab") == ("EntityNotFoundException", "Database lab not found.")
    assert refused(lab.update_database, Name="lab", DatabaseInput={"Name": "lab"})[0] == "EntityNotFoundException"
    assert refused(lab.get_table, DatabaseName="lab", Name="people")[0] == "EntityNotFoundException"


def test_a_table_comes_back_as_it_was_made(lab: GlueClient) -> None:
    given = table_input("People2") | {"LastAccessTime": 1_700_000_000, "Retention": 3, "TableType": "EXTERNAL_TABLE"}
    lab.create_table(DatabaseName="lab", TableInput=given)
    table = lab.get_table(DatabaseName="LAB", Name="PEOPLE2")["Table"]
    assert table["Name"] == "people2"
    assert table["StorageDescriptor"] == given["StorageDescriptor"]
    assert table["LastAccessTime"].timestamp() == 1_700_000_000
    assert (table["DatabaseName"], table["CatalogId"], table["VersionId"]) == ("lab", ACCOUNT, "0")
    only = lab.get_table(DatabaseName="lab", Name="people2", AttributesToGet=["NAME", "TABLE_TYPE"])["Table"]
    assert only == {"Name": "people2", "TableType": "EXTERNAL_TABLE"}


def test_a_table_is_updated_as_a_whole_and_deleted(lab: GlueClient) -> None:
    lab.update_table(DatabaseName="lab", TableInput={"Name": "people", "Description": "bare"})
    table = lab.get_table(DatabaseName="lab", Name="people")["Table"]
    assert table["VersionId"] == "1"
    assert "StorageDescriptor" not in table
    late = refused(lab.update_table, DatabaseName="lab", TableInput={"Name": "people"}, VersionId="0")
    assert late[0] == "ConcurrentModificationException"
    lab.delete_table(DatabaseName="lab", Name="people")
    for call in (lab.get_table, lab.delete_table):
        assert refused(call, DatabaseName="lab", Name="people") == (
            "EntityNotFoundException",
            "Table people not found.",
        )
    assert refused(lab.update_table, DatabaseName="lab", TableInput={"Name": "people"})[0] == "EntityNotFoundException"


def test_tables_are_refused_with_the_error_that_fits(lab: GlueClient) -> None:
    twice = table_input("twice", ("id", "int"), ("ID", "int"))
    assert refused(lab.create_table, DatabaseName="lab", TableInput=table_input("PEOPLE")) == (
        "AlreadyExistsException",
        "Table already exists.",
    )
    assert refused(lab.create_table, DatabaseName="none", TableInput=table_input("x"))[0] == "EntityNotFoundException"
    assert refused(lab.create_table, DatabaseName="lab", TableInput=twice)[0] == "InvalidInputException"
    assert refused(lab.create_table, DatabaseName="lab", Name="x")[0] == "InvalidInputException"
    assert refused(lab.get_tables, DatabaseName="none")[0] == "EntityNotFoundException"
    assert refused(lab.get_tables, DatabaseName="lab", CatalogId="111111111111")[0] == "EntityNotFoundException"
    assert refused(lab.get_tables, DatabaseName="lab", QueryAsOfTime=5)[0] == "InvalidInputException"


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("people", ["people"]),
        ("p*", ["pairs", "people"]),
        ("P.*", ["pairs", "people"]),
        ("*e*|none", ["people", "recent"]),
        ("people|recent", ["people", "recent"]),
        ("p[a-z]+", []),
        ("(((a*)*)*)*b", []),
        ("*e*e*t", ["recent"]),
        ("p*p*p*", []),
        ("*x**x.*", ["x" * 60]),
        ("*x" * 20 + "*y", []),  # never ends if each star tries all places
    ],
)
def test_tables_are_found_by_pattern(lab: GlueClient, expression: str, names: list[str]) -> None:
    for name in ("pairs", "recent", "x" * 60):
        lab.create_table(DatabaseName="lab", TableInput=table_input(name))
    found = lab.get_tables(DatabaseName="lab", Expression=expression)["TableList"]
    assert [table["Name"] for table in found] == names


def test_lists_have_pages(lab: GlueClient) -> None:
    for number in range(7):
        lab.create_table(DatabaseName="lab", TableInput=table_input(f"t{number}"))
        lab.create_database(DatabaseInput={"Name": f"d{number}"})
    pages = list(lab.get_paginator("get_tables").paginate(DatabaseName="lab", PaginationConfig={"PageSize": 3}))
    assert [len(page["TableList"]) for page in pages] == [3, 3, 2]
    assert [table["Name"] for page in pages for table in page["TableList"]] == ["people", *(f"t{n}" for n in range(7))]
    databases = lab.get_paginator("get_databases").paginate(PaginationConfig={"PageSize": 2})
    assert len([row for page in databases for row in page["DatabaseList"]]) == 8
    assert lab.get_databases(ResourceShareType="FOREIGN")["DatabaseList"] == []


def test_databases_have_tags_until_they_are_gone(lab: GlueClient) -> None:
    lab.create_database(DatabaseInput={"Name": "Tagged"}, Tags={"team": "a"})
    for account in ("000000000000", ""):  # Terraform may leave it out
        arn = f"arn:aws:glue:us-east-1:{account}:database/tagged"
        assert lab.get_tags(ResourceArn=arn)["Tags"] == {"team": "a"}
    lab.delete_database(Name="tagged")
    assert refused(lab.get_tags, ResourceArn=arn)[0] == "EntityNotFoundException"
    lab.create_database(DatabaseInput={"Name": "tagged"})
    assert lab.get_tags(ResourceArn=arn)["Tags"] == {}


def test_no_table_has_partition_indexes(lab: GlueClient) -> None:
    found = lab.get_partition_indexes(DatabaseName="lab", TableName="people")
    assert found["PartitionIndexDescriptorList"] == []
    assert refused(lab.get_partition_indexes, DatabaseName="lab", TableName="none")[0] == "EntityNotFoundException"
