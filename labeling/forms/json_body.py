"""A JSON object that the workbench sent. What is not one is the error that the caller names."""

from __future__ import annotations

import json
from typing import TypeVar

from django.utils.translation import gettext as _

from labeling.exceptions import LabelportalError

Error = TypeVar("Error", bound=LabelportalError)


def json_object(body: bytes, error: type[LabelportalError]) -> dict[str, object]:
    """The object."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as cause:
        raise malformed(error) from cause
    if not isinstance(data, dict):
        raise malformed(error)
    return data


def malformed(error: type[Error]) -> Error:
    """The error, in words."""
    return error(_("The browser sent something the portal does not understand. Reload the page."))
