"""Replacements of all labels: the file, the export before it, the import after it was confirmed."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('labeling', '0006_label_content'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='LabelReplacement',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('from_answers', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('export_run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='prepared_replacements', to='labeling.taskrun')),
                ('import_run', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='replacement', to='labeling.taskrun')),
                ('label_file', models.ForeignKey(on_delete=django.db.models.deletion.RESTRICT, related_name='replacements', to='labeling.labelfile')),
                ('transform', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='replacements', to='labeling.transform')),
            ],
            options={
                'ordering': ('-created_at',),
            },
        ),
    ]
