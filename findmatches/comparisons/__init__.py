"""Pairs of rows to numbers: how alike they are, column by column and as a whole."""

from __future__ import annotations

from findmatches.comparisons.compare import Comparer, Schema, describe
from findmatches.comparisons.setup import Setup

__all__ = ["Comparer", "Schema", "Setup", "describe"]
