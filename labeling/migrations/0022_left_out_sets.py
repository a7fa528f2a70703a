from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0021_second_groups"),
    ]

    operations = [
        migrations.AddField(
            model_name="questionset",
            name="left_out",
            field=models.JSONField(blank=True, default=list),
        ),
    ]
