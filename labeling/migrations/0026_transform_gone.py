from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0025_match_results"),
    ]

    operations = [
        migrations.AlterField(
            model_name="transform",
            name="glue_status",
            field=models.CharField(
                blank=True,
                choices=[
                    ("NOT_READY", "Needs teaching"),
                    ("READY", "Ready"),
                    ("DELETING", "Being deleted"),
                    ("GONE", "No longer at Glue"),
                ],
                max_length=20,
            ),
        ),
    ]
