"""Groupings of a question's rows: what people agree on, how far, and what cannot all be right. Standard library only."""

from __future__ import annotations

from partitions.agreement import PairAgreement, compare, reliability
from partitions.consensus import Consensus, Rule, Votes, find_consensus, pair_votes
from partitions.contradictions import Contradiction, Step, find_contradictions
from partitions.model import LABELS, UNSURE, Grouping, Verdict, labels_for
from partitions.sampling import Measure, Sampling

__all__ = [
    "LABELS",
    "UNSURE",
    "Consensus",
    "Contradiction",
    "Grouping",
    "Measure",
    "PairAgreement",
    "Rule",
    "Sampling",
    "Step",
    "Verdict",
    "Votes",
    "compare",
    "find_consensus",
    "find_contradictions",
    "labels_for",
    "pair_votes",
    "reliability",
]
