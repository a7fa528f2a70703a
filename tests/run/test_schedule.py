"""What beat sends is taken by somebody."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from labelportal.run.config import ROOT

NAMES = "from django.conf import settings; print(*settings.CELERY_BEAT_SCHEDULE)"


@pytest.mark.parametrize(
    ("env", "swept"),
    [
        ({"AWS_ENDPOINT_URL_GLUE": "http://glue:8010"}, True),
        ({"AWS_ENDPOINT_URL_GLUE": "http://elsewhere:8010", "LOCALGLUE_HERE": "false"}, False),
        ({"AWS_ENDPOINT_URL_GLUE": ""}, False),
        ({"AWS_ENDPOINT_URL_GLUE": "", "LOCALGLUE_ALONE": "true"}, True),
    ],
    ids=["embedded", "of another installation", "AWS", "alone"],
)
def test_the_queue_of_the_engine_is_swept_only_where_an_engine_works(env: dict[str, str], swept: bool) -> None:
    """In front of AWS nobody takes the ticks, and Redis, which must not forget, would fill with them."""
    inherited = {name: value for name, value in os.environ.items() if name != "LOCALGLUE_HERE"}
    done = subprocess.run(
        [sys.executable, "-c", NAMES], env={**inherited, **env}, cwd=ROOT, check=True, capture_output=True, text=True
    )
    names = done.stdout.split()
    assert ("sweep-glue-runs" in names) == swept
    assert ("sync-task-runs" in names) == ("LOCALGLUE_ALONE" not in env)
