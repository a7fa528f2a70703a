"""Groupings of a question's rows: what people agree on, how far, and what cannot all be right. Standard library only."""

from __future__ import annotations

from partitions.agreement import (
    PairAgreement,
    adjusted_rand,
    alpha_nominal,
    compare,
    pairwise_f1,
    reliability,
)
from partitions.consensus import Consensus, Rule, Votes, find_consensus, pair_votes
from partitions.contradictions import AnswerGraph, Contradiction, Step, suspects
from partitions.model import LABELS, UNSURE, Grouping, Verdict, labels_for
from partitions.sampling import Measure, Sampling

__all__ = [
    "LABELS",
    "UNSURE",
    "AnswerGraph",
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
    "adjusted_rand",
    "alpha_nominal",
    "compare",
    "find_consensus",
    "labels_for",
    "pair_votes",
    "pairwise_f1",
    "reliability",
    "suspects",
]
