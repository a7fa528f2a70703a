"""Ids of groups that stay from one result to the next."""

from __future__ import annotations

import csv
from collections import defaultdict

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.aws import storage
from labeling.models import MatchResult, Transform
from labeling.services import matches
from labeling.services.downloads import persistent_download
from labeling.services.persistent_ids import COLUMN, carried_over, save_ids
from tests.labeling.builders import cast, transform
from tests.labeling.services.test_matches import groups_of, read, written


@pytest.fixture
def taught() -> Transform:
    people = cast()
    return transform(people.team, people.admin, glue_transform_id="tfm-1", glue_status="READY")


def table(groups: dict[str, str]) -> pa.Table:
    """Rows by key with the match id of each, as ``read_groups`` gives them."""
    ids = {"key": list(groups), "id": list(groups.values())}
    return pa.table(ids, pa.schema([("key", pa.string()), ("id", pa.string())]))


def by_key(ids: pa.Table) -> dict[str, int]:
    return dict(zip(ids.column("key").to_pylist(), ids.column(COLUMN).to_pylist(), strict=True))


GROUPINGS = st.dictionaries(st.sampled_from("abcdefghijkl"), st.sampled_from("1234567"))


@given(GROUPINGS, GROUPINGS)
def test_every_group_has_an_id_of_its_own_and_none_comes_back(earlier: dict[str, str], now: dict[str, str]) -> None:
    first = carried_over(None, table(earlier), next_id=1)
    second = carried_over(first.ids, table(now), next_id=first.next_id)
    before, after = by_key(first.ids), by_key(second.ids)
    of_group = defaultdict(set)
    for key, match_id in now.items():
        of_group[match_id].add(after[key])
    assert all(len(ids) == 1 for ids in of_group.values())
    assert len(set(after.values())) == len(of_group) == second.kept + second.new
    kept = set(after.values()) & set(before.values())
    assert (len(kept), len(set(before.values()) - kept)) == (second.kept, second.retired)
    assert all(any(before.get(key) == number for key in after if after[key] == number) for number in kept)
    assert all(first.next_id <= number < second.next_id for number in set(after.values()) - kept)


@given(GROUPINGS, st.randoms(use_true_random=False))
def test_the_same_groups_keep_their_ids_in_whatever_order(groups: dict[str, str], random) -> None:  # type: ignore[no-untyped-def]
    first = carried_over(None, table(groups), next_id=5)
    shuffled = random.sample([(key, f"other {match_id}") for key, match_id in groups.items()], len(groups))
    again = carried_over(first.ids, table(dict(shuffled)), next_id=first.next_id)
    assert by_key(again.ids) == by_key(first.ids)
    assert (again.new, again.retired, again.next_id) == (0, 0, first.next_id)


def test_the_largest_part_keeps_the_id() -> None:
    first = carried_over(None, table(dict.fromkeys("abcde", "1") | dict.fromkeys("xy", "2")), next_id=1)
    split = {"a": "7", "b": "7", "c": "8", "d": "8", "e": "8", "x": "9", "y": "9"}
    second = carried_over(first.ids, table(split), next_id=first.next_id)
    assert by_key(second.ids) == {"a": 3, "b": 3, "c": 1, "d": 1, "e": 1, "x": 2, "y": 2}
    joined = carried_over(second.ids, table(dict.fromkeys("abcdexy", "4")), next_id=second.next_id)
    assert set(by_key(joined.ids).values()) == {1}
    assert (joined.kept, joined.new, joined.retired) == (1, 0, 2)


def ids_of(result: MatchResult) -> dict[str, str]:
    """The last column of the download, by key."""
    content = b"".join(persistent_download(result=result).chunks).decode()
    rows = list(csv.DictReader(content.splitlines(keepends=True)))
    assert all(row["name"] == f'name "{row["id"]}",\nline 2' for row in rows)
    return {row["id"]: row["persistent_id"] for row in rows}


@pytest.mark.django_db
@pytest.mark.usefixtures("s3_server")
def test_ids_are_handed_on_from_result_to_result(taught: Transform) -> None:
    first = read(written(taught, groups_of("ab cd e")))
    assert ids_of(first) == {"a": "1", "b": "1", "c": "2", "d": "2", "e": "3"}
    assert (first.kept_ids, first.retired_ids) == (0, 0)
    second = read(written(taught, groups_of("cde f ab")))
    assert ids_of(second) == {"c": "2", "d": "2", "e": "2", "f": "4", "a": "1", "b": "1"}
    assert (second.kept_ids, second.new_ids, second.retired_ids) == (2, 1, 1)
    third = read(written(taught, groups_of("e cd ab")))
    assert ids_of(third) == {"e": "5", "c": "2", "d": "2", "a": "1", "b": "1"}  # 3 and 4 are never given again


@pytest.mark.django_db
@pytest.mark.usefixtures("s3_server")
def test_keys_that_repeat_have_no_ids_and_the_next_result_goes_on_from_the_one_before(taught: Transform) -> None:
    read(written(taught, groups_of("ab c")))
    repeated = read(written(taught, groups_of("aab")))
    assert (repeated.problem, repeated.persistent_ids, repeated.groups) == ("", "", 1)
    assert ids_of(read(written(taught, groups_of("c ab d")))) == {"a": "1", "b": "1", "c": "2", "d": "3"}


@pytest.mark.django_db
@pytest.mark.usefixtures("s3_server")
def test_ids_whose_file_is_gone_are_not_given_to_others(taught: Transform) -> None:
    storage.delete(read(written(taught, groups_of("ab c"))).persistent_ids)
    result = read(written(taught, groups_of("ab c")))
    assert ids_of(result) == {"a": "3", "b": "3", "c": "4"}
    assert (result.kept_ids, result.retired_ids) == (0, 0)


@pytest.mark.django_db
@pytest.mark.usefixtures("s3_server")
def test_a_result_that_took_numbers_meanwhile_sends_the_other_back(
    taught: Transform, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = written(taught, groups_of("ab"))

    def save_late(*args: object, **kwargs: object) -> str:
        other = written(taught, groups_of("xy"))
        MatchResult.objects.create(run=other, next_persistent_id=9, persistent_ids="elsewhere.parquet")
        return save_ids(*args, **kwargs)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(matches, "save_ids", save_late)
        matches.sweep_matches()
    result = MatchResult.objects.get(run=run)
    assert result.read_at is None
    matches.read_matches(result=result)
    result.refresh_from_db()
    assert ids_of(result) == {"a": "9", "b": "9"}
