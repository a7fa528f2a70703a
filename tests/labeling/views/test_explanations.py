"""Asking why on the pages of matches and of disagreement, and what is shown until the engine has answered and then."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from labeling.aws import storage
from labeling.choices import GroupKind, RunKind
from labeling.models import MatchGroup, MatchResult, PairExplanation, Question, Transform
from labeling.selectors.claims import CLAIM, MAX_ATTEMPTS
from tests.labeling.builders import Cast, finished_run, read_result
from tests.labeling.views.conftest import ClientFor

HTMX = {"HX-Request": "true"}
VALUES = [["1", "Ann <b>Lee</b>"], ["2", "Anne Lee"], ["3", "Xu Wei"]]
CONTENTS = {
    "keys": ["2", "3"],
    "score": 0.9,
    "threshold": 0.5,
    "log_odds": 2.2,
    "typical_log_odds": -1.5,
    "contributions": [
        {"column": "name", "cells": ["Ann <b>Lee</b>", None], "words": "missing in one row", "log_odds": -0.3},
        {"column": "(the rows as a whole)", "cells": [None, None], "words": "65% alike", "log_odds": 4.0},
    ],
}


@pytest.fixture
def result(people: Cast, people_transform: Transform) -> MatchResult:
    """An unsure group of three rows."""
    group = MatchGroup(kind=GroupKind.UNSURE, match_id="17", size=3, confidence=0.5, values=VALUES)
    return read_result(people_transform, people.lead, [group], rows=3, sizes=[[3, 1]])


def why_links(client: Client, address: str) -> list[str]:
    return re.findall(r'<div hx-get="([^"]+)"', client.get(address).content.decode())


def text_of(answer: Any) -> str:
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_the_panel_waits_and_then_says_what_each_column_speaks_for(
    people: Cast, people_transform: Transform, result: MatchResult, client_for: ClientFor
) -> None:
    lead = client_for(people.lead)
    (link,) = why_links(lead, reverse("labeling:matches", args=[people_transform.pk]))
    waiting = lead.get(link, headers=HTMX)
    assert "The engine is working it out" in text_of(waiting)
    assert "<html" not in waiting.content.decode()
    asked = PairExplanation.objects.get()
    again = reverse("labeling:explanation-detail", args=[asked.pk])
    assert again in waiting.content.decode()
    assert lead.get(again, headers=HTMX).status_code == 204
    PairExplanation.objects.update(answered_at=timezone.now(), contents=CONTENTS)
    told = lead.get(again, headers=HTMX)
    for said in (
        "The engine takes these two rows for the same thing.",
        "Any two rows that are compared most are different things speaks against",
        "The rows as a whole 65% alike speaks strongly for",
        "name Ann &lt;b&gt;Lee&lt;/b&gt; – missing in one row speaks weakly against",
        "the portal’s own engine",
        "Glue, which made the groups, does not say why",
    ):
        assert said in text_of(told)
    assert "4.0" not in text_of(told)
    assert b" style=" not in told.content
    assert lead.get(link).url == again  # type: ignore[attr-defined]  # without htmx
    assert "The engine takes these two rows for the same thing." in text_of(lead.get(again))
    assert PairExplanation.objects.count() == 1


def test_two_other_rows_can_be_chosen(
    people: Cast, people_transform: Transform, result: MatchResult, client_for: ClientFor
) -> None:
    lead, group = client_for(people.lead), result.found.get()
    lead.get(reverse("labeling:group-why", args=[people_transform.pk, result.pk, group.pk]))
    first = PairExplanation.objects.get()
    address = reverse("labeling:explanation-detail", args=[first.pk])
    assert "1 · Ann &lt;b&gt;Lee&lt;/b&gt; 2 · Anne Lee 3 · Xu Wei" in text_of(lead.get(address))
    other = lead.get(address, {"first": "1", "second": "0"}, follow=True)
    assert "The engine is working it out" in text_of(other)
    assert set(PairExplanation.objects.values_list("first", "second")) == {(first.first, first.second), (0, 1)}
    same = lead.get(address, {"first": "1", "second": "1"}, headers=HTMX)
    assert "Choose two different rows." in text_of(same)
    assert lead.get(address, {"first": "x", "second": "1"}).status_code == 404


def test_why_nothing_can_be_said(
    people: Cast, people_transform: Transform, result: MatchResult, client_for: ClientFor
) -> None:
    lead, group = client_for(people.lead), result.found.get()
    link = reverse("labeling:group-why", args=[people_transform.pk, result.pk, group.pk])
    lead.get(link)
    asked = PairExplanation.objects.get()
    address = reverse("labeling:explanation-detail", args=[asked.pk])
    PairExplanation.objects.update(answered_at=timezone.now(), problem="Nobody has answered yet.")
    assert "Nobody has answered yet." in text_of(lead.get(address, headers=HTMX))
    PairExplanation.objects.update(
        answered_at=None, problem="", attempts=MAX_ATTEMPTS, claimed_at=timezone.now() - CLAIM
    )
    assert "Three attempts" in text_of(lead.get(address, headers=HTMX))
    assert "working it out" in text_of(lead.get(link, headers=HTMX))  # somebody asks again
    PairExplanation.objects.all().delete()  # a newer result has been read
    assert "A newer result has replaced these rows." in text_of(lead.get(address, headers=HTMX))
    assert lead.get(address).status_code == 404
    group.delete()
    assert "A newer result has replaced this group." in text_of(lead.get(link, headers=HTMX))
    assert "A newer result has replaced this group." in text_of(lead.get(link))


def test_why_is_asked_about_groups_that_were_searched_for_too(
    s3_server: str, people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    table = b"id,name,match_id,match_confidence_score\n1,Ann Lee,7,0.9\n2,A. Lee,7,0.9\n3,Anne Leigh,8,1.0\n"
    uri = storage.our_uri(storage.save_bytes(f"results/{uuid.uuid4()}/part-00000.csv", table).key)
    run = finished_run(people_transform, people.lead, RunKind.FIND_MATCHES, result_uri=uri, completed_at=timezone.now())
    MatchResult.objects.create(run=run, read_at=timezone.now(), rows=3, sizes=[[2, 1], [1, 1]])
    lead = client_for(people.lead)
    matches = reverse("labeling:matches", args=[people_transform.pk])
    (link,) = why_links(lead, f"{matches}?find=ann")  # the other group has one row
    assert "working it out" in text_of(lead.get(link, headers=HTMX))
    assert PairExplanation.objects.get().values == [["1", "Ann Lee"], ["2", "A. Lee"]]


def test_why_about_a_question(people: Cast, questions: list[Question], client_for: ClientFor) -> None:
    lead = client_for(people.lead)
    page = lead.get(reverse("labeling:question-why", args=[questions[0].pk, 1, 3]), follow=True)
    assert "working it out" in text_of(page)
    assert "but for those of this question" in text_of(page)
    asked = PairExplanation.objects.get()
    assert (asked.first, asked.second, asked.question) == (0, 2, questions[0])
    refused = lead.get(reverse("labeling:question-why", args=[questions[0].pk, 1, 9]), headers=HTMX)
    assert "Choose two different rows." in text_of(refused)
