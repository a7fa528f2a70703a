"""What the charts draw: plain values for ``static/js/charts``. Each chart answers one question, and a table says the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from labeling.intervals import Estimate
from labeling.models import TaskRun
from labeling.selectors.quality import AgreementPoint, QualityPoint, ShadowPoint, columns_over_time
from labeling.templatetags.ui import number

Axis = Literal["dates", "labels"]
MAX_LINES = 6
"""So many lines can be told apart in one chart; the table has them all."""


@dataclass(frozen=True, slots=True)
class Chart:
    """``x`` are seconds since 1970 or numbers of labels, ascending; ``notes`` say of each point what stands under the chart,
    ``days`` when it was if that is not a moment."""

    name: str
    title: str
    axis: Axis
    x: list[float]
    series: list[dict[str, Any]]
    notes: list[str]
    days: list[str] = field(default_factory=list)

    def payload(self) -> dict[str, Any]:
        """As JSON for the page. ``places`` says numbers of labels and whole days as the tables do; moments are in the reader's zone, which the
        script knows."""
        return {
            "title": self.title,
            "axis": self.axis,
            "to": _("to"),
            "axis_label": "" if self.axis == "dates" else _("labels"),
            "x": self.x,
            "places": self.days if self.axis == "dates" else [_labels_words(round(labels)) for labels in self.x],
            "series": self.series,
            "notes": self.notes,
        }


def quality_charts(points: Sequence[QualityPoint], shadows: Sequence[ShadowPoint], axis: Axis) -> list[Chart]:
    """F1, precision and recall, AUPRC, columns. Against labels only estimates stand for which Glue said how many it held."""
    shown = sorted((point for point in points if axis == "dates" or point.labels is not None), key=_place(axis))
    x = [_place(axis)(point) for point in shown]
    notes = [point_words(point) for point in shown]
    columns = list(columns_over_time(shown).items())[:MAX_LINES]

    def chart(name: str, title: str, *series: dict[str, Any]) -> Chart:
        return Chart(name, title, axis, x, list(series), notes)

    return [
        _f1_chart(shown, shadows, axis),
        chart(
            "sides",
            _("Are its mistakes wrong matches or missed ones?"),
            _with_interval(_("Precision"), [point.precision for point in shown]),
            _with_interval(_("Recall"), [point.recall for point in shown]),
        ),
        chart(
            "auprc",
            _("How well does it tell matches from the rest, whatever the threshold?"),
            _line("AUPRC", [point.metrics.area_under_pr_curve for point in shown]),
        ),
        chart("columns", _("Which columns decide?"), *[_line(name, values) for name, values in columns]),
    ]


def _f1_chart(points: Sequence[QualityPoint], shadows: Sequence[ShadowPoint], axis: Axis) -> Chart:
    """Glue's estimates, and those of the embedded engine where their imports stand."""
    place = _place(axis)
    known = [shadow for shadow in shadows if axis == "dates" or shadow.labels is not None]
    both: list[QualityPoint | ShadowPoint] = sorted([*points, *known], key=place)
    glue = [point if isinstance(point, QualityPoint) else None for point in both]
    engine = [point if isinstance(point, ShadowPoint) else None for point in both]
    series = [
        _with_interval("F1", [point.f1 if point else None for point in glue]),
        _line(_("best F1 at any threshold"), [point.metrics.f1 if point else None for point in glue]),
    ]
    if known:
        series.append(
            _with_interval(_("F1, estimate by the embedded engine"), [point.f1 if point else None for point in engine])
        )
    notes = [point_words(point) if isinstance(point, QualityPoint) else import_words(point.run) for point in both]
    return Chart("f1", _("Do the matches get better?"), axis, [place(point) for point in both], series, notes)


