from django.db import migrations
from django.db.models import F

from labeling.services.row_order import reading_order

_OUT_OF_THE_WAY = 10_000


def arrange(apps, schema_editor):
    """The order that the workbench used to work out in the browser, for the questions that are there."""
    of_questions = apps.get_model("labeling", "Question").objects.select_related("question_set__transform")
    of_rows = apps.get_model("labeling", "Row").objects
    for question in of_questions.order_by("pk").iterator(chunk_size=500):
        transform = question.question_set.transform
        names = [column["name"] for column in transform.columns]
        rows = list(of_rows.filter(question=question).order_by("position"))
        key = names.index(transform.primary_key) if transform.primary_key in names else -1
        order = reading_order([row.values for row in rows], key=key)
        if order == list(range(len(rows))):
            continue
        # A position stands once in a question: first all go, then all come.
        of_rows.filter(question=question).update(position=F("position") + _OUT_OF_THE_WAY)
        for position, place in enumerate(order, start=1):
            rows[place].position = position
        of_rows.bulk_update(rows, ["position"])


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0022_left_out_sets"),
    ]

    operations = [
        migrations.RunPython(arrange, migrations.RunPython.noop, elidable=True),
    ]
