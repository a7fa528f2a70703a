"""FindMatches on Apache Spark: the same model, the same result, and nothing that must fit into one machine.

Needs PySpark (``requirements-spark.txt``) and Java 17, and ``findmatches`` with what it needs on every executor. How it works: ``docs/engine.md``.
"""

from __future__ import annotations

from findmatches.spark.match import match

__all__ = ["match"]
