"""What the migrations up to 0028 lead to, in a third of their time: a new database needs none of their steps."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import labeling.validators
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("labeling", "0001_initial"),
        ("labeling", "0002_team_work"),
        ("labeling", "0003_results_of_answers"),
        ("labeling", "0004_answers_teach_no_more"),
        ("labeling", "0005_uploads"),
        ("labeling", "0006_label_content"),
        ("labeling", "0007_replacements"),
        ("labeling", "0008_run_history"),
        ("labeling", "0009_shadow_estimates"),
        ("labeling", "0010_label_file_parts"),
        ("labeling", "0011_work_goals"),
        ("labeling", "0012_run_page"),
        ("labeling", "0013_foreign_runs"),
        ("labeling", "0014_automation"),
        ("labeling", "0015_notifications"),
        ("labeling", "0016_run_problem"),
        ("labeling", "0017_pairs_of_runs"),
        ("labeling", "0018_composed_files"),
        ("labeling", "0019_archived_transforms"),
        ("labeling", "0020_escaped_sources"),
        ("labeling", "0021_second_groups"),
        ("labeling", "0022_left_out_sets"),
        ("labeling", "0023_rows_in_reading_order"),
        ("labeling", "0024_draft_stamp"),
        ("labeling", "0025_match_results"),
        ("labeling", "0026_transform_gone"),
        ("labeling", "0027_persistent_ids"),
        ("labeling", "0028_sure_rows"),
    ]

    initial = True

    dependencies = [
        ("accounts", "0002_team_work"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="KeyPreference",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="key_preference",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("enabled", models.BooleanField(default=True, verbose_name="single-key shortcuts")),
                ("keymap", models.JSONField(blank=True, default=dict)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                ("query", models.CharField(blank=True, max_length=1000)),
                ("shared", models.BooleanField(default=False, verbose_name="for the whole team")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_views",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="saved_views", to="accounts.team"
                    ),
                ),
            ],
            options={
                "ordering": ("name",),
                "constraints": [
                    models.UniqueConstraint(fields=("team", "owner", "name"), name="labeling_saved_view_name_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="SourceFile",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=255, verbose_name="file name")),
                ("format", models.CharField(choices=[("csv", "CSV"), ("parquet", "Parquet")], max_length=10)),
                ("escaped", models.BooleanField(default=False)),
                ("key", models.CharField(max_length=255, unique=True)),
                ("size", models.PositiveBigIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("row_count", models.PositiveBigIntegerField()),
                ("columns", models.JSONField()),
                ("sample", models.JSONField(default=list)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="source_files", to="accounts.team"
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
            },
        ),
        migrations.CreateModel(
            name="Webhook",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("url", models.URLField(max_length=500, verbose_name="address")),
                ("events", models.JSONField(default=list)),
                ("secret_version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="webhooks", to="accounts.team"
                    ),
                ),
            ],
            options={
                "ordering": ("created_at",),
            },
        ),
        migrations.CreateModel(
            name="WorkGoal",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("questions", models.PositiveIntegerField(verbose_name="questions")),
                (
                    "period",
                    models.CharField(choices=[("day", "a day"), ("week", "a week")], default="day", max_length=4),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="work_goals", to="accounts.team"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="work_goals",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("team", "user"),
                "constraints": [
                    models.UniqueConstraint(fields=("team", "user"), name="labeling_goal_once_per_person"),
                    models.UniqueConstraint(
                        condition=models.Q(("user__isnull", True)), fields=("team",), name="labeling_goal_once_per_team"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("questions__gte", 1)), name="labeling_goal_some_questions"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="NotificationPreference",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "event",
                    models.CharField(
                        choices=[
                            ("run.ended", "A run has succeeded, or was stopped"),
                            ("run.failed", "A run has failed"),
                            ("run.waits", "A run is waiting because Glue cannot be reached"),
                            ("question_set.finished", "All questions of a set are answered"),
                            ("agreement.fell", "People agree less than before"),
                        ],
                        max_length=30,
                    ),
                ),
                ("in_page", models.BooleanField()),
                ("email", models.BooleanField()),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notification_preferences",
                        to="accounts.team",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notification_preferences",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("user__isnull", False)),
                        fields=("team", "user", "event"),
                        name="labeling_preference_once_per_person",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("user", None)),
                        fields=("team", "event"),
                        name="labeling_preference_once_per_team",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Transform",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "name",
                    models.CharField(
                        max_length=255, validators=[labeling.validators.validate_glue_name], verbose_name="name"
                    ),
                ),
                (
                    "thing",
                    models.CharField(
                        default="thing",
                        help_text="Stewards are asked: which rows are the same …?",
                        max_length=60,
                        verbose_name="one row is a",
                    ),
                ),
                ("glue_transform_id", models.CharField(blank=True, max_length=255)),
                ("database_name", models.CharField(max_length=255)),
                ("table_name", models.CharField(max_length=255)),
                ("primary_key", models.CharField(max_length=1024, verbose_name="primary key")),
                ("columns", models.JSONField(default=list)),
                (
                    "precision_recall",
                    models.FloatField(
                        default=0.5,
                        validators=[
                            django.core.validators.MinValueValidator(0.0),
                            django.core.validators.MaxValueValidator(1.0),
                        ],
                        verbose_name="precision or recall",
                    ),
                ),
                (
                    "accuracy_cost",
                    models.FloatField(
                        default=0.5,
                        validators=[
                            django.core.validators.MinValueValidator(0.0),
                            django.core.validators.MaxValueValidator(1.0),
                        ],
                        verbose_name="accuracy or cost",
                    ),
                ),
                (
                    "enforce_provided_labels",
                    models.BooleanField(default=False, verbose_name="output must agree with every label"),
                ),
                (
                    "glue_status",
                    models.CharField(
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
                ("label_count", models.PositiveIntegerField(default=0)),
                (
                    "answers_per_question",
                    models.PositiveSmallIntegerField(
                        default=1,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(5),
                        ],
                        verbose_name="people per question",
                    ),
                ),
                (
                    "consensus_rule",
                    models.CharField(
                        choices=[("majority", "More than half of the people"), ("unanimous", "Everyone")],
                        default="majority",
                        max_length=10,
                        verbose_name="a result needs",
                    ),
                ),
                ("show_proposals", models.BooleanField(default=True, verbose_name="start from the engine’s proposal")),
                (
                    "control_percent",
                    models.PositiveSmallIntegerField(
                        default=0,
                        validators=[django.core.validators.MaxValueValidator(30)],
                        verbose_name="control questions, in percent",
                    ),
                ),
                ("links_in_cells", models.BooleanField(default=False, verbose_name="show links in cells")),
                ("images_in_cells", models.BooleanField(default=False, verbose_name="show images in cells")),
                ("guidelines", models.TextField(blank=True, verbose_name="guidelines")),
                ("proposals_at", models.DateTimeField(blank=True, null=True)),
                ("contradictions_at", models.DateTimeField(blank=True, null=True)),
                ("foreign_runs_at", models.DateTimeField(blank=True, null=True)),
                ("archived_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "source_file",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="transforms",
                        to="labeling.sourcefile",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="transforms", to="accounts.team"
                    ),
                ),
            ],
            options={
                "ordering": ("name",),
                "constraints": [
                    models.UniqueConstraint(fields=("team", "name"), name="labeling_transform_name_once_per_team"),
                    models.UniqueConstraint(
                        condition=models.Q(("glue_transform_id", ""), _negated=True),
                        fields=("glue_transform_id",),
                        name="labeling_transform_glue_id_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("precision_recall__gte", 0), ("precision_recall__lte", 1)),
                        name="labeling_transform_precision_recall_0_1",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("accuracy_cost__gte", 0), ("accuracy_cost__lte", 1)),
                        name="labeling_transform_accuracy_cost_0_1",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("answers_per_question__gte", 1), ("answers_per_question__lte", 5)),
                        name="labeling_transform_answers_1_5",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("control_percent__gte", 0), ("control_percent__lte", 30)),
                        name="labeling_transform_controls_0_30",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("consensus_rule__in", ["majority", "unanimous"])),
                        name="labeling_transform_rule_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Chain",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("evaluate", models.BooleanField(default=True)),
                ("generate", models.BooleanField(default=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("running", "Under way"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("stopped", "Stopped"),
                        ],
                        default="running",
                        max_length=10,
                    ),
                ),
                ("note", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "transform",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="chains", to="labeling.transform"
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "running")), fields=["status"], name="labeling_chain_running"
                    ),
                    models.Index(fields=["transform", "-created_at"], name="labeling_chain_newest"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SheetUpload",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=255)),
                ("bucket", models.CharField(max_length=63)),
                ("key", models.CharField(max_length=1024, unique=True)),
                ("size", models.PositiveBigIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("labels", models.JSONField()),
                ("problems", models.JSONField()),
                ("outcomes", models.JSONField(default=list)),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "transform",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="labeling.transform"
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
                "indexes": [
                    models.Index(fields=["transform", "created_by", "-created_at"], name="labeling_sheet_by_person")
                ],
            },
        ),
        migrations.CreateModel(
            name="Automation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("enabled", models.BooleanField(default=False, verbose_name="import by itself")),
                (
                    "every_answers",
                    models.PositiveIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="as soon as so many answers wait",
                    ),
                ),
                (
                    "nightly_hour",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MaxValueValidator(23)],
                        verbose_name="every night at this hour",
                    ),
                ),
                ("evaluate", models.BooleanField(default=True, verbose_name="then estimate the quality")),
                ("generate", models.BooleanField(default=True, verbose_name="then generate the next questions")),
                ("last_night", models.DateField(blank=True, null=True)),
                ("changed_at", models.DateTimeField()),
                (
                    "changed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "transform",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="automation", to="labeling.transform"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="WorkbenchPreference",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("columns", models.JSONField(default=dict)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "transform",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="labeling.transform"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ("user", "transform"),
                "constraints": [
                    models.UniqueConstraint(fields=("user", "transform"), name="labeling_preference_once_per_transform")
                ],
            },
        ),
        migrations.CreateModel(
            name="LabelFile",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
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
                ("bucket", models.CharField(max_length=63)),
                ("key", models.CharField(max_length=1024)),
                ("size", models.PositiveBigIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("content_hash", models.CharField(blank=True, max_length=64)),
                ("sets", models.PositiveIntegerField()),
                ("rows", models.PositiveIntegerField()),
                ("matching_pairs", models.PositiveIntegerField(default=0)),
                ("non_matching_pairs", models.PositiveIntegerField(default=0)),
                ("part", models.PositiveSmallIntegerField(default=1)),
                ("parts", models.PositiveSmallIntegerField(default=1)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "follows",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="next_part",
                        to="labeling.labelfile",
                    ),
                ),
                (
                    "transform",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="label_files", to="labeling.transform"
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
                "constraints": [
                    models.UniqueConstraint(fields=("bucket", "key"), name="labeling_label_file_object_once")
                ],
                "indexes": [models.Index(fields=["sha256"], name="labeling_label_file_by_hash")],
            },
        ),
        migrations.CreateModel(
            name="LabelFileReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("set_digests", models.JSONField(default=dict)),
                ("findings", models.JSONField(default=list)),
                (
                    "label_file",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="report", to="labeling.labelfile"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TaskRun",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("LABELING_SET_GENERATION", "Generate questions"),
                            ("IMPORT_LABELS", "Import labels"),
                            ("EXPORT_LABELS", "Export labels"),
                            ("EVALUATION", "Estimate quality"),
                            ("FIND_MATCHES", "Find matches"),
                        ],
                        max_length=30,
                        verbose_name="kind",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("QUEUED", "Queued"),
                            ("SUBMITTING", "Submitting"),
                            ("STARTING", "Starting"),
                            ("RUNNING", "Running"),
                            ("STOPPING", "Stopping"),
                            ("STOPPED", "Stopped"),
                            ("SUCCEEDED", "Succeeded"),
                            ("FAILED", "Failed"),
                            ("TIMEOUT", "Timed out"),
                        ],
                        default="QUEUED",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("foreign", models.BooleanField(default=False, verbose_name="started outside the portal")),
                ("replace_all_labels", models.BooleanField(default=False, verbose_name="replace all labels")),
                ("path", models.CharField(blank=True, max_length=1100)),
                ("glue_run_id", models.CharField(blank=True, max_length=255)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("enqueued_at", models.DateTimeField(blank=True, null=True)),
                ("not_before", models.DateTimeField(blank=True, null=True)),
                ("claimed_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("completed_at", models.DateTimeField(blank=True, null=True)),
                ("took_seconds", models.PositiveIntegerField(default=0)),
                ("execution_seconds", models.PositiveIntegerField(blank=True, null=True)),
                ("labels_before", models.PositiveIntegerField(blank=True, null=True)),
                ("labels_after", models.PositiveIntegerField(blank=True, null=True)),
                ("labels_expected", models.PositiveIntegerField(blank=True, null=True)),
                ("matching_before", models.PositiveIntegerField(blank=True, null=True)),
                ("matching_after", models.PositiveIntegerField(blank=True, null=True)),
                ("non_matching_before", models.PositiveIntegerField(blank=True, null=True)),
                ("non_matching_after", models.PositiveIntegerField(blank=True, null=True)),
                ("content_hash", models.CharField(blank=True, max_length=64)),
                ("metrics", models.JSONField(blank=True, null=True)),
                ("result_uri", models.CharField(blank=True, max_length=1100)),
                ("result_size", models.PositiveBigIntegerField(blank=True, null=True)),
                ("settings", models.JSONField(blank=True, default=dict)),
                ("capacity", models.FloatField(blank=True, null=True)),
                ("log_group", models.CharField(blank=True, max_length=512)),
                ("stop_wanted", models.BooleanField(default=False)),
                (
                    "problem",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("unreachable", "AWS cannot be reached"),
                            ("no_answer", "AWS did not answer"),
                            ("throttled", "AWS is throttling"),
                            ("busy", "Glue has reached its limit of runs"),
                            ("aws_fault", "AWS has a problem"),
                            ("expired", "The credentials have expired"),
                            ("credentials", "The credentials are not accepted"),
                            ("access", "Access is denied"),
                            ("role", "The transform's role lacks access"),
                            ("transform_gone", "Glue no longer has the transform"),
                            ("missing", "Something is missing at AWS"),
                            ("region", "The bucket is in another region"),
                            ("quota", "A quota is exceeded"),
                            ("too_large", "The label file is too large"),
                            ("end_of_life", "The Glue version has reached its end of life"),
                            ("not_ready", "The transform has not learned enough"),
                            ("input", "Glue refuses the input"),
                        ],
                        max_length=20,
                        verbose_name="problem",
                    ),
                ),
                ("error", models.TextField(blank=True)),
                ("advice", models.TextField(blank=True)),
                (
                    "chain",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="runs",
                        to="labeling.chain",
                    ),
                ),
                (
                    "continues",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="continued_by",
                        to="labeling.taskrun",
                    ),
                ),
                (
                    "label_file",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="task_runs",
                        to="labeling.labelfile",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="task_runs",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "retry_of",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="retries",
                        to="labeling.taskrun",
                    ),
                ),
                (
                    "transform",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="task_runs", to="labeling.transform"
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("foreign", False),
                            ("status__in", ("QUEUED", "SUBMITTING", "STARTING", "RUNNING", "STOPPING")),
                        ),
                        fields=("transform", "kind"),
                        name="labeling_run_one_active_per_kind",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("glue_run_id", ""), _negated=True),
                        fields=("transform", "glue_run_id"),
                        name="labeling_run_glue_id_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(models.Q(("path", ""), _negated=True), ("foreign", False)),
                        fields=("path",),
                        name="labeling_run_path_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("chain__isnull", False), ("continues__isnull", True), ("retry_of__isnull", True)
                        ),
                        fields=("chain", "kind"),
                        name="labeling_run_once_per_chain",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                [
                                    "QUEUED",
                                    "SUBMITTING",
                                    "STARTING",
                                    "RUNNING",
                                    "STOPPING",
                                    "STOPPED",
                                    "SUCCEEDED",
                                    "FAILED",
                                    "TIMEOUT",
                                ],
                            )
                        ),
                        name="labeling_run_status_known",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["transform", "-created_at"], name="labeling_run_history"),
                    models.Index(fields=["-created_at", "-id"], name="labeling_run_newest"),
                    models.Index(fields=["-took_seconds", "-id"], name="labeling_run_longest"),
                    models.Index(fields=["requested_by", "-created_at", "-id"], name="labeling_run_by_person"),
                    models.Index(fields=["kind", "-created_at", "-id"], name="labeling_run_by_kind"),
                    models.Index(fields=["status", "-created_at", "-id"], name="labeling_run_by_state"),
                    models.Index(
                        condition=models.Q(("replace_all_labels", True)),
                        fields=["-created_at", "-id"],
                        name="labeling_run_replaced_all",
                    ),
                    models.Index(
                        condition=models.Q(("status__in", ("QUEUED", "SUBMITTING", "STARTING", "RUNNING", "STOPPING"))),
                        fields=["status"],
                        name="labeling_run_active",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LabelUpload",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=255)),
                ("bucket", models.CharField(max_length=63)),
                ("key", models.CharField(max_length=1024, unique=True)),
                ("size", models.PositiveBigIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("mapping", models.JSONField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "label_file",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="upload",
                        to="labeling.labelfile",
                    ),
                ),
                (
                    "transform",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="labeling.transform"
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
                "indexes": [models.Index(fields=["transform", "-created_at"], name="labeling_label_uploads")],
            },
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
                ("persistent_ids", models.CharField(blank=True, max_length=200)),
                ("kept_ids", models.PositiveBigIntegerField(default=0)),
                ("retired_ids", models.PositiveBigIntegerField(default=0)),
                ("next_persistent_id", models.PositiveBigIntegerField(default=1)),
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
            name="ShadowEstimate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("content_hash", models.CharField(blank=True, max_length=64)),
                ("sets", models.PositiveIntegerField(default=0)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("claimed_at", models.DateTimeField(blank=True, null=True)),
                ("completed_at", models.DateTimeField(blank=True, null=True)),
                ("metrics", models.JSONField(blank=True, null=True)),
                ("threshold", models.FloatField(blank=True, null=True)),
                ("problem", models.TextField(blank=True)),
                ("curve_at", models.DateTimeField(blank=True, null=True)),
                ("curve", models.JSONField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "import_run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="shadow", to="labeling.taskrun"
                    ),
                ),
                (
                    "transform",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="shadow_estimates",
                        to="labeling.transform",
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
                "indexes": [models.Index(fields=["transform", "-created_at"], name="labeling_shadow_newest")],
            },
        ),
        migrations.CreateModel(
            name="QuestionSet",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("number", models.PositiveIntegerField()),
                ("title", models.CharField(blank=True, max_length=100, verbose_name="title")),
                ("priority", models.SmallIntegerField(default=0, verbose_name="priority")),
                ("due_on", models.DateField(blank=True, null=True, verbose_name="due")),
                ("goal", models.TextField(blank=True, verbose_name="goal")),
                (
                    "answers_wanted",
                    models.PositiveSmallIntegerField(
                        default=1,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(5),
                        ],
                        verbose_name="people per question",
                    ),
                ),
                ("show_proposals", models.BooleanField(default=True, verbose_name="start from the engine’s proposal")),
                ("left_out", models.JSONField(blank=True, default=list)),
                ("skill", models.CharField(blank=True, max_length=50, verbose_name="skill needed")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "label_file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="labeling.labelfile"
                    ),
                ),
                (
                    "task_run",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="question_set",
                        to="labeling.taskrun",
                    ),
                ),
                (
                    "transform",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="question_sets",
                        to="labeling.transform",
                    ),
                ),
            ],
            options={
                "ordering": ("transform", "number"),
                "constraints": [
                    models.UniqueConstraint(fields=("transform", "number"), name="labeling_question_set_number_once"),
                    models.CheckConstraint(
                        condition=models.Q(("answers_wanted__gte", 1), ("answers_wanted__lte", 5)),
                        name="labeling_question_set_answers_1_5",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TaskRunEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("QUEUED", "Queued"),
                            ("SUBMITTING", "Submitting"),
                            ("STARTING", "Starting"),
                            ("RUNNING", "Running"),
                            ("STOPPING", "Stopping"),
                            ("STOPPED", "Stopped"),
                            ("SUCCEEDED", "Succeeded"),
                            ("FAILED", "Failed"),
                            ("TIMEOUT", "Timed out"),
                        ],
                        max_length=20,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("note", models.TextField(blank=True)),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="events", to="labeling.taskrun"
                    ),
                ),
            ],
            options={
                "ordering": ("at", "id"),
            },
        ),
        migrations.CreateModel(
            name="LabelReplacement",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("from_answers", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "label_file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="replacements",
                        to="labeling.labelfile",
                    ),
                ),
                (
                    "export_run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="prepared_replacements",
                        to="labeling.taskrun",
                    ),
                ),
                (
                    "import_run",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="replacement",
                        to="labeling.taskrun",
                    ),
                ),
                (
                    "transform",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="replacements",
                        to="labeling.transform",
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
            },
        ),
        migrations.CreateModel(
            name="Question",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("labeling_set_id", models.CharField(max_length=255)),
                ("position", models.PositiveIntegerField()),
                ("answers_missing", models.PositiveSmallIntegerField(default=1)),
                ("lease_expires_at", models.DateTimeField(blank=True, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("settled", "Settled"), ("disputed", "Disputed")],
                        default="open",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("result", models.JSONField(blank=True, null=True)),
                ("sure_rows", models.PositiveSmallIntegerField(default=0)),
                ("result_version", models.PositiveIntegerField(default=0)),
                ("imported_version", models.PositiveIntegerField(blank=True, null=True)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("is_control", models.BooleanField(default=False)),
                ("known", models.JSONField(blank=True, null=True)),
                (
                    "leased_to",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "question_set",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="questions", to="labeling.questionset"
                    ),
                ),
            ],
            options={
                "ordering": ("question_set", "position"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("question_set", "labeling_set_id"), name="labeling_question_set_id_once"
                    ),
                    models.UniqueConstraint(
                        fields=("question_set", "position"), name="labeling_question_position_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("result__isnull", False), ("state", "settled")),
                            models.Q(("result__isnull", True), ("state__in", ("open", "disputed"))),
                            _connector="OR",
                        ),
                        name="labeling_question_settled_has_result",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("is_control", False), ("known__isnull", False), _connector="OR"),
                        name="labeling_question_control_is_known",
                    ),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("answers_missing__gt", 0)),
                        fields=["question_set", "position"],
                        name="labeling_question_open",
                    ),
                    models.Index(
                        condition=models.Q(("is_control", True)),
                        fields=["question_set"],
                        name="labeling_question_controls",
                    ),
                    models.Index(fields=["question_set", "changed_at"], name="labeling_question_changes"),
                ],
            },
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
                    "result",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="found", to="labeling.matchresult"
                    ),
                ),
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
        migrations.CreateModel(
            name="Occurrence",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "event",
                    models.CharField(
                        choices=[
                            ("run.ended", "A run has succeeded, or was stopped"),
                            ("run.failed", "A run has failed"),
                            ("run.waits", "A run is waiting because Glue cannot be reached"),
                            ("question_set.finished", "All questions of a set are answered"),
                            ("agreement.fell", "People agree less than before"),
                        ],
                        max_length=30,
                    ),
                ),
                ("key", models.CharField(max_length=100, unique=True)),
                ("figures", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("told_at", models.DateTimeField(blank=True, null=True)),
                (
                    "question_set",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="labeling.questionset",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="labeling.taskrun",
                    ),
                ),
                (
                    "transform",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="occurrences", to="labeling.transform"
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("told_at", None)), fields=["created_at"], name="labeling_occurrence_untold"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LabelFileQuestion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField()),
                (
                    "label_file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="included_questions",
                        to="labeling.labelfile",
                    ),
                ),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="inclusions", to="labeling.question"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("label_file", "question"), name="labeling_question_once_per_file")
                ],
            },
        ),
        migrations.CreateModel(
            name="Answer",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("answer", "Answer"), ("adjudication", "Adjudication")],
                        default="answer",
                        max_length=15,
                    ),
                ),
                ("control", models.BooleanField(default=False)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("submitted", "Submitted"),
                            ("skipped", "Skipped"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("version", models.PositiveIntegerField(default=0)),
                ("seconds", models.PositiveIntegerField(blank=True, null=True)),
                ("keys", models.PositiveIntegerField(blank=True, null=True)),
                ("proposal_shown", models.BooleanField(default=False)),
                ("accepted_untouched", models.BooleanField(default=False)),
                ("draft_stamp", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("submitted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "steward",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="answers", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="answers", to="labeling.question"
                    ),
                ),
            ],
            options={
                "ordering": ("created_at",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("question", "steward", "kind"), name="labeling_answer_once_per_steward"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "adjudication"), ("status", "submitted")),
                        fields=("question",),
                        name="labeling_answer_one_adjudication",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "submitted"), _negated=True),
                            ("submitted_at__isnull", False),
                            _connector="OR",
                        ),
                        name="labeling_answer_submitted_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind", "answer"), models.Q(("control", False), ("kind", "adjudication")), _connector="OR"
                        ),
                        name="labeling_answer_kind_known",
                    ),
                ],
                "indexes": [models.Index(fields=["steward", "submitted_at"], name="labeling_answer_by_day")],
            },
        ),
        migrations.CreateModel(
            name="QuestionAssignment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="assignments", to="labeling.question"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="assignments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("question", "user"),
                "constraints": [models.UniqueConstraint(fields=("question", "user"), name="labeling_assignment_once")],
            },
        ),
        migrations.CreateModel(
            name="Row",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("key", models.TextField(verbose_name="primary key")),
                ("values", models.JSONField()),
                ("proposed", models.CharField(blank=True, max_length=2)),
                ("proposed_confidence", models.FloatField(blank=True, null=True)),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="rows", to="labeling.question"
                    ),
                ),
            ],
            options={
                "ordering": ("question", "position"),
                "constraints": [
                    models.UniqueConstraint(fields=("question", "position"), name="labeling_row_position_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="JudgedQuestion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("true_positives", models.PositiveIntegerField()),
                ("false_positives", models.PositiveIntegerField()),
                ("true_negatives", models.PositiveIntegerField()),
                ("false_negatives", models.PositiveIntegerField()),
                ("worst", models.FloatField()),
                ("pairs", models.JSONField()),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="judgements", to="labeling.question"
                    ),
                ),
                (
                    "estimate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="questions",
                        to="labeling.shadowestimate",
                    ),
                ),
            ],
            options={
                "ordering": ("estimate", "-worst"),
                "constraints": [
                    models.UniqueConstraint(fields=("estimate", "question"), name="labeling_judged_question_once"),
                    models.CheckConstraint(
                        condition=models.Q(("worst__gte", 0), ("worst__lte", 1)), name="labeling_judged_worst_0_1"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="GuidelineExample",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("text", models.TextField(blank=True, max_length=2000, verbose_name="what it shows")),
                ("labels", models.JSONField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="examples", to="labeling.question"
                    ),
                ),
                (
                    "transform",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="examples", to="labeling.transform"
                    ),
                ),
            ],
            options={
                "ordering": ("created_at",),
                "constraints": [
                    models.UniqueConstraint(fields=("transform", "question"), name="labeling_example_once_per_question")
                ],
            },
        ),
        migrations.CreateModel(
            name="Contradiction",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("key_a", models.TextField()),
                ("key_b", models.TextField()),
                ("steps", models.JSONField()),
                ("fingerprint", models.CharField(max_length=64)),
                ("found_at", models.DateTimeField()),
                ("cleared_at", models.DateTimeField(blank=True, null=True)),
                (
                    "different_question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="labeling.question"
                    ),
                ),
                ("questions", models.ManyToManyField(related_name="contradictions", to="labeling.question")),
                (
                    "transform",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="contradictions",
                        to="labeling.transform",
                    ),
                ),
            ],
            options={
                "ordering": ("-found_at", "key_a", "key_b"),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("cleared_at__isnull", True)),
                        fields=("transform", "fingerprint"),
                        name="labeling_contradiction_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("none", "Nothing to send"),
                            ("waiting", "Waiting"),
                            ("sent", "Sent"),
                            ("failed", "Given up"),
                        ],
                        default="waiting",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("not_before", models.DateTimeField(blank=True, null=True)),
                ("claimed_at", models.DateTimeField(blank=True, null=True)),
                ("error", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("body", models.TextField()),
                ("status_code", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "occurrence",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="labeling.occurrence",
                    ),
                ),
                (
                    "webhook",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="deliveries", to="labeling.webhook"
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("occurrence__isnull", False)),
                        fields=("webhook", "occurrence"),
                        name="labeling_delivery_once",
                    )
                ],
                "indexes": [
                    models.Index(fields=["webhook", "-created_at"], name="labeling_delivery_log"),
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["created_at"],
                        name="labeling_delivery_waiting",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("none", "Nothing to send"),
                            ("waiting", "Waiting"),
                            ("sent", "Sent"),
                            ("failed", "Given up"),
                        ],
                        default="waiting",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("not_before", models.DateTimeField(blank=True, null=True)),
                ("claimed_at", models.DateTimeField(blank=True, null=True)),
                ("error", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("in_page", models.BooleanField(default=True)),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notifications",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "occurrence",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notifications",
                        to="labeling.occurrence",
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
                "indexes": [
                    models.Index(fields=["user", "-created_at"], name="labeling_notification_list"),
                    models.Index(
                        condition=models.Q(("in_page", True), ("read_at", None)),
                        fields=["user"],
                        name="labeling_notification_unread",
                    ),
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["created_at"],
                        name="labeling_notification_mail",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("occurrence", "user"), name="labeling_notification_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Comment",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("text", models.TextField(max_length=5000, verbose_name="comment")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("resolved_at", models.DateTimeField(blank=True, null=True)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="comments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "mentions",
                    models.ManyToManyField(blank=True, related_name="mentioned_in", to=settings.AUTH_USER_MODEL),
                ),
                (
                    "resolved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="comments", to="labeling.question"
                    ),
                ),
                (
                    "row",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="comments",
                        to="labeling.row",
                    ),
                ),
            ],
            options={
                "ordering": ("created_at",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("resolved_at__isnull", True), ("resolved_by__isnull", True)),
                            models.Q(("resolved_at__isnull", False), ("resolved_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="labeling_comment_resolved_by_somebody",
                    )
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("resolved_at__isnull", True)),
                        fields=["question"],
                        name="labeling_comment_open",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RowLabel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "label",
                    models.CharField(
                        choices=[
                            ("A", "A"),
                            ("B", "B"),
                            ("C", "C"),
                            ("D", "D"),
                            ("E", "E"),
                            ("F", "F"),
                            ("G", "G"),
                            ("H", "H"),
                            ("I", "I"),
                            ("J", "J"),
                            ("K", "K"),
                            ("L", "L"),
                            ("M", "M"),
                            ("N", "N"),
                            ("O", "O"),
                            ("AA", "AA"),
                            ("BB", "BB"),
                            ("CC", "CC"),
                            ("DD", "DD"),
                            ("EE", "EE"),
                            ("FF", "FF"),
                            ("GG", "GG"),
                            ("HH", "HH"),
                            ("II", "II"),
                            ("JJ", "JJ"),
                            ("KK", "KK"),
                            ("LL", "LL"),
                            ("MM", "MM"),
                            ("NN", "NN"),
                            ("OO", "OO"),
                            ("?", "?"),
                        ],
                        max_length=2,
                    ),
                ),
                (
                    "answer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="row_labels", to="labeling.answer"
                    ),
                ),
                (
                    "row",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="row_labels", to="labeling.row"
                    ),
                ),
            ],
            options={
                "ordering": ("answer", "row__position"),
                "constraints": [
                    models.UniqueConstraint(fields=("answer", "row"), name="labeling_row_label_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "label__in",
                                [
                                    "A",
                                    "B",
                                    "C",
                                    "D",
                                    "E",
                                    "F",
                                    "G",
                                    "H",
                                    "I",
                                    "J",
                                    "K",
                                    "L",
                                    "M",
                                    "N",
                                    "O",
                                    "AA",
                                    "BB",
                                    "CC",
                                    "DD",
                                    "EE",
                                    "FF",
                                    "GG",
                                    "HH",
                                    "II",
                                    "JJ",
                                    "KK",
                                    "LL",
                                    "MM",
                                    "NN",
                                    "OO",
                                    "?",
                                ],
                            )
                        ),
                        name="labeling_row_label_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AnswerChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("submitted", "Submitted"),
                            ("reopened", "Reopened"),
                            ("corrected", "Corrected"),
                            ("withdrawn", "Withdrawn"),
                            ("adjudicated", "Adjudicated"),
                        ],
                        max_length=15,
                    ),
                ),
                ("before", models.JSONField(blank=True, default=dict)),
                ("after", models.JSONField(blank=True, default=dict)),
                (
                    "answer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="changes", to="labeling.answer"
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ("at", "id"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("action__in", ["submitted", "reopened", "corrected", "withdrawn", "adjudicated"])
                        ),
                        name="labeling_answer_change_known",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="labelfile",
            name="questions",
            field=models.ManyToManyField(
                related_name="label_files", through="labeling.LabelFileQuestion", to="labeling.question"
            ),
        ),
    ]
