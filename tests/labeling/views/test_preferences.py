"""Columns and keys are kept per person, and what makes no sense is refused in words."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from labeling.models import Transform
from labeling.selectors.preferences import columns_for, keys_for
from tests.labeling.builders import Cast, question_set
from tests.labeling.views.conftest import ClientFor


def send(client: Client, url: str, body: Any) -> Any:
    return client.post(url, body, content_type="application/json")


def test_columns_and_keys_come_back_with_the_workbench(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    question = question_set(people_transform, people.lead, [2])[0]
    client = client_for(people.steward)
    first, *rest = people_transform.column_names
    columns = {"hidden": [first], "pinned": [rest[0]], "order": [*rest, first]}
    assert send(client, reverse("labeling:columns-save", args=[people_transform.pk]), columns).status_code == 200
    keys = {"enabled": False, "keymap": {"undo": "Q"}}
    assert send(client, reverse("labeling:keys-save"), keys).status_code == 200

    config = client.get(reverse("labeling:question-detail", args=[question.pk])).context["workbench"]
    assert (config["columns"], config["keys"]) == (columns, keys)
    assert columns_for(user=people.colleague, transform=people_transform).hidden == []
    assert keys_for(user=people.colleague).enabled


def test_all_columns_hidden_is_refused(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    url = reverse("labeling:columns-save", args=[people_transform.pk])
    body = {"hidden": people_transform.column_names, "pinned": [], "order": []}
    answer = send(client_for(people.steward), url, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert "At least one column" in answer.json()["message"]


@pytest.mark.parametrize(
    "body",
    [
        {"enabled": True, "keymap": {"undo": "Q", "redo": "Q"}},
        {"enabled": True, "keymap": {"undo": 7}},
        {"enabled": "yes", "keymap": {}},
        [],
    ],
)
def test_keys_that_make_no_sense_are_refused(people: Cast, client_for: ClientFor, body: Any) -> None:
    answer = send(client_for(people.steward), reverse("labeling:keys-save"), body)
    assert answer.status_code == 422
    assert keys_for(user=people.steward).keymap == {}


def test_keys_are_for_members(people: Cast, client_for: ClientFor) -> None:
    url = reverse("labeling:keys-save")
    assert Client().post(url).status_code == 302
    assert client_for(people.steward).get(url).status_code == 405
