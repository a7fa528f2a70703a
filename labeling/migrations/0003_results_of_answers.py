"""What was answered by one person each is settled; from now on label files carry results of questions, not answers."""

from django.db import migrations


def settle(apps, schema_editor):
    models = {
        name: apps.get_model("labeling", name)
        for name in ("Answer", "AnswerChange", "LabelFileAnswer", "LabelFileQuestion", "RowLabel")
    }
    done = models["Answer"].objects.filter(status="submitted", question__answers_missing=0)
    for answer in done.select_related("question").order_by("submitted_at").iterator(chunk_size=500):
        labels = (
            models["RowLabel"].objects.filter(answer=answer).order_by("row__position").values_list("row_id", "label")
        )
        question = answer.question
        question.state = "settled"
        question.result = {str(row_id): label for row_id, label in labels}
        question.result_version = answer.version
        question.imported_version = answer.imported_version
        question.changed_at = answer.submitted_at
        question.save(update_fields=["state", "result", "result_version", "imported_version", "changed_at"])
        models["AnswerChange"].objects.create(
            answer=answer,
            version=answer.version,
            at=answer.submitted_at,
            by_id=answer.steward_id,
            action="submitted" if answer.version == 1 else "corrected",
            before={},
            after=question.result,
        )
    # Reopened answers: Glue still knows their question.
    for answer in (
        models["Answer"].objects.exclude(status="submitted").filter(imported_version__isnull=False).iterator()
    ):
        question = answer.question
        question.result_version = answer.version
        question.imported_version = answer.imported_version
        question.save(update_fields=["result_version", "imported_version"])
    included = models["LabelFileAnswer"].objects.values_list("label_file_id", "answer__question_id", "version")
    models["LabelFileQuestion"].objects.bulk_create(
        [
            models["LabelFileQuestion"](label_file_id=file, question_id=question, version=version)
            for file, question, version in included
        ],
        batch_size=1000,
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("labeling", "0002_team_work")]
    operations = [migrations.RunPython(settle, migrations.RunPython.noop)]
