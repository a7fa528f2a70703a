"""Label files that are too large for Glue are kept in parts, and imported by runs that follow each other."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('labeling', '0009_shadow_estimates'),
    ]

    operations = [
        migrations.AddField(
            model_name='labelfile',
            name='follows',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='next_part', to='labeling.labelfile'),
        ),
        migrations.AddField(
            model_name='labelfile',
            name='part',
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='labelfile',
            name='parts',
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='taskrun',
            name='continues',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='continued_by', to='labeling.taskrun'),
        ),
    ]
