from django.db import migrations, models
from django.db.models import F


def mark(apps, schema_editor):
    """Until now every file was read when it came."""
    uploads = apps.get_model("labeling", "SheetUpload").objects
    uploads.filter(read_at__isnull=True).update(read_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0031_one_search_at_a_time"),
    ]

    operations = [
        migrations.AddField(
            model_name="sheetupload",
            name="attempts",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="sheetupload",
            name="claimed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="sheetupload",
            name="read_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="sheetupload",
            name="labels",
            field=models.JSONField(default=list),
        ),
        migrations.AlterField(
            model_name="sheetupload",
            name="problems",
            field=models.JSONField(default=list),
        ),
        migrations.RunPython(mark, migrations.RunPython.noop, elidable=True),
        migrations.AddIndex(
            model_name="sheetupload",
            index=models.Index(
                condition=models.Q(("read_at__isnull", True)), fields=["created_at"], name="labeling_sheets_unread"
            ),
        ),
    ]
