from django.db import migrations, models

_UNSURE = "?"


def count(apps, schema_editor):
    """Of the results that are there."""
    questions = apps.get_model("labeling", "Question").objects
    settled = questions.filter(result__isnull=False).only("result").order_by("pk")
    found = []
    for question in settled.iterator(chunk_size=500):
        question.sure_rows = sum(label != _UNSURE for label in question.result.values())
        found.append(question)
    questions.bulk_update(found, ["sure_rows"], batch_size=500)


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0027_persistent_ids"),
    ]

    operations = [
        migrations.AddField(
            model_name="question",
            name="sure_rows",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.RunPython(count, migrations.RunPython.noop, elidable=True),
    ]
