"""Anything that the service model allows, and much that it does not: the server never answers 500."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from localglue import operations, store
from localglue.protocol import service_model
from tests.localglue.conftest import ACCOUNT, GlueClient, check_response
from tests.localglue.test_protocol import send

operations.load()
ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
TEXT = st.text("abc/:-_. é日🧾", min_size=1, max_size=12)
# Values that mean something here, so that the fuzz gets beyond "not found".
KNOWN = st.sampled_from(
    [
        *(
            "lab",
            "people",
            "id",
            "apply",
            "glueetl",
            "csv",
            "1",
            "s3://labels/x.csv",
            "s3://code/find_matches_apply.py",
        ),
        f"arn:aws:glue:us-east-1:{ACCOUNT}:job/apply",
    ]
)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(ANY_TEXT, inner, max_size=2),
    max_leaves=3,
)


def seldom(rare: SearchStrategy[Any], usual: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """``rare`` once in about forty times: a request has many members, and one that is wrong hides the others."""
    return st.integers(0, 39).flatmap(lambda number: rare if number == 7 else usual)


def values(shape: Shape, depth: int = 0) -> SearchStrategy[Any]:
    """Values of a shape, mostly within its rules, now and then anything at all."""
    if depth > 5:
        return JUNK
    if isinstance(shape, StructureShape):
        required = {name: values(shape.members[name], depth + 1) for name in shape.required_members}
        optional = {n: values(s, depth + 1) for n, s in shape.members.items() if n not in required}
        few = st.lists(st.sampled_from(sorted(optional)), max_size=4, unique=True) if optional else st.just([])
        return few.flatmap(lambda names: st.fixed_dictionaries(required | {name: optional[name] for name in names}))
    if isinstance(shape, ListShape):
        return st.lists(values(shape.member, depth + 1), max_size=2)
    if isinstance(shape, MapShape):
        return st.dictionaries(TEXT, values(shape.value, depth + 1), max_size=2)
    return _scalars(shape)


def _scalars(shape: Shape) -> SearchStrategy[Any]:
    rules = shape.metadata
    if rules.get("enum"):
        return seldom(ANY_TEXT, st.sampled_from(list(rules["enum"])))
    kinds: dict[str, SearchStrategy[Any]] = {
        "string": seldom(ANY_TEXT, KNOWN | KNOWN | TEXT),
        "boolean": st.booleans(),
        "integer": seldom(st.integers(), st.integers(1, 20)),
        "long": st.integers(-(2**63), 2**63 - 1),
        "timestamp": seldom(st.floats(), st.integers(0, 2**32)),
    }
    return seldom(JUNK, kinds.get(shape.type_name, seldom(st.floats(), st.floats(0, 1))))


@pytest.fixture
def taught(lab: GlueClient, make_transform: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> str:
    """A transform that there is; S3 answers nothing."""

    def absent(*_: object) -> Any:
        raise store.StoreError("The specified key does not exist.")

    for name in ("bucket_region", "find", "list_folder"):
        monkeypatch.setattr(store, name, absent)
    return make_transform(ready=True)


@pytest.mark.parametrize("name", operations.supported())
def test_no_request_is_answered_with_a_fault(taught: str, name: str) -> None:
    shape = service_model().operation_model(name).input_shape
    assert shape is not None

    @settings(max_examples=20, suppress_health_check=list(HealthCheck))
    @given(seldom(JUNK, values(shape)), st.booleans())
    def attempt(request: Any, known: bool) -> None:
        if known and isinstance(request, dict) and "TransformId" in request:
            request["TransformId"] = taught
        response = send(f"AWSGlue.{name}", json.dumps(request).encode())
        assert response.status_code in (200, 400), response.content
        if response.status_code == 200:
            check_response(f"AWSGlue.{name}", response.content)
        else:
            assert json.loads(response.content)["__type"]

    attempt()
