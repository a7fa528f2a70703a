"""Somebody new: invited in one browser, and let in by the link in another, all from the keyboard."""

from __future__ import annotations

from django.contrib.sessions.models import Session
from playwright.sync_api import Browser, Dialog, Page, Route, expect

from accounts.models import Membership, Role, User
from labeling.models import QuestionSet
from labeling.services.guidelines import save_guidelines
from labeling.services.question_sets import set_answers_wanted
from tests.e2e.conftest import NARROW, Portal, Visit
from tests.e2e.conftest import PASSWORD as SIGN_IN_PASSWORD
from tests.e2e.data import people_transform
from tests.e2e.test_accessibility import assert_accessible

PASSWORD = "a horse of another colour"


def type_into(page: Page, *texts: str) -> None:
    """One field after the other, from the one that has the focus."""
    for number, text in enumerate(texts):
        if number:
            page.keyboard.press("Tab")
        page.keyboard.type(text)


def test_whoever_is_invited_chooses_a_password_and_signs_in(portal: Portal, visit: Visit, browser: Browser) -> None:
    admin = visit(portal.admin)
    admin.goto("/")
    admin.get_by_role("link", name="People").press("Enter")
    admin.get_by_role("link", name="Invite a person").press("Enter")
    expect(admin.get_by_role("heading", name="Invite a person")).to_be_visible()
    assert_accessible(admin)
    admin.get_by_label("Sign-in name").focus()
    type_into(admin, "eve", "Eve", "Moss", "eve@example.org", "Team lead")
    admin.keyboard.press("Enter")
    admin.get_by_role("button", name="Invite", exact=True).press("Enter")
    expect(admin.get_by_role("heading", name="A link for Eve Moss")).to_be_visible()
    expect(admin.get_by_text("It has not been e-mailed")).to_be_visible()
    assert_accessible(admin, "admin-invitation")
    link = admin.locator(".secret").inner_text()
    admin.context.grant_permissions(["clipboard-read", "clipboard-write"])
    admin.get_by_role("button", name="Copy the link").press("Enter")
    expect(admin.get_by_text("Copied")).to_be_visible()
    assert admin.evaluate("navigator.clipboard.readText()") == link

    eve = browser.new_context(base_url=portal.url, viewport=NARROW, reduced_motion="reduce").new_page()
    eve.goto(link)
    assert link not in eve.url, "the address that stays in the history is of no use to anybody"
    assert_accessible(eve)
    eve.get_by_label("New password", exact=True).focus()
    type_into(eve, PASSWORD, PASSWORD)
    eve.keyboard.press("Enter")
    expect(eve.get_by_text("Your password has been set. Your sign-in name is eve.")).to_be_visible()
    assert_accessible(eve)
    eve.get_by_label("Sign-in name").focus()
    type_into(eve, "eve", PASSWORD)
    eve.keyboard.press("Enter")
    expect(eve.get_by_role("heading", level=1)).to_be_visible()
    expect(eve.get_by_role("link", name="People")).to_be_visible()
    eve.goto(link)
    expect(eve.get_by_role("heading", name="This link no longer works")).to_be_visible()
    assert_accessible(eve)
    eve.context.close()

    admin.get_by_role("link", name="Done").press("Enter")
    admin.get_by_role("link", name="Eve Moss").press("Enter")
    expect(admin.get_by_role("heading", name="Eve Moss")).to_be_visible()
    assert_accessible(admin, "admin-person")
    admin.get_by_role("button", name="Deactivate").press("Enter")
    expect(admin.get_by_text("Eve Moss has been deactivated.")).to_be_visible()
    assert_accessible(admin)
    membership = Membership.objects.get(user__username="eve")
    assert (membership.role, membership.is_active) == (Role.LEAD, False)


def test_a_long_text_outlives_the_session(portal: Portal, visit: Visit) -> None:
    """A lead saves guidelines after the session has ended, signs in, and goes on where they were."""
    transform, _questions = people_transform(portal, questions=1, rows=2)
    lead = visit(portal.lead)
    lead.goto(f"/transforms/{transform.pk}/guidelines/")
    text = lead.get_by_label("Guidelines")
    text.fill("An hour of words.")
    Session.objects.all().delete()
    lead.get_by_role("button", name="Save changes").click()
    expect(lead.get_by_text("You were signed out before this was sent")).to_be_visible()
    lead.get_by_label("Sign-in name").fill("lea")
    lead.get_by_label("Password").fill(SIGN_IN_PASSWORD)
    lead.get_by_role("button", name="Sign in").click()
    expect(text).to_have_value("An hour of words.")
    expect(lead.get_by_text("What you had written is in the form again.")).to_be_visible()
    lead.get_by_role("button", name="Save changes").click()
    expect(lead.get_by_text("The guidelines have been saved.")).to_be_visible()
    text.fill("Another text, not sent.")
    lead.reload()
    expect(text).to_have_value("An hour of words.")
    expect(lead.get_by_text("What you had written is in the form again.")).to_be_hidden()


