from __future__ import annotations

from collections.abc import Iterator

import pytest

from accounts.models import User
from labeling.aws import clients, console, glue
from labeling.choices import RunProblem
from labeling.exceptions import GlueError
from labeling.services.direct_uploads import offer_upload


@pytest.fixture
def new_clients() -> Iterator[None]:
    """As in a process that has just started; the tests after this one get theirs anew."""
    made = (clients._glue, clients._s3, clients._s3_for_browsers)
    for make in made:
        make.cache_clear()
    yield
    for make in made:
        make.cache_clear()


def test_credentials_that_come_later_are_found_without_a_restart(
    new_clients: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            without.delenv(name)
        for ask in (glue.region, lambda: offer_upload(user=User(), endings=["csv"], max_bytes=1)):
            with pytest.raises(GlueError) as error:
                ask()
            assert error.value.problem == RunProblem.CREDENTIALS
        without.delenv("AWS_ENDPOINT_URL_GLUE")
        assert console.log_url(log_group="/aws-glue", run_id="tsk-1") == ""
    assert glue.region() == "us-east-1"
    assert offer_upload(user=User(), endings=["csv"], max_bytes=1).posts["csv"]["fields"]["x-amz-signature"]
