
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('labeling', '0034_large_sheets_in_a_worker'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='judgedquestion',
            options={},
        ),
        migrations.AlterModelOptions(
            name='question',
            options={'ordering': ('position',)},
        ),
        migrations.AlterModelOptions(
            name='questionassignment',
            options={},
        ),
        migrations.AlterModelOptions(
            name='questionset',
            options={'ordering': ('number',)},
        ),
        migrations.AlterModelOptions(
            name='row',
            options={'ordering': ('position',)},
        ),
        migrations.AlterModelOptions(
            name='rowlabel',
            options={},
        ),
        migrations.AlterModelOptions(
            name='workbenchpreference',
            options={},
        ),
        migrations.AlterModelOptions(
            name='workgoal',
            options={'ordering': ('user',)},
        ),
    ]
