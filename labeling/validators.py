"""Checks on single values, used by models, forms and services alike."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# "Single-line string pattern" of https://docs.aws.amazon.com/glue/latest/webapi/API_CreateMLTransform.html
_SINGLE_LINE = re.compile(r"[ -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff\t]*")
_MAX_BYTES = 255


def validate_glue_name(value: str) -> None:
    """A name that Glue takes: one line, up to 255 bytes in UTF-8, not blank."""
    if not value.strip():
        raise ValidationError(_("Enter a name."), code="blank")
    if len(value.encode("utf-8", "replace")) > _MAX_BYTES:
        raise ValidationError(_("The name is too long: Glue accepts up to 255 bytes."), code="too_long")
    if not _SINGLE_LINE.fullmatch(value):
        raise ValidationError(_("The name contains characters that Glue does not accept."), code="characters")
