"""Transforms: every published error, idempotent create, filters, pages, tags."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from localglue.choices import TaskStatus, TaskType
from localglue.models import LabelingSet, MLTransform, Table, TaskRun
from tests.localglue.conftest import ACCOUNT, GlueClient, table_input, transform_request
from tests.localglue.test_catalog import refused

if TYPE_CHECKING:
    from pytest_django import Settings

Make = Callable[..., str]
INVALID = "InvalidInputException"


def find_matches(**members: Any) -> dict[str, Any]:
    return {"TransformType": "FIND_MATCHES", "FindMatchesParameters": members}


def test_a_new_transform_is_not_ready_and_knows_its_schema(lab: GlueClient) -> None:
    parameters = find_matches(
        PrimaryKeyColumnName="id", PrecisionRecallTradeoff=0.9, AccuracyCostTradeoff=0.1, EnforceProvidedLabels=True
    )
    handle = lab.create_ml_transform(
        **transform_request(Description="d", Parameters=parameters, GlueVersion="2.0", Timeout=5, MaxRetries=2)
    )["TransformId"]
    assert handle.startswith("tfm-")
    assert len(handle) == 44
    transform = lab.get_ml_transform(TransformId=handle)
    assert (transform["Status"], transform["LabelCount"], transform["Name"]) == ("NOT_READY", 0, "people")
    assert transform["Parameters"] == parameters
    assert transform["InputRecordTables"] == [{"DatabaseName": "lab", "TableName": "people"}]
    assert transform["Schema"] == [{"Name": name, "DataType": "string"} for name in ("id", "name", "street")]
    assert (transform["GlueVersion"], transform["Timeout"], transform["MaxRetries"]) == ("2.0", 5, 2)
    assert transform["MaxCapacity"] == 10
    assert abs(transform["CreatedOn"] - datetime.now(UTC)) < timedelta(minutes=1)


def test_defaults_are_those_of_aws(lab: GlueClient) -> None:
    handle = lab.create_ml_transform(**transform_request())["TransformId"]
    transform = lab.get_ml_transform(TransformId=handle)
    assert (transform["GlueVersion"], transform["Timeout"], transform["MaxCapacity"]) == ("0.9", 2880, 10)
    assert transform["Description"] == ""
    assert not {"MaxRetries", "WorkerType", "NumberOfWorkers"} & set(transform)


def test_workers_give_the_capacity(lab: GlueClient) -> None:
    handle = lab.create_ml_transform(**transform_request(WorkerType="G.2X", NumberOfWorkers=5))["TransformId"]
    transform = lab.get_ml_transform(TransformId=handle)
    assert (transform["WorkerType"], transform["NumberOfWorkers"], transform["MaxCapacity"]) == ("G.2X", 5, 10)
    lab.update_ml_transform(TransformId=handle, MaxCapacity=20)
    transform = lab.get_ml_transform(TransformId=handle)
    assert (transform.get("WorkerType"), transform["MaxCapacity"]) == (None, 20)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"Name": "  "}, "Transform name cannot be blank."),
    ({"Role": " "}, "Role must be given."),
    ({"InputRecordTables": []}, "Exactly one input record table must be provided."),
    ({"InputRecordTables": [{"DatabaseName": "lab", "TableName": "people"}] * 2}, "Exactly one input record table must be provided."),
    ({"InputRecordTables": [{"DatabaseName": " ", "TableName": "people"}]}, "Should specify database name."),
    ({"InputRecordTables": [{"DatabaseName": "lab", "TableName": " "}]}, "Should specify table name."),
    ({"InputRecordTables": [{"DatabaseName": "no", "TableName": "people"}]}, "Problem fetching the data catalog schema: Database no not found."),
    ({"InputRecordTables": [{"DatabaseName": "lab", "TableName": "no"}]}, "Problem fetching the data catalog schema: Table no not found."),
    ({"InputRecordTables": [{"DatabaseName": "lab", "TableName": "bare"}]}, "Schema is not defined on the transform."),
    ({"InputRecordTables": [{"DatabaseName": "lab", "TableName": "nested"}]}, "Input source column tags has an invalid data type defined in the catalog."),
    ({"Parameters": find_matches(PrimaryKeyColumnName="key")}, "Schema should contain given primary key: key."),
    ({"Parameters": {"TransformType": "FIND_MATCHES"}}, "Find Matches parameters have not been set."),
    ({"Parameters": find_matches()}, "A primary key must be specified in Find Matches parameters."),
    ({"MaxCapacity": 10, "WorkerType": "G.1X", "NumberOfWorkers": 2}, "Cannot set Max Capacity and Worker Num/Type at the same time."),
    ({"WorkerType": "G.1X"}, "Both WorkerType and NumberOfWorkers should be set."),
    ({"NumberOfWorkers": 2}, "Both WorkerType and NumberOfWorkers should be set."),
    ({"MaxCapacity": 1}, "MaxCapacity should be >= 2."),
    ({"MaxCapacity": 101}, "MaxCapacity should be <= 100."),
    ({"WorkerType": "G.1X", "NumberOfWorkers": 0}, "NumberOfWorkers should be >= 1."),
    ({"MaxRetries": -1}, "Max retries should be non-negative."),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "message"), REFUSED)
def test_a_transform_is_refused_in_the_published_words(lab: GlueClient, changes: dict[str, Any], message: str) -> None:
    lab.create_table(DatabaseName="lab", TableInput={"Name": "bare"})
    lab.create_table(DatabaseName="lab", TableInput=table_input("nested", ("id", "int"), ("tags", "array<string>")))
    assert refused(lab.create_ml_transform, **transform_request(**changes)) == (INVALID, message)
    assert not MLTransform.objects.exists()


def test_more_than_100_columns_are_refused(lab: GlueClient) -> None:
    columns = [(f"c{number}", "string") for number in range(101)]
    lab.create_table(DatabaseName="lab", TableInput=table_input("wide", *columns))
    request = transform_request(InputRecordTables=[{"DatabaseName": "lab", "TableName": "wide"}])
    code, message = refused(lab.create_ml_transform, **request)
    assert code == INVALID
    assert "101 columns" in message


@pytest.mark.parametrize(
    ("name", "owner"),
    [("label", "label file"), ("labeling_set_id", "label file"), ("match_id", "result"), ("Match_ID", "result")],
)
def test_a_table_that_can_never_be_taught_is_refused(lab: GlueClient, name: str, owner: str) -> None:
    lab.create_table(DatabaseName="lab", TableInput=table_input("taken", ("id", "string"), (name, "string")))
    request = transform_request(InputRecordTables=[{"DatabaseName": "lab", "TableName": "taken"}])
    assert refused(lab.create_ml_transform, **request) == (
        INVALID,
        f"The table has a column {name}, and so has every {owner}, of its own. Give it another name in the table.",
    )


def test_creating_twice_is_creating_once(lab: GlueClient) -> None:
    first = lab.create_ml_transform(**transform_request(Tags={"a": "b"}))["TransformId"]
    assert lab.create_ml_transform(**transform_request(Tags={"a": "b"}))["TransformId"] == first
    assert refused(lab.create_ml_transform, **transform_request()) == (
        "IdempotentParameterMismatchException",
        "Idempotent create request for transform people had mismatching parameters.",
    )
    lab.update_ml_transform(TransformId=first, Description="since changed")
    assert refused(lab.create_ml_transform, **transform_request(Tags={"a": "b"})) == (
        "AlreadyExistsException",
        "Transform with name people already exists.",
    )
    assert MLTransform.objects.count() == 1


def test_there_is_a_limit_to_transforms(lab: GlueClient, settings: Settings) -> None:
    settings.LOCALGLUE_MAX_TRANSFORMS = 1
    lab.create_ml_transform(**transform_request("one"))
    assert refused(lab.create_ml_transform, **transform_request("two")) == (
        "ResourceNumberLimitExceededException",
        "ML Transforms count (1) has exceeded the limit of 1 transforms.",
    )


def test_an_update_changes_what_it_names(lab: GlueClient, make_transform: Make) -> None:
    handle = make_transform("before", Description="stays", ready=True)
    changed = find_matches(PrimaryKeyColumnName="ID", PrecisionRecallTradeoff=0.2)
    lab.update_ml_transform(TransformId=handle, Name="after", Parameters=changed, Role="other", GlueVersion="1.0")
    transform = lab.get_ml_transform(TransformId=handle)
    assert (transform["Name"], transform["Description"], transform["Role"]) == ("after", "stays", "other")
    assert transform["Parameters"] == changed
    assert (transform["Status"], transform["LabelCount"]) == ("READY", 1)
    assert transform["LastModifiedOn"] > transform["CreatedOn"]


def test_the_primary_key_changes_only_while_there_are_no_labels(lab: GlueClient, make_transform: Make) -> None:
    by_name = find_matches(PrimaryKeyColumnName="name")
    handle = make_transform("new")
    lab.update_ml_transform(TransformId=handle, Parameters=by_name)
    assert lab.get_ml_transform(TransformId=handle)["Parameters"] == by_name
    taught = make_transform("taught", ready=True)
    code, message = refused(lab.update_ml_transform, TransformId=taught, Name="other", Parameters=by_name)
    assert code == INVALID
    assert message == (
        "The transform has labels of rows that id identifies, so its primary key cannot change. "
        "Make another transform, and import the labels there."
    )
    shown = lab.get_ml_transform(TransformId=taught)
    assert (shown["Name"], shown["Status"]) == ("taught", "READY")
    assert shown["Parameters"] == find_matches(PrimaryKeyColumnName="id")


def test_the_primary_key_stays_while_the_first_labels_are_imported(lab: GlueClient, make_transform: Make) -> None:
    handle = make_transform("new")
    transform = MLTransform.objects.get(public_id=handle)
    run = TaskRun.objects.create(transform=transform, task_type=TaskType.IMPORT_LABELS)
    by_name = find_matches(PrimaryKeyColumnName="name")
    assert refused(lab.update_ml_transform, TransformId=handle, Parameters=by_name) == (
        INVALID,
        "Labels of rows that id identifies are being imported, so the primary key cannot change now.",
    )
    lab.update_ml_transform(TransformId=handle, Parameters=find_matches(PrimaryKeyColumnName="ID"))
    run.delete()
    lab.update_ml_transform(TransformId=handle, Parameters=by_name)
    assert lab.get_ml_transform(TransformId=handle)["Parameters"] == by_name


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Name": "taken"}, "Another transform with name taken already exists."),
        ({"Name": " "}, "Transform name cannot be blank."),
        ({"Parameters": {"TransformType": "FIND_MATCHES"}}, "Find Matches parameters have not been set."),
        ({"Parameters": find_matches()}, "A primary key must be specified in Find Matches parameters."),
        ({"Parameters": find_matches(PrimaryKeyColumnName="x")}, "Schema should contain given primary key: x."),
        ({"MaxCapacity": 3, "NumberOfWorkers": 2}, "Cannot set Max Capacity and Worker Num/Type at the same time."),
        ({"NumberOfWorkers": 2}, "Both WorkerType and NumberOfWorkers should be set."),
        ({"MaxCapacity": 1.5}, "MaxCapacity should be >= 2."),
        ({"MaxRetries": -2}, "Max retries should be non-negative."),
    ],
)
def test_an_update_is_refused_and_changes_nothing(
    lab: GlueClient, make_transform: Make, changes: dict[str, Any], message: str
) -> None:
    make_transform("taken")
    handle = make_transform("own")
    before = lab.get_ml_transform(TransformId=handle)
    assert refused(lab.update_ml_transform, TransformId=handle, Description="new", **changes) == (INVALID, message)
    after = lab.get_ml_transform(TransformId=handle)
    assert {**before, "ResponseMetadata": None} == {**after, "ResponseMetadata": None}


def test_what_is_not_there_cannot_be_found(glue: GlueClient) -> None:
    words = f"Cannot find MLTransform in account {ACCOUNT} with handle tfm-0"
    for call in (glue.get_ml_transform, glue.update_ml_transform, glue.get_ml_task_runs):
        assert refused(call, TransformId="tfm-0") == ("EntityNotFoundException", f"{words}.")
    assert refused(glue.delete_ml_transform, TransformId="tfm-0") == ("EntityNotFoundException", words)


def test_a_deleted_transform_is_gone_with_its_labels_and_tags(lab: GlueClient, make_transform: Make) -> None:
    handle = make_transform("old", ready=True, Tags={"a": "b"})
    assert lab.delete_ml_transform(TransformId=handle)["TransformId"] == handle
    assert refused(lab.get_ml_transform, TransformId=handle)[0] == "EntityNotFoundException"
    assert not LabelingSet.objects.exists()
    arn = f"arn:aws:glue:us-east-1:{ACCOUNT}:mlTransform/{handle}"
    assert refused(lab.get_tags, ResourceArn=arn)[0] == "EntityNotFoundException"
    assert make_transform("old") != handle


def test_a_transform_with_a_run_under_way_is_deleting_until_that_has_ended(
    lab: GlueClient, make_transform: Make
) -> None:
    handle = make_transform("busy", ready=True)
    transform = MLTransform.objects.get(public_id=handle)
    later = datetime.now(UTC) + timedelta(minutes=1)
    run = TaskRun.objects.create(
        transform=transform,
        task_type=TaskType.EVALUATION,
        status=TaskStatus.RUNNING,
        lease_token="t",
        lease_until=later,
    )
    lab.delete_ml_transform(TransformId=handle)
    assert lab.get_ml_transform(TransformId=handle)["Status"] == "DELETING"
    assert lab.get_ml_task_run(TransformId=handle, TaskRunId=run.public_id)["Status"] == "STOPPING"
    assert refused(lab.create_ml_transform, **transform_request("busy"))[0] == "AlreadyExistsException"
    assert refused(lab.update_ml_transform, TransformId=handle, Description="x")[0] == INVALID
    start = lab.start_ml_labeling_set_generation_task_run
    assert refused(start, TransformId=handle, OutputS3Path="s3://out/x")[0] == "EntityNotFoundException"
    assert lab.delete_ml_transform(TransformId=handle)["TransformId"] == handle


def names(lab: GlueClient, **request: Any) -> list[str]:
    return [transform["Name"] for transform in lab.get_ml_transforms(**request)["Transforms"]]


def test_transforms_are_filtered(lab: GlueClient, make_transform: Make) -> None:
    lab.create_table(DatabaseName="lab", TableInput=table_input("pairs", ("id", "int"), ("Name", "STRING")))
    make_transform("a", GlueVersion="1.0")
    make_transform("b", ready=True)
    make_transform("c", InputRecordTables=[{"DatabaseName": "lab", "TableName": "pairs"}])
    middle = datetime.now(UTC)
    MLTransform.objects.filter(name="c").update(
        created_at=middle + timedelta(hours=2), modified_at=middle + timedelta(hours=3)
    )
    assert names(lab) == ["a", "b", "c"]
    for wanted, expected in (
        ({"Name": "b"}, ["b"]),
        ({"Name": "B"}, []),
        ({"TransformType": "FIND_MATCHES"}, ["a", "b", "c"]),
        ({"Status": "READY"}, ["b"]),
        ({"GlueVersion": "1.0"}, ["a"]),
        ({"CreatedAfter": middle + timedelta(hours=1)}, ["c"]),
        ({"CreatedBefore": middle + timedelta(hours=1)}, ["a", "b"]),
        ({"LastModifiedAfter": middle + timedelta(hours=2, minutes=30)}, ["c"]),
        ({"LastModifiedBefore": middle + timedelta(hours=2, minutes=30), "Status": "NOT_READY"}, ["a"]),
        ({"Schema": [{"Name": "name", "DataType": "string"}, {"Name": "ID", "DataType": "int"}]}, ["c"]),
        ({"Schema": [{"Name": "id", "DataType": "int"}]}, []),
    ):
        assert names(lab, Filter=wanted) == expected, wanted
    assert refused(lab.get_ml_transforms, Filter={"Schema": [{"DataType": "int"}]}) == (INVALID, "Name can't be blank.")


def test_transforms_are_sorted(lab: GlueClient, make_transform: Make) -> None:
    for name in ("m", "z", "a"):
        make_transform(name, ready=name == "m")
    MLTransform.objects.filter(name="m").update(modified_at=datetime.now(UTC) + timedelta(hours=1))
    for column, up in (
        ("NAME", ["a", "m", "z"]),
        ("TRANSFORM_TYPE", ["m", "z", "a"]),
        ("STATUS", ["z", "a", "m"]),
        ("CREATED", ["m", "z", "a"]),
        ("LAST_MODIFIED", ["z", "a", "m"]),
    ):
        assert names(lab, Sort={"Column": column, "SortDirection": "ASCENDING"}) == up
        assert names(lab, Sort={"Column": column, "SortDirection": "DESCENDING"}) == up[::-1]


def test_pages_are_stable_and_tokens_belong_to_their_request(lab: GlueClient, make_transform: Make) -> None:
    for number in range(5):
        make_transform(f"t{number}")
    for sort in ("NAME", "CREATED", "STATUS", "TRANSFORM_TYPE"):
        request: dict[str, Any] = {"MaxResults": 2, "Sort": {"Column": sort, "SortDirection": "DESCENDING"}}
        seen, page = [], lab.list_ml_transforms(**request)
        seen += page["TransformIds"]
        make_transform()  # a new one in the middle of reading
        while token := page.get("NextToken"):
            page = lab.list_ml_transforms(**request, NextToken=token)
            seen += page["TransformIds"]
        assert len(seen) == len(set(seen)) >= 5
    token = lab.list_ml_transforms(MaxResults=2)["NextToken"]
    for bad in ("", "x", token[:-2], token + "A"):
        if bad:
            assert refused(lab.list_ml_transforms, NextToken=bad)[0] == INVALID
    assert refused(lab.list_ml_transforms, NextToken=token, Filter={"Status": "READY"})[0] == INVALID


def test_tags_are_kept_changed_and_filtered_by(lab: GlueClient, make_transform: Make) -> None:
    one, two = make_transform("one", Tags={"team": "a", "env": "dev"}), make_transform("two", Tags={"team": "a"})
    arn = f"arn:aws:glue:us-east-1:{ACCOUNT}:mlTransform/{two}"
    assert lab.get_tags(ResourceArn=arn)["Tags"] == {"team": "a"}
    assert lab.list_ml_transforms(Tags={"team": "a"})["TransformIds"] == [one, two]
    assert lab.list_ml_transforms(Tags={"team": "a", "env": "dev"})["TransformIds"] == [one]
    lab.tag_resource(ResourceArn=arn, TagsToAdd={"team": "b", "env": "live"})
    lab.untag_resource(ResourceArn=arn, TagsToRemove=["env"])
    assert lab.get_tags(ResourceArn=arn)["Tags"] == {"team": "b"}
    assert refused(lab.get_tags, ResourceArn=arn.replace("mlTransform", "crawler"))[0] == INVALID
    assert refused(lab.tag_resource, ResourceArn=arn, TagsToAdd={"AWS:team": "b"})[0] == INVALID
    more = {f"k{number}": "" for number in range(50)}
    assert refused(lab.tag_resource, ResourceArn=arn, TagsToAdd=more)[0] == INVALID
    assert lab.get_tags(ResourceArn=arn)["Tags"] == {"team": "b"}


def test_the_schema_is_that_of_the_table_when_the_transform_was_made(lab: GlueClient, make_transform: Make) -> None:
    handle = make_transform()
    lab.update_table(DatabaseName="lab", TableInput=table_input("people", ("id", "int")))
    assert len(lab.get_ml_transform(TransformId=handle)["Schema"]) == 3
    assert Table.objects.get().version == 1
