"""The page of matches, and asking people about groups of them."""

from __future__ import annotations

import html
import re
import uuid
from datetime import timedelta
from functools import partial

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from labeling.aws import storage
from labeling.choices import GroupKind, RunKind
from labeling.models import MatchGroup, MatchResult, QuestionSet, TaskRun, Transform
from labeling.services.matches import sweep_matches
from tests.labeling.builders import Cast, finished_run, read_result
from tests.labeling.views.conftest import ClientFor


@pytest.fixture
def result(people: Cast, people_transform: Transform) -> MatchResult:
    """A result that has been read, with an unsure group and one that joins two earlier ones."""
    before = read_result(people_transform, people.lead, rows=1003, sizes=[[3, 1], [1, 1000]]).run
    groups = (
        MatchGroup(
            kind=GroupKind.UNSURE,
            match_id="17",
            size=2,
            confidence=0.5071,
            values=[["1", "Ann <b>Lee</b>"], ["2", "Anne Lee"]],
        ),
        MatchGroup(
            kind=GroupKind.JOINED,
            match_id="18",
            size=3,
            confidence=0.9,
            values=[["3", "Bo"], ["4", "Bo"], ["5", "Bo"]],
            parts=[0, 1, -1],
        ),
    )
    return read_result(
        people_transform,
        people.lead,
        groups,
        rows=1007,
        sizes=[[3, 1], [2, 2], [1, 1000]],
        before=before,
        joined=1,
        new_rows=4,
    )


def test_columns_are_as_wide_as_what_they_hold_and_alike_in_each_group(
    people: Cast, people_transform: Transform, client_for: ClientFor, result: MatchResult
) -> None:
    result.found.filter(match_id="17").update(values=[["1", "anne.lee@example.com"], ["2", "Anne Lee"]])
    result.found.create(place=9, kind=GroupKind.UNSURE, match_id="19", size=2, values=[["3", "Bo"], ["4", "B"]])
    url = reverse("labeling:matches", args=[people_transform.pk])
    page = client_for(people.lead).get(url, {"show": "unsure"}).content.decode()
    keys, names = (re.findall(rf'width="(\d+)%">{name}<', page) for name in people_transform.column_names)
    assert len(keys) == len(names) == 2
    assert len({*keys}) == len({*names}) == 1
    assert int(names[0]) > 3 * int(keys[0])
    assert int(names[0]) + int(keys[0]) <= 100


def page_of(client: Client, transform: Transform, query: str = "") -> str:
    found = client.get(reverse("labeling:matches", args=[transform.pk]) + query)
    assert found.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", found.content.decode()).split())


def test_figures_and_groups(
    people: Cast, people_transform: Transform, result: MatchResult, client_for: ClientFor
) -> None:
    lead = client_for(people.lead)
    unsure = page_of(lead, people_transform)
    for said in (
        "Rows 1,007",
        "Different things 1,003 1,001 before",
        "Rows with a match 7 in 3 groups",
        "Largest group 3 rows",
        "1 joined, 0 split 4 new rows, 0 gone",
        "Least sure 1 Largest 0 Joined 1 Split 0",
        "confidence 0.507",
        "Ann &lt;b&gt;Lee&lt;/b&gt;",
    ):
        assert said in unsure
    address = reverse("labeling:matches", args=[people_transform.pk])
    assert 'dir="auto"' in lead.get(address).content.decode()  # names are written from the right, too
    joined = page_of(lead, people_transform, "?show=joined")
    assert "3 rows from 2 groups before match_id 18" in joined  # what a checkbox is called
    assert "Rows of the group with match_id 18" in lead.get(address, {"show": "joined"}).content.decode()
    assert "A 3 Bo B 4 Bo new 5 Bo" in joined
    assert "Anne" not in joined
    assert "No such group" in page_of(lead, people_transform, "?show=large")
    Transform.objects.update(columns=people_transform.columns * 50)  # a hundred columns
    MatchGroup.objects.update(values=[[str(row)] * 100 for row in range(2)])
    assert lead.get(address).context["page"].paginator.per_page == 4
    finished_run(people_transform, None, RunKind.FIND_MATCHES, foreign=True)  # nobody knows where its table is
    overview = lead.get(reverse("labeling:transform-detail", args=[people_transform.pk])).content.decode()
    assert "1,003 <small>things" in " ".join(overview.split())


