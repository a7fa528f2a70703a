from collections import defaultdict

from django.db import migrations, models
from django.db.models import Count, Q

_UNSURE = "?"
# What is white space depends on the database and its locale: what may be blank is looked at here.
_MAY_BE_BLANK = "^[^0-9A-Za-z]*$"
_MAX_SET_ROWS = 50


def mark(apps, schema_editor):
    """Of the results that are there, those with which Glue would refuse a label file: of few questions need the rows be looked at."""
    questions = apps.get_model("labeling", "Question").objects.filter(result__isnull=False, sure_rows__gte=2).order_by()
    rows = apps.get_model("labeling", "Row").objects.order_by()
    blank = rows.filter(key__regex=_MAY_BE_BLANK, question__result__isnull=False).values_list("question", flat=True)
    same = rows.filter(question__result__isnull=False).values_list("question", "key")
    repeated = same.annotate(times=Count("pk")).filter(times__gt=1)
    doubtful = list({*blank.distinct(), *(question for question, _key, _times in repeated)})
    wrong = questions.filter(Q(labeling_set_id__regex=_MAY_BE_BLANK) | Q(sure_rows__gt=_MAX_SET_ROWS))
    refused = {
        pk
        for pk, set_id, sure in wrong.values_list("pk", "labeling_set_id", "sure_rows")
        if not set_id.strip() or sure > _MAX_SET_ROWS
    }
    for start in range(0, len(doubtful), 500):
        some = doubtful[start : start + 500]
        results = dict(questions.filter(pk__in=some).values_list("pk", "result"))
        labels = defaultdict(lambda: defaultdict(set))
        for pk, question, key in rows.filter(question__in=some).values_list("pk", "question", "key"):
            label = results.get(question, {}).get(str(pk), _UNSURE)
            if label != _UNSURE:
                labels[question][key].add(label)
        refused.update(
            question
            for question, by_key in labels.items()
            if any(not key.strip() or len(given) > 1 for key, given in by_key.items())
        )
    ids = list(refused)
    for start in range(0, len(ids), 500):
        questions.filter(pk__in=ids[start : start + 500]).update(refused=True)


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0029_last_message"),
    ]

    operations = [
        migrations.AddField(
            model_name="question",
            name="refused",
            field=models.BooleanField(default=False),
        ),
        migrations.RunPython(mark, migrations.RunPython.noop, elidable=True),
    ]
