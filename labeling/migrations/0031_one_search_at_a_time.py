from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0030_refused_results"),
    ]

    operations = [
        migrations.AddField(
            model_name="transform",
            name="contradictions_claimed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
