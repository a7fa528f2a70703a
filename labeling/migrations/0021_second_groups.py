"""Questions of more than 15 rows have the groups AA to OO too. Back is only possible while nobody has used them."""

from django.db import migrations, models

_LETTERS = "ABCDEFGHIJKLMNO"
_LABELS = [*_LETTERS, *(letter * 2 for letter in _LETTERS), "?"]


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0020_escaped_sources"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="rowlabel", name="labeling_row_label_known"),
        migrations.AlterField(
            model_name="row",
            name="proposed",
            field=models.CharField(blank=True, max_length=2),
        ),
        migrations.AlterField(
            model_name="rowlabel",
            name="label",
            field=models.CharField(choices=[(label, label) for label in _LABELS], max_length=2),
        ),
        migrations.AddConstraint(
            model_name="rowlabel",
            constraint=models.CheckConstraint(
                condition=models.Q(label__in=_LABELS),
                name="labeling_row_label_known",
            ),
        ),
    ]
