"""What an evaluation measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Metrics:
    """FindMatchesMetrics, the quality estimate that an EVALUATION run brought; all shares lie in 0..1.

    ``f1`` is what Glue calls so: the highest F1 over all thresholds, shown as "best F1". Precision, recall and the matrix are those of the
    trade-off, and so is ``f1_at_trade_off``, the headline figure. ``column_importances`` are (column, importance), most important first.
    """

    precision: float
    recall: float
    f1: float
    area_under_pr_curve: float
    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int
    column_importances: tuple[tuple[str, float], ...]

    @property
    def f1_at_trade_off(self) -> float:
        """The harmonic mean of precision and recall; 0 where both are."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> Self:
        """From the JSON of a run: ``dataclasses.asdict`` as it comes back from the database."""
        importances = tuple((column, importance) for column, importance in stored["column_importances"])
        return cls(**{**stored, "column_importances": importances})
