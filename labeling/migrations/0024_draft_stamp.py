from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0023_rows_in_reading_order"),
    ]

    operations = [
        migrations.AddField(
            model_name="answer",
            name="draft_stamp",
            field=models.BigIntegerField(default=0),
        ),
    ]
