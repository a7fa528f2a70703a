"""What ``manage.py check`` says about an installation's settings."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from labeling.aws.clients import CONNECT_SECONDS, READ_SECONDS

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")
_MARGIN = 10


@register()
def check_settings(**_kwargs: Any) -> list[CheckMessage]:
    """Bucket and role are well formed, and no claim runs out while an answer from Glue may still come."""
    found: list[CheckMessage] = []
    if not _BUCKET.fullmatch(settings.BUCKET):
        found.append(Error("LABELPORTAL_BUCKET is not the name of an S3 bucket.", id="labeling.E001"))
    if not _ROLE.fullmatch(settings.GLUE_ROLE):
        found.append(Error("LABELPORTAL_GLUE_ROLE is not the ARN of a role.", id="labeling.E002"))
    least = CONNECT_SECONDS + READ_SECONDS + _MARGIN
    if least > settings.TASK_RUN_CLAIM_SECONDS:
        found.append(
            Error(
                f"TASK_RUN_CLAIM_SECONDS must be at least {least}.",
                hint="A run that is still being started would be started by a second worker.",
                id="labeling.E003",
            )
        )
    return found