def test_a_page_that_is_loaded_again_shows_what_the_server_says(portal: Portal, visit: Visit) -> None:
    """Firefox fills a form that is loaded again with what stood in it, here as it does, before the scripts of the page run."""
    transform, _questions = people_transform(portal, questions=1, rows=2)
    lead = visit(portal.lead)
    lead.goto(f"/transforms/{transform.pk}/guidelines/")
    text = lead.get_by_label("Guidelines")
    save_guidelines(transform=transform, text="A colleague has been here.", user=portal.admin)
    lead.add_init_script(
        "document.addEventListener('readystatechange', () => {"
        " if (document.readyState === 'interactive') document.querySelector('#id_text').value = 'Mine, not saved.' })"
    )
    lead.reload()
    expect(text).to_have_value("A colleague has been here.")


def test_whoever_goes_back_after_a_sign_out_does_not_see_the_page(portal: Portal, visit: Visit) -> None:
    """The page is still in the browser's memory; here it comes out of it, as by the button "back"."""
    lead = visit(portal.lead)
    lead.goto("/people/")
    other_tab = lead.context.new_page()
    other_tab.goto("/")
    other_tab.locator("summary", has_text="Lea Brandt").click()
    other_tab.get_by_role("button", name="Sign out").click()
    expect(other_tab.get_by_label("Sign-in name")).to_be_visible()
    lead.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(lead.get_by_label("Sign-in name")).to_be_visible()


def test_a_form_with_a_text_outlives_the_session_as_a_whole(portal: Portal, visit: Visit) -> None:
    _transform, questions = people_transform(portal, questions=1, rows=2)
    lead = visit(portal.lead)
    lead.goto(f"/question-sets/{questions[0].question_set_id}/")
    proposals = lead.get_by_label("Start from the engine’s proposal")
    was = proposals.is_checked()
    lead.get_by_label("Title", exact=True).fill("Urgent ones")
    lead.get_by_label("Goal").fill("Before the move.")
    lead.get_by_label("Priority").fill("7")
    proposals.set_checked(not was)
    Session.objects.all().delete()
    set_answers_wanted(question_set=questions[0].question_set, user=portal.admin, answers_wanted=2)
    lead.get_by_role("button", name="Save changes").click()
    lead.get_by_label("Sign-in name").fill("lea")
    lead.get_by_label("Password").fill(SIGN_IN_PASSWORD)
    lead.get_by_role("button", name="Sign in").click()
    expect(lead.get_by_text("What you had written is in the form again.")).to_be_visible()
    expect(lead.get_by_label("Title", exact=True)).to_have_value("Urgent ones")
    expect(lead.get_by_label("Goal")).to_have_value("Before the move.")
    expect(lead.get_by_label("Priority")).to_have_value("7")
    expect(proposals).to_be_checked(checked=not was)
    lead.get_by_role("button", name="Save changes").click()
    expect(lead.get_by_text("The set has been saved.")).to_be_visible()
    saved = QuestionSet.objects.get()
    assert (saved.title, saved.answers_wanted) == ("Urgent ones", 2)


def test_a_long_name_is_whole_on_a_phone(portal: Portal, visit: Visit) -> None:
    User.objects.filter(pk=portal.steward.pk).update(
        first_name="Maximiliane-Friederike", last_name="von Hohenstaufen-Württemberg"
    )
    page = visit(portal.admin, narrow=True)
    page.goto("/people/")
    box = page.get_by_role("link", name="Maximiliane").bounding_box()
    assert box
    assert box["x"] + box["width"] <= 390


def test_a_form_whose_sending_was_stopped_may_be_sent_again(portal: Portal, visit: Visit) -> None:
    lead = visit(portal.lead)
    lead.goto("/people/")
    held: list[Route] = []
    lead.route("**/people/", lambda route: held.append(route) if not held else route.continue_())
    lead.get_by_label("Skills of Sam Rivera").fill("contracts")
    save = lead.get_by_role("button", name="Save")
    save.press("Enter", no_wait_after=True)
    while not held:
        lead.wait_for_timeout(20)
    lead.context.new_cdp_session(lead).send("Page.stopLoading")  # the browser's stop, or Esc
    save.press("Enter")
    expect(lead.get_by_text("Saved for 1 person.")).to_be_visible()


def test_what_was_typed_and_not_saved_is_not_lost_without_a_question(portal: Portal, visit: Visit) -> None:
    lead = visit(portal.lead)
    lead.goto("/people/")
    asked: list[str] = []
    answers = ["stay", "leave"]

    def ask(dialog: Dialog) -> None:
        asked.append(dialog.type)
        if answers.pop(0) == "stay":
            dialog.dismiss()
        else:
            dialog.accept()

    lead.on("dialog", ask)
    skills = lead.get_by_label("Skills of Sam Rivera")
    elsewhere = lead.get_by_role("link", name="Runs", exact=True)
    skills.fill("contracts")
    elsewhere.press("Enter", no_wait_after=True)
    expect(skills).to_have_value("contracts")
    lead.get_by_role("button", name="Save").press("Enter")
    expect(lead.get_by_text("Saved for 1 person.")).to_be_visible()
    assert asked == ["beforeunload"], "saving is no loss"
    lead.get_by_label("Questions that Sam Rivera aims to answer").fill("-1")
    lead.get_by_role("button", name="Save").press("Enter")
    expect(lead.locator(".errorlist")).to_be_visible()
    elsewhere.press("Enter")
    expect(lead.get_by_role("heading", name="Runs", level=1)).to_be_visible()
    assert asked == ["beforeunload"] * 2, "what was refused is not saved either"