def test_before_a_result_has_been_read(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    lead = client_for(people.lead)
    assert "No result yet" in page_of(lead, people_transform)
    run = finished_run(
        people_transform, people.lead, RunKind.FIND_MATCHES, result_uri="s3://b/1", completed_at=timezone.now()
    )
    assert "is being read" in page_of(lead, people_transform)
    asking = partial(lead.get, reverse("labeling:matches", args=[people_transform.pk]), headers={"HX-Request": "true"})
    assert asking().status_code == 204  # nothing on the page moves
    begun = MatchResult.objects.create(run=run, claimed_at=timezone.now(), attempts=3)
    assert "is being read" in page_of(lead, people_transform)
    MatchResult.objects.update(claimed_at=timezone.now() - timedelta(hours=1))
    assert "Three attempts" in page_of(lead, people_transform)
    MatchResult.objects.update(attempts=1, problem="Access denied.")
    assert "Access denied. The portal tries again every ten minutes." in page_of(lead, people_transform)
    begun.delete()
    MatchResult.objects.create(run=run, read_at=timezone.now(), problem="The result has no column match_id.")
    assert asking()["HX-Refresh"] == "true"
    assert "no column match_id" in page_of(lead, people_transform)
    assert "find-form" not in lead.get(asking.args[0]).content.decode()
    page_of_run = reverse("labeling:run-detail", args=[run.pk])
    assert "Look at the matches" in lead.get(page_of_run).content.decode()
    read_result(people_transform, people.lead)
    assert "Look at the newest matches" in lead.get(page_of_run).content.decode()


def test_asking_about_groups(
    s3_server: str, people: Cast, people_transform: Transform, result: MatchResult, client_for: ClientFor
) -> None:
    lead = client_for(people.lead)
    ask = reverse("labeling:matches-ask", args=[people_transform.pk])
    nothing = lead.post(ask, {"result": result.pk}, follow=True)
    assert "Choose groups" in nothing.content.decode()
    unsure, joined = result.found.order_by("match_id")
    answered = lead.post(
        ask, {"result": result.pk, "shown": [joined.pk], "group": [unsure.pk], "all": "1"}, follow=True
    )
    assert "Groups of a result, chosen" in answered.content.decode()
    assert "1 question is in the stewards’ queue.<" in " ".join(answered.content.decode().split()).replace(" <", "<")
    assert list(QuestionSet.objects.get().questions.values_list("labeling_set_id", flat=True)) == ["match-18"]
    assert "People have been asked" in page_of(lead, people_transform, "?show=joined")
    sent = {"result": result.pk, "shown": [unsure.pk], "group": [unsure.pk, joined.pk]}
    assert "1 ticked group is left out" in lead.post(ask, sent, follow=True).content.decode()
    assert QuestionSet.objects.count() == 2


def test_a_group_that_is_ticked_twice_is_not_left_out(
    s3_server: str, people: Cast, people_transform: Transform, result: MatchResult, client_for: ClientFor
) -> None:
    lead, unsure = client_for(people.lead), result.found.get(kind=GroupKind.UNSURE)
    large = MatchGroup.objects.create(
        result=result, kind=GroupKind.LARGE, place=0, match_id=unsure.match_id, size=2, values=unsure.values
    )
    sent = {"result": result.pk, "group": [unsure.pk, large.pk], "number": "17"}
    asked = lead.post(reverse("labeling:matches-ask", args=[people_transform.pk]), sent, follow=True)
    assert "1 question is in the stewards’ queue.<" in " ".join(asked.content.decode().split()).replace(" <", "<")
    page = lead.get(reverse("labeling:matches", args=[people_transform.pk])).content.decode()
    assert 'data-taken="17"' in page


def test_what_was_ticked_is_ticked_after_an_error(
    people: Cast, people_transform: Transform, result: MatchResult, client_for: ClientFor
) -> None:
    lead, joined = client_for(people.lead), result.found.get(kind=GroupKind.JOINED)
    page = lead.get(reverse("labeling:matches", args=[people_transform.pk]) + "?show=joined").content.decode()
    (action,) = re.findall(r'<form method="post"\s+action="(/transforms/[^"]+)"', page)
    sent = {"result": result.pk, "group": [joined.pk], "together": "1"}
    refused = lead.post(html.unescape(action), sent, follow=True)
    assert "Choose at least two groups." in refused.content.decode()
    assert refused.context["kind"] == GroupKind.JOINED
    (box,) = re.findall(rf'<input class="form-check-input"[^>]*value="{joined.pk}"[^>]*>', refused.content.decode())
    assert "checked" in box.split()[-1]


def test_looking_for_rows(s3_server: str, people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    table = (
        b"id,name,match_id,match_confidence_score\n1,Ann Lee,7,0.9\n2,A. Lee,7,0.9\n3,Anne Leigh,8,1.0\n4,Bo,9,1.0\n"
    )
    uri = storage.our_uri(storage.save_bytes(f"results/{uuid.uuid4()}/part-00000.csv", table).key)
    run = finished_run(people_transform, people.lead, RunKind.FIND_MATCHES, result_uri=uri, completed_at=timezone.now())
    result = MatchResult.objects.create(run=run, read_at=timezone.now(), rows=4, sizes=[[2, 1], [1, 2]])
    lead = client_for(people.lead)
    found = page_of(lead, people_transform, "?find=ann")
    assert "Groups with “ann”" in found
    assert "2 groups have a row with this text." in found
    assert "A. Lee" in found  # of the same group
    assert "4 Bo" not in found
    assert "No row has this text" in page_of(lead, people_transform, "?find=xyz")

    ask = reverse("labeling:matches-ask", args=[people_transform.pk])
    sent = {"result": result.pk, "found": ["7", "8"], "together": "1"}
    lead.post(ask, sent)
    assert sorted(QuestionSet.objects.get().questions.get().rows.values_list("key", flat=True)) == ["1", "2", "3"]
    assert "Found 2" in page_of(lead, people_transform)
    refused = lead.post(f"{ask}?find=ann", sent | {"found": ["7"]}, follow=True)
    assert refused.redirect_chain[-1][0].endswith("?find=ann&found=7")
    assert "Choose at least two groups." in refused.content.decode()

    storage.delete(uri.split("/", 3)[3])
    gone = lead.get(reverse("labeling:matches", args=[people_transform.pk]) + "?find=ann")
    assert gone.context["error"]
    assert gone.context["error"] in html.unescape(gone.content.decode())
    assert "No row has this text" not in gone.content.decode()


def test_the_table_with_persistent_ids(
    s3_server: str, people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    table = b"id,name,match_id,match_confidence_score,persistent_id\n1,Ann,7,0.9,x\n2,Anne,7,0.9,y\n3,Bo,8,1.0,z\n"
    uri = storage.our_uri(storage.save_bytes(f"results/{uuid.uuid4()}/part-00000.csv", table).key)
    lead, url = client_for(people.lead), reverse("labeling:matches", args=[people_transform.pk])
    for _earlier in range(2):
        run = finished_run(people_transform, people.lead, RunKind.FIND_MATCHES, result_uri=uri)
        TaskRun.objects.filter(pk=run.pk).update(completed_at=timezone.now())
        sweep_matches()
    assert "Persistent ids 2 kept Groups" in page_of(lead, people_transform)
    link = reverse("labeling:persistent-result-download", args=[run.pk])
    assert link in lead.get(url).content.decode()
    download = lead.get(link)
    assert download["Content-Disposition"].endswith(f'matches-{run.short_id}-persistent.csv"')
    assert download.getvalue().decode().replace('"', "").splitlines() == [
        "id,name,match_id,match_confidence_score,persistent_id,persistent_id_",
        "1,Ann,7,0.9,x,1",
        "2,Anne,7,0.9,y,1",
        "3,Bo,8,1.0,z,2",
    ]
    storage.delete(uri.split("/", 3)[3])
    assert "It was deleted or is in another account" in lead.get(link, follow=True).content.decode()


def test_whose_it_is(people: Cast, people_transform: Transform, result: MatchResult, client_for: ClientFor) -> None:
    shown, ask = (reverse(f"labeling:{name}", args=[people_transform.pk]) for name in ("matches", "matches-ask"))
    group = result.found.first()
    assert group is not None
    sent = {"result": result.pk, "group": group.pk}
    for person, status in ((people.steward, 403), (people.stranger, 404)):
        assert client_for(person).get(shown).status_code == status
        assert client_for(person).post(ask, sent).status_code == status
    lead = client_for(people.lead)
    assert lead.get(ask).status_code == 405
    for wrong in ({"result": result.pk + 1}, {"result": "x"}, {"result": result.pk, "group": "x"}):
        assert lead.post(ask, wrong).status_code == 404
    assert not QuestionSet.objects.exists()
