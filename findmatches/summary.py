"""What a command has done, in a line or a few, for whoever typed it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from findmatches.curve import LearningCurve
from findmatches.evaluate import Metrics
from findmatches.labels import count_pairs, valid_sets
from findmatches.model import RESULT_COLUMNS
from labelfiles import LabelFile, counted

if TYPE_CHECKING:
    import pyarrow as pa

# Columns that are named as the most telling ones.
_COLUMNS = 5


def of_questions(questions: LabelFile) -> str:
    """Such as ``10 questions about 100 rows. Next: answer them …``."""
    count = counted(len(questions.by_set()), "question")
    return f"{count} about {counted(len(questions.rows), 'row')}. Next: answer them (python -m findmatches label, or the column label), then train."


def of_labels(labels: Sequence[LabelFile], primary_key: str) -> str:
    """What a model was learnt from."""
    sets = valid_sets(labels)
    labelled = [sum(bool(row.label.strip()) for row in rows) for _, rows in sets.values()]
    rows, taught = sum(labelled), sum(map(bool, labelled))
    same, apart = count_pairs(labels, primary_key)
    return (
        f"learnt from {counted(rows, 'labelled row')} in {counted(taught, 'set')}: "
        f"{counted(same, 'matching pair')}, {counted(apart, 'other')}."
    )


def of_matches(matched: pa.Table) -> str:
    """How the rows of a result fall into groups."""
    import pyarrow.compute as pc  # here and not above: importing findmatches must stay quick

    sizes = pc.value_counts(matched.column(RESULT_COLUMNS[0])).field("counts")
    several = sizes.filter(pc.greater(sizes, 1))
    text = f"{counted(matched.num_rows, 'row')}, {counted(len(sizes), 'thing')}"
    if not len(several):
        return f"{text}: no two rows are the same."
    return f"{text}: {pc.sum(several).as_py():,} rows in {counted(len(several), 'group')} of 2 to {pc.max(several).as_py():,}."


def of_quality(metrics: Metrics, curve: LearningCurve | None) -> str:
    """The estimate, a figure a line."""
    matrix = metrics.confusion_matrix
    called, matching = (matrix.true_positives + other for other in (matrix.false_positives, matrix.false_negatives))
    lines = [
        f"precision  {metrics.precision:.3f}   {matrix.false_positives:,} of {counted(called, 'pair')} called a match are none",
        f"recall     {metrics.recall:.3f}   {matrix.false_negatives:,} of {counted(matching, 'matching pair')} were missed",
        f"best F1    {metrics.f1:.3f}   over all thresholds; area under the precision-recall curve {metrics.area_under_pr_curve:.3f}",
    ]
    if curve is not None:
        gain = curve.next_file
        lines.append(
            f"The next {gain.rows} labelled rows are likely to raise F1 by {gain.gain:.3f} ({gain.gain_low:.3f} to {gain.gain_high:.3f})."
        )
    told = ", ".join(f"{column} {share:.0%}" for column, share in metrics.column_importances[:_COLUMNS])
    return "\n".join([*lines, f"Columns that tell most: {told}."])
