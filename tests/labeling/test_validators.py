from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from labeling.validators import validate_glue_name


@pytest.mark.parametrize("name", ["People", "Müller & Söhne", "客户 2026", "tab\tinside", "😀", "x" * 255])
def test_names_that_glue_takes(name: str) -> None:
    validate_glue_name(name)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "blank"),
        ("   ", "blank"),
        ("two\nlines", "characters"),
        ("bell\a", "characters"),
        ("x" * 256, "too_long"),
        ("ü" * 128, "too_long"),
        ("\ufffe", "characters"),
    ],
)
def test_names_that_glue_refuses(name: str, code: str) -> None:
    with pytest.raises(ValidationError) as error:
        validate_glue_name(name)
    assert error.value.code == code
