"""What label files teach: content hashes, digests of their sets, findings; and the labels that are expected after an import."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('labeling', '0005_uploads'),
    ]

    operations = [
        migrations.AddField(
            model_name='labelfile',
            name='content_hash',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name='taskrun',
            name='content_hash',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name='taskrun',
            name='labels_expected',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name='LabelFileReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('set_digests', models.JSONField(default=dict)),
                ('findings', models.JSONField(default=list)),
                ('label_file', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='report', to='labeling.labelfile')),
            ],
        ),
    ]
