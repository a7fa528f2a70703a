"""The parameters of a transform as Glue has them (TransformParameters)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FindMatchesSettings:
    """FindMatchesParameters; trade-offs lie in 0..1, 1.0 is precision (accuracy)."""

    primary_key: str
    precision_recall: float
    accuracy_cost: float
    enforce_provided_labels: bool

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any]) -> FindMatchesSettings:
        """Of TransformParameters; what was left out when the transform was made lies in the middle."""
        found = parameters.get("FindMatchesParameters", {})
        return cls(
            found.get("PrimaryKeyColumnName", ""),
            found.get("PrecisionRecallTradeoff", 0.5),
            found.get("AccuracyCostTradeoff", 0.5),
            found.get("EnforceProvidedLabels", False),
        )

    def as_parameters(self) -> dict[str, Any]:
        """TransformParameters."""
        return {
            "TransformType": "FIND_MATCHES",
            "FindMatchesParameters": {
                "PrimaryKeyColumnName": self.primary_key,
                "PrecisionRecallTradeoff": self.precision_recall,
                "AccuracyCostTradeoff": self.accuracy_cost,
                "EnforceProvidedLabels": self.enforce_provided_labels,
            },
        }
