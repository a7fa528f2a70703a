from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    # Apart from what writes to the rows: PostgreSQL alters no table that has been written to in the same transaction.
    dependencies = [
        ("labeling", "0036_first_submissions"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="answer", name="labeling_answer_submitted_has_time"),
        migrations.AddConstraint(
            model_name="answer",
            constraint=models.CheckConstraint(
                condition=~Q(status="submitted") | Q(submitted_at__isnull=False, first_submitted_at__isnull=False),
                name="labeling_answer_submitted_has_time",
            ),
        ),
        migrations.RemoveIndex(model_name="answer", name="labeling_answer_by_day"),
        migrations.AddIndex(
            model_name="answer",
            index=models.Index(fields=["steward", "first_submitted_at"], name="labeling_answer_by_day"),
        ),
    ]
