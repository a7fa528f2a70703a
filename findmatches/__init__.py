"""FindMatches on one machine: learn from labels which rows of a table are one thing. This module is the façade.

Files in, files out: ``python -m findmatches --help``. How it works: ``docs/engine.md``.
"""

from __future__ import annotations

from findmatches.curve import CurvePoint, LearningCurve, NextFile, learning_curve
from findmatches.doubts import Doubt
from findmatches.engine import ask, train
from findmatches.errors import FindMatchesError
from findmatches.evaluate import ConfusionMatrix, JudgedPair, Judgement, Metrics, evaluate, judge
from findmatches.explain import Contribution, Explanation, explain
from findmatches.incremental import match_incremental
from findmatches.labels import Contradiction, can_train
from findmatches.model import Model
from findmatches.proposals import Proposal, propose
from findmatches.reading import read_records
from findmatches.schema import Records
from findmatches.version import VERSION

__all__ = [
    "VERSION",
    "ConfusionMatrix",
    "Contradiction",
    "Contribution",
    "CurvePoint",
    "Doubt",
    "Explanation",
    "FindMatchesError",
    "JudgedPair",
    "Judgement",
    "LearningCurve",
    "Metrics",
    "Model",
    "NextFile",
    "Proposal",
    "Records",
    "ask",
    "can_train",
    "evaluate",
    "explain",
    "judge",
    "learning_curve",
    "match_incremental",
    "propose",
    "read_records",
    "train",
]