def curve_chart(curve: Mapping[str, Any]) -> Chart:
    """``findmatches.LearningCurve``: what was measured with a part of the labels, and what the next questions would bring."""
    measured, ahead = curve["points"], curve["next_file"]
    now = curve["labeled_rows"]
    x = [float(point["labeled_rows"]) for point in measured]
    blank = [None] * len(measured)
    steps = [(now, 0.0, 0.0, 0.0), (now + ahead["rows"], ahead["gain"], ahead["gain_low"], ahead["gain_high"])]
    gains = [[min(ahead["f1_now"] + step[place], 1.0) for step in steps] for place in (1, 2, 3)]
    series = [
        {
            "label": _("best F1, measured with a part of the labels"),
            "values": [*(point["f1"] for point in measured), None, None],
            "low": [*(point["f1_low"] for point in measured), None, None],
            "high": [*(point["f1_high"] for point in measured), None, None],
        },
        {
            "label": _("best F1, expected"),
            "values": [*blank, *gains[0]],
            "low": [*blank, *gains[1]],
            "high": [*blank, *gains[2]],
        },
    ]
    notes = [*[_("Learned from a part of the sets, judged by the others")] * len(measured)]
    notes += [
        _("All labels so far"),
        _("After %(rows)s more labels, if the curve continues as before") % {"rows": f"{ahead['rows']:,}"},
    ]
    return Chart(
        "curve", _("Would more labels help?"), "labels", [*x, float(now), float(now + ahead["rows"])], series, notes
    )


def agreement_chart(points: Sequence[AgreementPoint], now: dt.datetime) -> Chart:
    """Alpha, each point at the middle of its days, of those that are not over yet no later than ``now``, in whose time zone the days are."""
    middles = [min(_middle(point, now.tzinfo), now.timestamp()) for point in points]
    alphas = {
        "label": _("Krippendorff’s alpha"),
        "values": [point.alpha.value for point in points],
        "low": [point.alpha.low for point in points],
        "high": [point.alpha.high for point in points],
    }
    notes = [
        ngettext("%(n)s question", "%(n)s questions", point.questions) % {"n": f"{point.questions:,}"}
        for point in points
    ]
    days = [f"{point.since}" if point.since == point.until else f"{point.since} – {point.until}" for point in points]
    return Chart("agreement", _("Do people agree?"), "dates", middles, [alphas], notes, days)


def point_words(point: QualityPoint) -> str:
    """What moved the point, and which labels it rests on."""
    moved = "; ".join(import_words(run) for run in point.imports) or _("No import since the previous estimate")
    if not point.run.content_hash:
        return moved
    return _("%(moved)s · labels %(hash)s") % {"moved": moved, "hash": point.run.content_hash[:8]}


def import_words(run: TaskRun) -> str:
    """``Import 7f3a21bc by Lea Brandt: 94 labels added``; one that the schedule started is by itself."""
    if run.requested_by:
        who = run.requested_by.display_name
    else:
        who = _("someone outside the portal") if run.foreign else _("the schedule")
    rows = run.label_file.rows if run.label_file else None
    if run.replace_all_labels:
        what = (
            _("all labels replaced") if rows is None else _("all labels replaced with %(rows)s") % {"rows": f"{rows:,}"}
        )
    else:
        what = _("labels added") if rows is None else _("%(rows)s labels added") % {"rows": f"{rows:,}"}
    return _("Import %(run)s by %(who)s: %(what)s") % {"run": run.short_id, "who": who, "what": what}


def _labels_words(labels: int) -> str:
    return ngettext("%(n)s label", "%(n)s labels", labels) % {"n": number(labels)}


def _line(label: str, values: Sequence[float | None]) -> dict[str, Any]:
    return {"label": label, "values": list(values)}


def _with_interval(label: str, estimates: Sequence[Estimate | None]) -> dict[str, Any]:
    return {
        "label": label,
        "values": [estimate and estimate.value for estimate in estimates],
        "low": [estimate and estimate.low for estimate in estimates],
        "high": [estimate and estimate.high for estimate in estimates],
    }


def _place(axis: Axis) -> Callable[[QualityPoint | ShadowPoint], float]:
    """Where a point stands: seconds since 1970, or the number of labels."""
    if axis == "dates":
        return lambda point: point.at.timestamp()
    return lambda point: float(point.labels or 0)


def _middle(point: AgreementPoint, zone: dt.tzinfo | None) -> float:
    noon = dt.time(12)
    ends = [dt.datetime.combine(day, noon, zone).timestamp() for day in (point.since, point.until)]
    return sum(ends) / 2
