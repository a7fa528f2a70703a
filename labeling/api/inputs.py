"""What programs send."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from django.core.exceptions import ValidationError
from ninja import Schema
from pydantic import ConfigDict, Field, field_validator

from labeling.choices import RunKind
from labeling.validators import validate_glue_name

_ONE_LINE = r"^[^\x00-\x1f]*$"


class TransformIn(Schema):
    """A transform to make, over a file that comes along or over a ``table`` of a ``database`` in Glue's catalog."""

    name: str = Field(min_length=1, max_length=255)
    primary_key: str = Field(min_length=1)
    thing: str = Field(default="thing", max_length=60, pattern=r"^[^\x00]*$")
    precision_recall_trade_off: float = Field(default=0.5, ge=0, le=1)
    accuracy_cost_trade_off: float = Field(default=0.5, ge=0, le=1)
    enforce_provided_labels: bool = False
    database: str = Field(default="", max_length=255, pattern=_ONE_LINE)
    table: str = Field(default="", max_length=255, pattern=_ONE_LINE)

    @field_validator("name")
    @classmethod
    def check_name(cls, name: str) -> str:
        """The rules of the form, before anything is made of the file: Glue would refuse the transform when its table is there already."""
        name = name.strip()
        try:
            validate_glue_name(name)
        except ValidationError as error:
            raise ValueError(" ".join(error.messages)) from error
        return name


class AdoptIn(Schema):
    """A transform that Glue has already, made in the console or by a program, and what one of its rows is."""

    model_config = ConfigDict(extra="forbid")

    glue_transform_id: str = Field(min_length=1, max_length=255)
    thing: str = Field(default="thing", max_length=60, pattern=r"^[^\x00]*$")


class RunIn(Schema):
    """A run to start. An import adds all answers that wait, or those of a ``label_file`` that was uploaded; ``then`` is what follows it."""

    model_config = ConfigDict(extra="forbid")

    kind: RunKind
    label_file: UUID | None = None
    then: list[Literal["EVALUATION", "LABELING_SET_GENERATION"]] = Field(default=[], max_length=2)
