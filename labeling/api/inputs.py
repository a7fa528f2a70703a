"""What programs send."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from ninja import Schema
from pydantic import ConfigDict, Field

from labeling.choices import RunKind


class TransformIn(Schema):
    """A transform to make, over a file that comes along or over a ``table`` of a ``database`` in Glue's catalog."""

    name: str = Field(min_length=1, max_length=255)
    primary_key: str = Field(min_length=1)
    thing: str = Field(default="thing", max_length=60)
    precision_recall_trade_off: float = Field(default=0.5, ge=0, le=1)
    accuracy_cost_trade_off: float = Field(default=0.5, ge=0, le=1)
    enforce_provided_labels: bool = False
    database: str = ""
    table: str = ""


class RunIn(Schema):
    """A run to start. An import adds all answers that wait, or those of a ``label_file`` that was uploaded; ``then`` is what follows it."""

    model_config = ConfigDict(extra="forbid")

    kind: RunKind
    label_file: UUID | None = None
    then: list[Literal["EVALUATION", "LABELING_SET_GENERATION"]] = Field(default=[], max_length=2)
