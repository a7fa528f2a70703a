"""Who may open what: one table for all pages. 404 for strangers, 403 for the wrong role, sign-in for everybody else."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse

from accounts.models import Membership
from labeling.choices import GroupKind, RunKind
from labeling.models import (
    Answer,
    LabelReplacement,
    LabelUpload,
    MatchGroup,
    MatchResult,
    Question,
    SheetUpload,
    Transform,
    Webhook,
)
from labeling.services.explanations import ask_about_question
from labeling.urls import urlpatterns
from tests.labeling.builders import Cast, answer, finished_run, question_set, read_result
from tests.labeling.views.conftest import ClientFor

EVERYBODY = {"steward", "lead", "admin"}
LEADS = {"lead", "admin"}
ADMINS = {"admin"}

MAY_OPEN = {
    name: roles
    for roles, names in (
        (
            EVERYBODY,
            """
            home transform-list keys-save work work-download
            transform-detail answer-list answers-withdraw guidelines agreement question-next columns-save sheet-list sheet-download
            question-detail question-draft question-submit question-skip question-release question-reopen
            question-panel panel-comment panel-resolve question-history comment-add comment-resolve
            """,
        ),
        (
            LEADS,
            """
            people report report-pdf report-csv run-list run-download run-view-save run-view-delete
            notification-list notification-read-all notification-settings notification-choices team-choices
            question-set-list labeling-settings adjudication-list adjudication-next second-look example-remove quality
            quality-download disagreement contradictions question-generate import-create label-file-list
            label-upload-list automation chain-stop evaluation-create export-create apply-create matches matches-ask
            group-why found-why question-why explanation-detail
            question-set-detail question-set-edit question-set-assign question-set-clear
            question-ask-again question-adjudicate adjudication-draft adjudication-submit adjudication-skip
            adjudication-reopen example-add control-mark control-unmark answer-reopen answer-withdraw
            run-detail run-cancel run-retry run-ask label-file-download result-download persistent-result-download
            label-upload-detail label-upload-keep label-upload-original
            label-file-detail label-file-original label-file-import
            """,
        ),
        (
            ADMINS,
            """
            transform-create catalog-table-list transform-create-from-file transform-create-from-table
            glue-transform-list transform-adopt
            transform-edit table-upload table-replace transform-archive transform-bring-back answers-replace
            run-restore label-file-replace replacement-detail replacement-confirm replacement-again
            person-invite person person-role person-details person-link person-deactivate person-reactivate
            person-token-revoke audit-trail audit-download
            webhook-create webhook-detail webhook-edit webhook-test webhook-secret webhook-delete delivery-again
            """,
        ),
    )
    for name in names.split()
}
OF_ONE_PERSON = {"sheet-detail", "sheet-confirm", "sheet-original", "notification-open"}
NO_ACCESS_RULE = {"javascript-catalog"}  # the texts of scripts


def arguments(
    patterns: Sequence[URLPattern | URLResolver], before: tuple[str, ...] = ()
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for pattern in patterns:
        names = (*before, *pattern.pattern.converters)
        if isinstance(pattern, URLResolver):
            yield from arguments(pattern.url_patterns, names)
        else:
            yield str(pattern.name), names


ARGUMENTS = dict(arguments(urlpatterns))
OBJECTS = {
    *("transform_id", "run_id", "question_id", "set_id", "answer_id", "upload_id", "label_file_id", "replacement_id"),
    *("member_id", "webhook_id", "explanation_id", "result_id", "group_id", "first", "second"),
}
# Nothing has been answered, matched or exported here.
MAY_BE_MISSING = {
    *("question-reopen", "matches-ask", "adjudication-reopen", "label-file-download", "label-file-import"),
    *("result-download", "persistent-result-download"),
}


@pytest.fixture
def url(people: Cast, people_transform: Transform) -> Callable[[str], str]:
    """The address of a page: of an object that is there, and of something below it that need not be."""
    of, lead, admin = people_transform, people.lead, people.admin
    file = {"transform": of, "name": "a.csv", "bucket": "bucket", "size": 1, "sha256": "0" * 64, "created_by": lead}

    def question() -> Question:
        return question_set(of, lead, [2])[0]

    def answered() -> Answer:
        made = question()
        answer(made, people.colleague, "AB")
        return made.answers.get()

    def replacement() -> LabelReplacement:
        asked, run = question(), finished_run(of, admin, RunKind.EXPORT_LABELS)
        label_file = asked.question_set.label_file
        return LabelReplacement.objects.create(transform=of, label_file=label_file, export_run=run, created_by=admin)

    def matched() -> MatchResult:
        values = [[str(key), "Ann"] for key in range(2)]
        return read_result(of, lead, [MatchGroup(kind=GroupKind.UNSURE, match_id="1", size=2, values=values)])

    def address(name: str) -> str:
        uploads = SheetUpload if name.startswith("sheet") else LabelUpload
        objects: dict[str, Callable[[], object]] = {
            "transform_id": lambda: of.pk,
            "run_id": lambda: finished_run(of, lead, RunKind.EVALUATION).pk,
            "question_id": lambda: question().pk,
            "set_id": lambda: question().question_set_id,
            "answer_id": lambda: answered().pk,
            "upload_id": lambda: uploads.objects.create(**file, key=name).pk,
            "label_file_id": lambda: question().question_set.label_file_id,
            "replacement_id": lambda: replacement().pk,
            "member_id": lambda: Membership.objects.get(user=people.colleague).pk,
            "webhook_id": lambda: (
                Webhook.objects.create(team=people.team, url="https://a.example/", created_by=admin).pk
            ),
            "result_id": lambda: matched().pk,
            "group_id": lambda: MatchGroup.objects.get().pk,
            "explanation_id": lambda: ask_about_question(question=question(), pair=(0, 1)).pk,
            "first": lambda: 1,
            "second": lambda: 2,
            "kind": lambda: "csv",
            "table": lambda: "points",
            "week": lambda: "2026-W10",
        }
        return reverse(f"labeling:{name}", args=[objects.get(argument, uuid.uuid4)() for argument in ARGUMENTS[name]])

    return address


def status(client: Client, url: str) -> int:
    """Of the page, or of what is sent to an address that has none."""
    code = client.get(url).status_code
    return client.post(url, content_type="application/json").status_code if code == 405 else code


def test_every_page_is_in_the_table() -> None:
    assert ARGUMENTS.keys() == MAY_OPEN.keys() | OF_ONE_PERSON | NO_ACCESS_RULE


@pytest.mark.parametrize("name", MAY_OPEN)
def test_who_may_open_it(people: Cast, client_for: ClientFor, url: Callable[[str], str], name: str) -> None:
    address = url(name)
    assert status(Client(), address) == 302
    if set(ARGUMENTS[name]) & OBJECTS:
        assert status(client_for(people.stranger), address) == 404
    for role in ("steward", "lead", "admin"):  # last those who may change something
        code = status(client_for(getattr(people, role)), address)
        assert (code == 403) == (role not in MAY_OPEN[name]), (role, code)
        if role in MAY_OPEN[name] and set(ARGUMENTS[name]) <= OBJECTS:
            assert code != 404 or name in MAY_BE_MISSING, role


@pytest.mark.parametrize("name", sorted(OF_ONE_PERSON))
def test_what_is_one_persons_is_nobody_elses(
    people: Cast, client_for: ClientFor, url: Callable[[str], str], name: str
) -> None:
    address = url(name)
    for person in (people.stranger, people.steward, people.admin):
        assert status(client_for(person), address) == 404
    if name.startswith("sheet"):
        assert status(client_for(people.lead), address) != 404


def test_a_refusal_names_the_roles_that_may(people: Cast, client_for: ClientFor) -> None:
    page = client_for(people.steward).get(reverse("labeling:transform-create"))
    assert page.status_code == 403
    assert b"This can be done by: Administrator." in page.content
    runs = client_for(people.steward).get(reverse("labeling:run-list"))
    assert b"Team lead or Administrator" in runs.content


def test_an_address_that_never_was(people: Cast, client_for: ClientFor) -> None:
    page = client_for(people.lead).get(reverse("labeling:run-detail", args=[uuid.uuid4()]))
    assert page.status_code == 404
    assert b"Page not found" in page.content


def test_every_page_carries_the_policy_and_nothing_inline(people: Cast, client_for: ClientFor) -> None:
    page = client_for(people.lead).get(reverse("labeling:home"))
    assert page.headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert b" style=" not in page.content
    assert b"onclick" not in page.content
