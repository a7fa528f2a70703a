import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0024_draft_stamp"),
    ]

    operations = [
        migrations.AlterField(
            model_name="labelfile",
            name="kind",
            field=models.CharField(
                choices=[
                    ("generated", "Questions"),
                    ("built", "Built from answers"),
                    ("exported", "Exported from Glue"),
                    ("uploaded", "Uploaded by a person"),
                    ("composed", "Earlier state, put together again"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="questionset",
            name="task_run",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="question_set",
                to="labeling.taskrun",
            ),
        ),
        migrations.CreateModel(
            name="MatchResult",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("claimed_at", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                ("problem", models.TextField(blank=True)),
                ("rows", models.PositiveBigIntegerField(default=0)),
                ("sizes", models.JSONField(blank=True, default=list)),
                ("new_rows", models.PositiveBigIntegerField(default=0)),
                ("gone_rows", models.PositiveBigIntegerField(default=0)),
                ("joined", models.PositiveBigIntegerField(default=0)),
                ("split", models.PositiveBigIntegerField(default=0)),
                (
                    "before",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="labeling.taskrun",
                    ),
                ),
                (
                    "run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="match_result", to="labeling.taskrun"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="MatchGroup",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("unsure", "Least sure"),
                            ("large", "Largest"),
                            ("joined", "Joined"),
                            ("split", "Split"),
                            ("found", "Found"),
                        ],
                        max_length=10,
                        verbose_name="why",
                    ),
                ),
                ("place", models.PositiveIntegerField()),
                ("match_id", models.CharField(max_length=64)),
                ("size", models.PositiveBigIntegerField()),
                ("confidence", models.FloatField(blank=True, null=True)),
                ("values", models.JSONField()),
                ("parts", models.JSONField(blank=True, default=list)),
                (
                    "question_set",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="labeling.questionset",
                    ),
                ),
                (
                    "result",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="found", to="labeling.matchresult"
                    ),
                ),
            ],
            options={
                "ordering": ("result", "kind", "place"),
                "constraints": [
                    models.UniqueConstraint(fields=("result", "kind", "place"), name="labeling_match_group_place_once"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["unsure", "large", "joined", "split", "found"])),
                        name="labeling_match_group_kind_known",
                    ),
                ],
            },
        ),
    ]
