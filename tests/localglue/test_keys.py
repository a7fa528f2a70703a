"""Access keys over the wire."""

from __future__ import annotations

from io import StringIO

import pytest
from botocore.exceptions import ClientError
from django.core.management import CommandError, call_command

from localglue.models import AccessKey
from tests.localglue.conftest import GlueClient, client


def run(*arguments: str) -> dict[str, str]:
    """The command's ``name=value`` lines."""
    out = StringIO()
    call_command("glue_keys", *arguments, stdout=out)
    return dict(line.split("=", 1) for line in out.getvalue().splitlines() if "=" in line)


def made(*arguments: str) -> GlueClient:
    """A client with a new key."""
    key = run("create", *arguments)
    return client(aws_access_key_id=key["AWS_ACCESS_KEY_ID"], aws_secret_access_key=key["AWS_SECRET_ACCESS_KEY"])


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_key_comes_in_until_it_is_revoked(glue: GlueClient) -> None:
    other = made("ci")
    other.create_database(DatabaseInput={"Name": "lab"})
    assert [row["Name"] for row in glue.get_databases()["DatabaseList"]] == ["lab"]
    call_command("glue_keys", "revoke", "ci", stdout=StringIO())
    with pytest.raises(ClientError) as error:
        other.get_databases()
    assert code_of(error) == "UnrecognizedClientException"


def test_a_key_that_may_only_read_reads(glue: GlueClient) -> None:
    reader = made("dashboard", "--read-only")
    assert reader.get_databases()["DatabaseList"] == []
    with pytest.raises(ClientError) as error:
        reader.create_database(DatabaseInput={"Name": "lab"})
    assert code_of(error) == "AccessDeniedException"
    assert glue.get_databases()["DatabaseList"] == []


def test_keys_are_listed_without_their_secrets(glue: GlueClient) -> None:
    made("ci")
    out = StringIO()
    call_command("glue_keys", "list", stdout=out)
    key = AccessKey.objects.get()
    assert "ci" in out.getvalue()
    assert key.key_id in out.getvalue()
    assert key.secret not in out.getvalue()


def test_names_are_given_once_and_unknown_ones_are_errors(glue: GlueClient) -> None:
    made("ci")
    with pytest.raises(CommandError, match="already a key named ci"):
        run("create", "ci")
    with pytest.raises(CommandError, match="no key named nobody"):
        run("revoke", "nobody")


def test_without_a_key_pair_of_the_installation_nobody_comes_in(
    glue: GlueClient, settings: pytest.FixtureRequest
) -> None:
    settings.LOCALGLUE_KEY_ID = settings.LOCALGLUE_SECRET = ""  # type: ignore[attr-defined]
    with pytest.raises(ClientError) as error:
        glue.get_databases()
    assert code_of(error) == "UnrecognizedClientException"
