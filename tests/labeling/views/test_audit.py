"""The audit trail as administrators read it."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Agent, AuditAction, AuditEntry, Membership, Role
from accounts.services import set_role, set_skills, set_time_zone
from accounts.tokens import create_token
from tests.labeling.builders import Cast, saved_for
from tests.labeling.views.conftest import ClientFor

TRAIL = reverse("labeling:audit-trail")
CSV = reverse("labeling:audit-download")


@pytest.fixture
def people(people: Cast) -> Cast:
    """They came into their teams as people do, which the trail tells of."""
    members = list(Membership.objects.select_related("team", "user"))
    Membership.objects.all().delete()
    for member in sorted(members, key=lambda member: member.role != Role.ADMIN):
        set_role(team=member.team, user=member.user, role=Role(member.role), by=Agent.COMMAND)
    return people


def shown(client: Client, **query: str) -> list[str]:
    return [sentence for _entry, sentence, _details in client.get(TRAIL, query).context["lines"]]


def test_it_is_for_administrators_of_the_team(people: Cast, client_for: ClientFor) -> None:
    admin = client_for(people.admin)
    assert TRAIL in admin.get(reverse("labeling:people")).content.decode()
    assert TRAIL not in client_for(people.lead).get(reverse("labeling:people")).content.decode()
    for person, status in ((people.lead, 403), (people.steward, 403), (people.stranger, 403)):
        assert [client_for(person).get(address).status_code for address in (TRAIL, CSV)] == [status, status]
    set_role(team=people.stranger.teams.get(), user=people.stranger, role=Role.ADMIN, by=people.stranger)
    assert shown(client_for(people.stranger)) == [
        "Stranger changed the role of Stranger from team lead to administrator",
        "Command line added Stranger as team lead",
    ]
    assert not [line for line in shown(admin) if "Stranger" in line]


def test_what_people_do_in_the_pages_is_told_with_their_names(people: Cast, client_for: ClientFor) -> None:
    """Each page passes on who it was."""
    member = people.steward.memberships.get()
    admin = client_for(people.admin)
    details = {"first_name": "Sam", "last_name": "Rivera", "email": "sam@example.org"}
    for name, sent in (
        ("person-role", {"role": "lead"}),
        ("person-details", details),
        ("person-link", {}),
        ("people", saved_for(member, skills="polish", questions="40")),
        ("person-deactivate", {}),
        ("person-reactivate", {}),
    ):
        args = [] if name == "people" else [member.pk]
        assert admin.post(reverse(f"labeling:{name}", args=args), sent).status_code in (200, 302), name
    invited = {"username": "eve", "first_name": "Eve", "last_name": "", "email": "", "role": "steward"}
    assert admin.post(reverse("labeling:person-invite"), invited).status_code == 200
    assert admin.post(reverse("labeling:team-choices"), {"page": ["run.failed"]}).status_code == 302
    member = Membership.objects.get(pk=member.pk)
    token, _secret = create_token(membership=member, name="ci", days=1, may_write=False)
    assert admin.post(reverse("labeling:person-token-revoke", args=[member.pk, token.pk])).status_code == 302
    assert shown(admin)[:12] == [
        "Admin revoked the API token “ci” of Sam Rivera",
        "Sam Rivera created the API token “ci”",
        "Admin changed the notifications of the team",
        "Admin created a link with which Eve can choose a password",
        "Admin added Eve as data steward",
        "Admin reactivated Sam Rivera as team lead",
        "Admin deactivated Sam Rivera, who was team lead",
        "Admin changed the goal of Sam Rivera",
        "Admin changed the skills of Sam Rivera",
        "Admin created a link with which Sam Rivera can choose a password",
        "Admin changed the name or address of Steward",
        "Admin changed the role of Steward from data steward to team lead",
    ]
    own = client_for(people.lead)
    made = {"name": "mine", "days": "30", "may_write": "read"}
    assert own.post(reverse("accounts:token-list"), made).status_code == 200
    mine = people.lead.memberships.get().api_tokens.get()
    assert own.post(reverse("accounts:token-revoke", args=[mine.pk])).status_code == 302
    assert own.post(reverse("accounts:account"), {"first_name": "Lea", "last_name": "", "email": ""}).status_code == 302
    assert shown(admin, person=str(people.lead.pk))[:3] == [
        "Lead changed the name or address of Lead",
        "Lead revoked the API token “mine” of Lead",
        "Lead created the API token “mine”",
    ]


def test_filters_narrow(people: Cast, client_for: ClientFor) -> None:
    set_skills(membership=people.colleague.memberships.get(), skills="tax", by=people.lead)
    set_time_zone(team=people.team, time_zone="Asia/Tokyo", by=people.lead)
    AuditEntry.objects.filter(action=AuditAction.TEAM_CHANGED).update(at=timezone.now() + timedelta(days=3))
    client = client_for(people.admin)
    zone, skills = "Lead changed the settings of the team", "Lead changed the skills of Colleague"
    added = "Command line added {} as {}".format
    assert shown(client, person=str(people.lead.pk)) == [zone, skills, added("Lead", "team lead")]
    assert shown(client, person=str(people.colleague.pk)) == [skills, added("Colleague", "data steward")]
    assert shown(client, kind="team") == shown(client, kind="team.changed") == [zone]
    assert shown(client, kind="people")[0] == skills
    assert shown(client, kind="person.skills_changed", person=str(people.lead.pk)) == [skills]
    assert len(shown(client, person="command")) == 4
    later = f"{timezone.now() + timedelta(days=2):%Y-%m-%d}"  # in any time zone
    assert shown(client, since=later) == [zone]
    assert zone not in shown(client, until=later)
    assert shown(client, kind="nonsense", person="me", since="when?", until="9999-12-31") == shown(client)
    page = client.get(TRAIL, {"kind": "labels"}).content.decode()
    assert "No entries match these filters" in page
    rows = list(csv.reader(io.StringIO(_text(client, kind="team"))))
    assert rows[1][1:] == ["Lead", "team.changed", "Team", zone, "Time zone: UTC → Asia/Tokyo"]
    assert len(rows) == 2


def test_entries_change_with_the_filters_and_whoever_has_no_script_has_a_button(
    people: Cast, client_for: ClientFor
) -> None:
    client = client_for(people.admin)
    whole = client.get(TRAIL).content.decode()
    assert "<form" in whole
    assert whole.count("Filter</button>") == whole.partition("<noscript>")[2].count("Filter</button>") == 1
    swapped = client.get(TRAIL, {"kind": "labels"}, headers={"HX-Request": "true"})
    assert "HX-Request" in swapped.headers["Vary"]
    page = swapped.content.decode()
    assert "No entries match these filters" in page
    assert "<form" not in page
    page = client.get(TRAIL, {"kind": "people"}, headers={"HX-Request": "true"}).content.decode()
    assert f"{CSV}?kind=people" in page  # what is downloaded is what is shown


def test_pages_hold_every_entry_once(people: Cast, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labeling.views.audit.PAGE_SIZE", 3)
    client = client_for(people.admin)
    first = client.get(TRAIL)
    assert first.context["page"].before == ""
    second = client.get(TRAIL, {"after": first.context["page"].after})
    found = [entry for page in (first, second) for entry, *_words in page.context["lines"]]
    assert found == list(AuditEntry.objects.filter(team=people.team))
    assert client.get(TRAIL, {"before": second.context["page"].before}).context["lines"] == first.context["lines"]
    assert second.context["page"].after == ""


def test_cells_of_the_download_are_no_formulas_and_an_empty_trail_says_so(people: Cast, client_for: ClientFor) -> None:
    set_skills(membership=people.steward.memberships.get(), skills="tax", by=people.lead)
    AuditEntry.objects.update(actor_name="=1+1", agent="")
    client = client_for(people.admin)
    assert {row["by"] for row in csv.DictReader(io.StringIO(_text(client)))} == {"'=1+1"}
    AuditEntry.objects.all().delete()
    assert "No entries yet" in client.get(TRAIL).content.decode()


def _text(client: Client, **query: str) -> str:
    response = client.get(CSV, query)
    assert response.headers["Content-Disposition"].startswith('attachment; filename="audit-trail-')
    return b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
