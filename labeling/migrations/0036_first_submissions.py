from itertools import groupby

from django.db import migrations, models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

_STANDING = ("submitted", "corrected", "adjudicated")
_UNSURE = "?"


def first_submissions(apps, schema_editor):
    """From the history, where versions begin anew when an answer to a control question is withdrawn; if it is older than that, the time that is known."""
    changes = apps.get_model("labeling", "AnswerChange").objects.filter(answer=OuterRef("pk"), action__in=_STANDING)
    first = changes.filter(version=1).order_by("-at", "-pk").values("at")[:1]
    known = changes.order_by("at", "pk").values("at")[:1]
    given = apps.get_model("labeling", "Answer").objects.filter(Q(version__gt=0) | Q(status="submitted"))
    given.update(first_submitted_at=Coalesce(Subquery(first), Subquery(known), F("submitted_at")))


def corrections(apps, schema_editor):
    """Of the answers that were submitted more than once those of which the groups changed."""
    changes = apps.get_model("labeling", "AnswerChange").objects.filter(
        action__in=_STANDING, answer__version__gt=1, at__gte=F("answer__first_submitted_at")
    )
    ordered = changes.order_by("answer", "at", "pk").values_list("answer", "after")
    found = [
        answer
        for answer, said in groupby(ordered.iterator(chunk_size=2000), key=lambda change: change[0])
        if len({_groups(after) for _answer, after in said}) > 1
    ]
    answers = apps.get_model("labeling", "Answer").objects
    for start in range(0, len(found), 500):
        answers.filter(pk__in=found[start : start + 500]).update(corrected=True)


def _groups(labels):
    rows = {}
    for row, label in labels.items():
        rows.setdefault(label, []).append(row)
    unsure = frozenset(rows.pop(_UNSURE, ()))
    return frozenset(map(frozenset, rows.values())), unsure


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0035_orders_of_their_own"),
    ]

    operations = [
        migrations.AddField(
            model_name="answer",
            name="first_submitted_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="answer",
            name="corrected",
            field=models.BooleanField(default=False),
        ),
        migrations.RunPython(first_submissions, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(corrections, migrations.RunPython.noop, elidable=True),
    ]
