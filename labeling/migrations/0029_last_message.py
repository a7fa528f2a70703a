from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0028_sure_rows"),
    ]

    operations = [
        migrations.AddField(
            model_name="answer",
            name="last_message",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
    ]
