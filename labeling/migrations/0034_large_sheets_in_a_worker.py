from django.db import migrations, models


def mark(apps, schema_editor):
    """Files that wait to be read go on waiting."""
    uploads = apps.get_model("labeling", "SheetUpload").objects
    uploads.filter(read_at__isnull=True).update(waiting=True)


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0033_assumed_encoding"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="sheetupload",
            name="labeling_sheets_unread",
        ),
        migrations.AddField(
            model_name="sheetupload",
            name="waiting",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="sheetupload",
            name="plan",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="sheetupload",
            name="wanted",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.RunPython(mark, migrations.RunPython.noop, elidable=True),
        migrations.AddIndex(
            model_name="sheetupload",
            index=models.Index(
                condition=models.Q(("waiting", True)), fields=["created_at"], name="labeling_sheets_waiting"
            ),
        ),
    ]
