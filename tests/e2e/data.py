"""Questions on the screen without waiting for an engine to ask them: rows of the sample, as a generation run would have left them."""

from __future__ import annotations

import csv
from itertools import islice

from accounts.models import User
from labeling.models import Question, QuestionSet, Row, Transform
from tests.e2e.conftest import ROOT, Portal
from tests.labeling.builders import question_set

COLUMNS = ("id", "first_name", "surname", "dob", "city", "email", "source", "note")
LONG = (
    "Called in spring about the contract, asked for a copy of the bill; moved twice since, the post came back both times. "
    * 2
)


def people_transform(portal: Portal, *, questions: int = 3, rows: int = 10) -> tuple[Transform, list[Question]]:
    """A transform over people, with questions of so many rows. Two columns are equal on all rows, one holds long texts."""
    transform = Transform.objects.create(
        team=portal.team,
        name="People",
        thing="person",
        glue_transform_id="tfm-1",
        glue_status="NOT_READY",
        database_name="labelportal",
        table_name="people",
        primary_key="id",
        columns=[{"name": name, "data_type": "string"} for name in COLUMNS],
        created_by=portal.admin,
    )
    return transform, ask(transform, portal.lead, questions, rows)


def ask(transform: Transform, lead: User, questions: int, rows: int) -> list[Question]:
    """The questions, filled with people from the sample. They have no proposals: a worker makes some at a time that no test knows."""
    asked = question_set(transform, lead, [rows] * questions)
    QuestionSet.objects.filter(questions__in=asked).update(show_proposals=False)
    with (ROOT / "samples" / "people.csv").open(newline="") as file:
        people = csv.DictReader(file)
        for question in asked:
            for row, person in zip(question.rows.order_by("position"), islice(people, rows), strict=True):
                known = {**person, "source": "crm", "note": LONG if row.position % 3 == 0 else ""}
                row.key, row.values = person["id"], [known.get(name, "") for name in transform.column_names]
                row.save()
    assert Row.objects.filter(question__in=asked).count() == questions * rows
    return asked
