
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0010_table_replaced'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='membership',
            options={'ordering': ('user__username',)},
        ),
    ]
