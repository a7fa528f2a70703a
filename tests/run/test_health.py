"""/health is answered to whoever asks, and tells the truth about the database."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from pytest_django import DjangoDbBlocker, Settings


@pytest.mark.django_db
def test_health_asks_for_no_host_no_tls_and_no_person(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["portal.example.com"]
    settings.SECURE_SSL_REDIRECT = True
    response = Client().get("/health", headers={"host": "10.1.2.3"})
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "Set-Cookie" not in response.headers


@pytest.mark.django_db
def test_a_database_that_does_not_answer_is_not_health() -> None:
    def refuse(execute: object, sql: str, params: object, many: bool, context: object) -> None:
        raise DatabaseError("gone")

    with connection.execute_wrapper(refuse):
        response = Client().get("/health")
    assert (response.status_code, response.json()) == (503, {"status": "no database"})


def test_other_methods_are_not_health(django_db_blocker: DjangoDbBlocker) -> None:
    with django_db_blocker.unblock():
        assert Client().post("/health").status_code in {302, 404}
