"""Guessing passwords is slowed down, and nobody pays for it but who guesses."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts import brake
from accounts.links import make_link
from accounts.models import AttemptCount, User
from accounts.services import create_person
from labeling.services.retention import prune_messages
from tests.accounts.conftest import Waiting

PASSWORD = "correct horse battery"
REFUSED = "Too many failed attempts. Try again in 15 min."
OFFICE, HOME = "203.0.113.7", "198.51.100.20"

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam(settings: Settings) -> User:
    create_person(username="lea", password=PASSWORD)
    return create_person(username="sam", password=PASSWORD, email="sam@example.org")


def sign_in(name: str, password: str = PASSWORD, address: str = OFFICE, **headers: str) -> str:
    """ "in", or what the page says."""
    browser = Client(REMOTE_ADDR=address, headers=headers)
    answer = browser.post(reverse("accounts:login"), {"username": name, "password": password})
    if answer.status_code == 302:
        return "in"
    (error,) = answer.context["form"].non_field_errors()
    assert str(error) in answer.content.decode()
    return str(error)


def guess(name: str, times: int = brake.PER_NAME_AND_ADDRESS, **options: str) -> None:
    for number in range(times):
        assert "password is wrong" in sign_in(name, f"wrong {number}", **options)


def test_the_right_password_after_many_wrong_ones_is_refused_for_a_while(sam: User) -> None:
    guess("sam")
    assert sign_in("sam") == REFUSED
    soon = timezone.now() + timedelta(seconds=50)
    AttemptCount.objects.filter(refused_until__isnull=False).update(refused_until=soon)
    assert "Try again in 1 min." in sign_in("sam")
    AttemptCount.objects.filter(refused_until__isnull=False).update(refused_until=timezone.now())
    assert sign_in("sam") == "in"


def test_nobody_else_in_the_office_is_kept_out_nor_the_person_at_home(sam: User) -> None:
    guess("sam")
    for _again in range(20):
        assert sign_in("sam", "wrong") == REFUSED
    assert sign_in("lea") == "in"
    assert sign_in("sam", address=HOME) == "in"
    assert sign_in("sam") == REFUSED, "signing in at home is no way to go on guessing in the office"


def test_a_few_mistakes_do_no_harm(sam: User) -> None:
    for _day in range(3):
        guess("sam", brake.PER_NAME_AND_ADDRESS - 1)
        assert sign_in("sam") == "in"


def test_mistakes_of_long_ago_do_not_count(sam: User) -> None:
    guess("sam", brake.PER_NAME_AND_ADDRESS - 1)
    AttemptCount.objects.update(since=timezone.now() - brake.WINDOW)
    guess("sam", brake.PER_NAME_AND_ADDRESS - 1)
    assert sign_in("sam") == "in"


def test_a_refusal_does_not_tell_who_exists(sam: User) -> None:
    guess("nobody")
    assert sign_in("nobody") == REFUSED
    guess("SAM")
    assert sign_in("sam") == REFUSED, "capitals are no way around"


def test_guessing_from_many_addresses_is_refused_everywhere(sam: User) -> None:
    for number in range(brake.PER_NAME):
        brake.begin(name="sam", address=f"192.0.2.{number}")
    assert sign_in("sam", address=HOME) == REFUSED
    assert sign_in("lea", address=HOME) == "in"


def test_guessing_at_many_names_from_one_address_is_refused_there(sam: User) -> None:
    for number in range(brake.PER_ADDRESS):
        brake.begin(name=f"person {number}", address=OFFICE)
    assert sign_in("sam") == REFUSED
    assert sign_in("sam", address=HOME) == "in"


def test_signing_in_between_guesses_at_others_is_no_way_around(sam: User) -> None:
    for number in range(1, brake.PER_ADDRESS):
        brake.begin(name=f"person {number}", address=OFFICE)
    assert sign_in("sam") == "in"
    brake.begin(name="one more", address=OFFICE)
    assert sign_in("sam") == REFUSED


def test_whoever_chooses_a_new_password_may_use_it_at_once(sam: User) -> None:
    guess("sam")
    browser = Client()
    form = browser.get(make_link(user=sam), follow=True)
    new = "a horse of another colour"
    browser.post(form.redirect_chain[-1][0], {"new_password1": new, "new_password2": new})
    assert sign_in("sam", new) == "in"


def test_the_log_says_who_and_whence_but_not_what_was_typed(sam: User, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="accounts"):
        guess("sam")
        sign_in("sam", "s3cret horse")
        guess("my password in the wrong field", 1)
    assert caplog.messages[0] == f"sign-in as {sam.pk} from {OFFICE} failed"
    assert caplog.messages[-2] == f"sign-in as {sam.pk} from {OFFICE} refused: too many failures"
    assert caplog.messages[-1] == f"sign-in as nobody here from {OFFICE} failed"
    kept = caplog.text + str(list(AttemptCount.objects.values()))
    for typed in ("wrong 0", "s3cret", "my password"):
        assert typed not in kept


def test_behind_a_proxy_the_last_address_that_it_names_counts(sam: User, settings: Settings) -> None:
    settings.PROXIES = 1
    guess("sam", 3, address="10.0.0.1", x_forwarded_for=f"1.1.1.1, {OFFICE}")
    guess("sam", 2, address="10.0.0.1", x_forwarded_for=f"2.2.2.2, {OFFICE}")
    assert sign_in("sam", address="10.0.0.1", x_forwarded_for=OFFICE) == REFUSED, (
        "what people send themselves is no way around"
    )
    assert sign_in("sam", address="10.0.0.1", x_forwarded_for=HOME) == "in"


@pytest.mark.parametrize(
    ("proxies", "remote", "forwarded", "expected"),
    [
        (0, OFFICE, HOME, OFFICE),
        (1, "10.0.0.1", f"1.1.1.1, {OFFICE}", OFFICE),
        (2, "10.0.0.1", f"1.1.1.1, {OFFICE}, 10.0.0.2", OFFICE),
        (2, "10.0.0.1", OFFICE, brake.UNKNOWN),
        (1, "10.0.0.1", "", brake.UNKNOWN),
        (1, "10.0.0.1", "no address", brake.UNKNOWN),
        (0, "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        (0, f"::ffff:{OFFICE}", "", OFFICE),
        (0, "fe80::1%eth0", "", "fe80::/64"),
        (0, "", "", brake.UNKNOWN),
    ],
)
def test_where_a_request_comes_from(
    settings: Settings, proxies: int, remote: str, forwarded: str, expected: str
) -> None:
    settings.PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR=remote, headers={"x-forwarded-for": forwarded})
    assert brake.client_address(request) == expected


def test_a_proxy_that_names_nobody_does_not_keep_everybody_out(sam: User, settings: Settings) -> None:
    settings.PROXIES = 1
    for number in range(brake.PER_ADDRESS):
        brake.begin(name=f"person {number}", address=brake.UNKNOWN)
    assert sign_in("sam") == "in"


def test_nobodys_mailbox_is_filled_with_links(sam: User, waiting: Waiting) -> None:
    for _again in range(brake.PER_NAME_AND_ADDRESS + 3):
        answer = Client().post(reverse("accounts:password-forgotten"), {"email": "sam@example.org"}, follow=True)
        assert b"is on its way" in answer.content
    assert waiting() == [{"email": "sam@example.org"}] * brake.PER_NAME_AND_ADDRESS
    assert sign_in("sam") == "in"


def test_counts_are_forgotten_at_night(db: None) -> None:
    brake.begin(name="sam", address=OFFICE)
    prune_messages()
    assert AttemptCount.objects.count() == 3
    AttemptCount.objects.update(since=timezone.now() - timedelta(days=2))
    prune_messages()
    assert not AttemptCount.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_guesses_at_the_same_time_are_no_way_around() -> None:
    let_through: list[brake.Attempt] = []

    def attempt() -> None:
        try:
            let_through.append(brake.begin(name="sam", address=OFFICE))
        except brake.TooManyAttemptsError:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt) for _ in range(3 * brake.PER_NAME_AND_ADDRESS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(let_through) == brake.PER_NAME_AND_ADDRESS
