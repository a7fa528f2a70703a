"""The first page: what waits for whom."""

from __future__ import annotations

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from labeling.choices import RunKind
from labeling.models import Transform
from labeling.services.answers import save_draft
from labeling.services.comments import add_comment
from labeling.views import contexts, home
from tests.labeling.builders import Cast, answer, finished_run, person, question_set, wanting
from tests.labeling.views.conftest import ClientFor

HOME = reverse("labeling:home")


def test_a_steward_is_told_that_nothing_waits(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    page = client_for(people.steward).get(HOME).content.decode()
    assert "No questions are waiting for you" in page
    assert "Start labeling" not in page


def test_a_steward_starts_with_one_press(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    question_set(people_transform, people.lead, [2, 2, 2])
    page = client_for(people.steward).get(HOME).content.decode()
    assert "3 questions are waiting." in page
    assert "Start labeling" in page
    assert reverse("labeling:question-next", args=[people_transform.pk]) in page


def test_a_begun_question_is_continued(people: Cast, people_transform: Transform, client_for: ClientFor) -> None:
    first, *_rest = question_set(people_transform, people.lead, [2, 2])
    client = client_for(people.steward)
    row = first.rows.first()
    assert row is not None
    client.post(
        reverse("labeling:question-draft", args=[first.pk]), {"labels": {row.pk: "A"}}, content_type="application/json"
    )
    assert "Continue labeling" in client.get(HOME).content.decode()


def test_the_way_into_the_questions_is_called_the_same_on_every_page(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    first, *_rest = question_set(people_transform, people.lead, [2, 2])
    run = finished_run(people_transform, people.lead, RunKind.LABELING_SET_GENERATION)
    pages = [HOME, reverse("labeling:run-detail", args=[run.pk])]
    pages += [
        reverse(f"labeling:{name}", args=[people_transform.pk])
        for name in ("transform-detail", "import-create", "adjudication-list", "answer-list")
    ]
    lead = client_for(people.lead)
    for address in pages:
        assert "Start labeling" in lead.get(address).content.decode(), address
    save_draft(question=first, steward=people.lead, labels={})
    for address in pages[:-1]:
        page = lead.get(address).content.decode()
        assert "Continue labeling" in page, address
        assert "Start labeling" not in page, address
    assert "Start labeling" in client_for(people.steward).get(HOME).content.decode()
    answer(first, people.lead, "AB")
    assert "Continue labeling" in lead.get(pages[2]).content.decode()


def test_a_lead_sees_the_next_step_of_each_transform(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    client = client_for(people.lead)
    assert "Generate questions" in client.get(HOME).content.decode()

    Transform.objects.update(label_count=8007)
    question = question_set(people_transform, people.lead, [2])[0]
    page = client.get(HOME).content.decode()
    assert "1 question waits for an answer." in page
    assert "8,007 labels at Glue" in page

    answer(question, people.steward, "AB")
    page = client.get(HOME).content.decode()
    assert "1 answer waits to be imported." in page
    assert reverse("labeling:import-create", args=[people_transform.pk]) in page

    people_transform.question_sets.get().questions.update(imported_version=1)
    finished_run(people_transform, people.lead, RunKind.IMPORT_LABELS)
    assert "Estimate how good it is now." in client.get(HOME).content.decode()


def test_a_lead_is_not_sent_to_questions_that_are_in_other_hands(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    question_set(people_transform, people.lead, [2])
    client, next_page = client_for(people.lead), reverse("labeling:question-next", args=[people_transform.pk])
    assert next_page in client.get(HOME).content.decode()
    client_for(people.steward).get(next_page)
    page = client.get(HOME).content.decode()
    assert "None of them is for you now." in page
    assert next_page not in page
    assert reverse("labeling:work") in page


def test_what_people_were_unsure_about_does_not_wait_for_an_import(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    asked = question_set(people_transform, people.lead, [2, 3, 2])
    for question, unsure in zip(asked, ("??", "?A?", "??"), strict=True):
        answer(question, people.steward, unsure)
    overview = reverse("labeling:transform-detail", args=[people_transform.pk])
    more_people = reverse("labeling:question-set-list", args=[people_transform.pk])
    for address in (HOME, overview):
        page = client_for(people.lead).get(address).content.decode()
        assert "People were unsure about 3 questions, so there is nothing in them to import." in page, address
        assert f'Ask more people, in the <a href="{more_people}">question set</a>' in page
        assert "Generate more" in page
        assert "Import labels" not in page
        assert "to be imported" not in page
    assert "A lead can ask more people" in client_for(people.steward).get(overview).content.decode()
    (sure,) = question_set(people_transform, people.lead, [12], first_key=7)
    answer(sure, people.steward, "?" * 10 + "AO")
    assert "1 answer waits to be imported." in client_for(people.lead).get(HOME).content.decode()


def test_nobody_is_told_to_do_what_a_lead_does(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    overview = reverse("labeling:transform-detail", args=[people_transform.pk])
    lead, steward = client_for(people.lead), client_for(people.steward)
    assert "Generate the first questions." in lead.get(overview).content.decode()
    assert "There are no questions yet. They come from a team lead." in steward.get(overview).content.decode()
    (question,) = question_set(people_transform, people.lead, [2])
    answer(question, people.steward, "AB")
    people_transform.question_sets.get().questions.update(imported_version=1)
    finished_run(people_transform, people.lead, RunKind.IMPORT_LABELS)
    assert "Estimate how good it is now." in lead.get(overview).content.decode()
    page = steward.get(overview).content.decode()
    assert "All questions have been answered. New ones come from a team lead." in page
    assert "Estimate" not in page


def test_an_answer_that_glue_would_refuse_does_not_wait_for_an_import(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    (question,) = question_set(people_transform, people.lead, [2])
    question.rows.filter(position=1).update(key="", values=["", "name"])
    answer(question, people.steward, "AB")
    page = client_for(people.lead).get(HOME).content.decode()
    assert "The answer to 1 question cannot be imported: Glue would refuse a row that has no primary key" in page
    assert "to be imported" not in page


def test_what_is_disputed_is_not_called_learned(
    people: Cast, people_transform: Transform, client_for: ClientFor
) -> None:
    question = question_set(people_transform, people.lead, [2])[0]
    wanting([question], 2)
    answer(question, people.steward, "AB")
    answer(question, people.colleague, "AA")
    finished_run(people_transform, people.lead, RunKind.IMPORT_LABELS)
    finished_run(people_transform, people.lead, RunKind.EVALUATION)
    decide = reverse("labeling:adjudication-list", args=[people_transform.pk])
    overview = reverse("labeling:transform-detail", args=[people_transform.pk])
    for address in (HOME, overview):
        page = client_for(people.lead).get(address).content.decode()
        assert "1 question is disputed and waits for a decision." in page, address
        assert "Everything so far has been learned" not in page
        assert page.count(f'href="{decide}">Decide</a>') == 1
    assert ">Decide</a>" not in client_for(people.steward).get(overview).content.decode(), "stewards may not"


def test_of_many_transforms_the_most_urgent_come_first(
    people: Cast, people_transform: Transform, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another(name: str) -> Transform:
        return Transform.objects.create(
            team=people.team, name=name, created_by=people.admin, columns=people_transform.columns,
            database_name="db", table_name=name.lower(), primary_key="id",
        )  # fmt: skip

    monkeypatch.setattr(contexts, "STAGES", 3)
    untouched, learned, answered = another("Addresses"), another("Shops"), another("Suppliers")
    finished_run(learned, people.lead, RunKind.IMPORT_LABELS)
    finished_run(learned, people.lead, RunKind.EVALUATION)
    (question,) = question_set(answered, people.lead, [2])
    answer(question, people.steward, "AB")
    question_set(people_transform, people.lead, [2])

    page = client_for(people.lead).get(HOME).content.decode()
    cards = page[: page.index("What changed this week")]
    places = [cards.find(f'{one.pk}/">{one.name}</a>') for one in (answered, people_transform, learned)]
    assert places == sorted(places)
    assert -1 not in places
    assert f">{untouched.name}</a>" not in page
    assert f'href="{reverse("labeling:transform-list")}">1 more transform</a>' in page


def test_the_page_costs_the_same_whatever_waits(
    people: Cast,
    people_transform: Transform,
    client_for: ClientFor,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client = client_for(people.lead)
    question_set(people_transform, people.lead, [2, 2])
    for number in range(3):
        other = Transform.objects.create(
            team=people.team, name=f"Other {number}", created_by=people.admin, columns=people_transform.columns,
            database_name="db", table_name=f"other{number}", primary_key="id",
        )  # fmt: skip
        question_set(other, people.lead, [2])
    with django_assert_max_num_queries(24):
        client.get(HOME)


def test_of_much_that_waits_the_page_shows_some_and_leads_to_the_rest(
    people: Cast, people_transform: Transform, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contexts, "WAITING", 1)
    monkeypatch.setattr(home, "COMMENTS", 1)
    (question,) = question_set(people_transform, people.lead, [2])
    save_draft(question=question, steward=people.steward, labels={})
    for said in ("first", "second"):
        add_comment(question=question, author=people.steward, text=f"@lead the {said}")
    lead = client_for(people.lead)
    page = lead.get(HOME).content.decode()
    assert "questions to answer" in page
    assert "answers started" not in page
    assert f'href="{reverse("labeling:report")}">1 more line in the weekly report' in page
    assert ("the second" in page, "the first" in page) == (True, False)
    assert 'href="?comments=2#comments"' in page
    assert "the first" in lead.get(HOME, {"comments": 2}).content.decode()
    assert "answers started" in lead.get(reverse("labeling:report")).content.decode()


def test_somebody_without_a_team(db: None, client_for: ClientFor) -> None:
    page = client_for(person("new")).get(HOME)
    assert page.status_code == 200
    assert "You are not in a team yet" in page.content.decode()


@pytest.mark.parametrize(
    ("page", "above"),
    [
        ("labeling:report", "labeling:home"),
        ("labeling:audit-trail", "labeling:people"),
        ("labeling:notification-settings", "labeling:notification-list"),
        ("labeling:webhook-create", "labeling:notification-settings"),
        ("accounts:token-list", "accounts:account"),
    ],
)
def test_a_page_that_is_not_in_the_bar_says_where_it_stands(
    people: Cast, client_for: ClientFor, page: str, above: str
) -> None:
    shown = client_for(people.admin).get(reverse(page)).content.decode()
    crumbs = shown.split('aria-label="Breadcrumb"')[1].split("</nav>")[0]
    assert f'href="{reverse(above)}"' in crumbs
