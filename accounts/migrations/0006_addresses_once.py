"""No two people have the same e-mail address: whoever reads its mail would choose the password of both."""

import logging
from collections import defaultdict

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models.functions import Lower

logger = logging.getLogger(__name__)


def keep_each_once(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Whoever signed in last keeps the address; the others are logged, and have none until they or an administrator enter one."""
    users = apps.get_model("accounts", "User").objects.exclude(email="")
    same = defaultdict(list)
    for user in users.order_by(models.F("last_login").desc(nulls_last=True), "date_joined"):
        same[user.email.lower()].append(user)
    for first, *others in same.values():
        for user in others:
            logger.warning("user %s had the e-mail address of user %s, and has none now", user.pk, first.pk)
            users.filter(pk=user.pk).update(email="")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_attempt_counts")]

    operations = [
        migrations.RunPython(keep_each_once, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                Lower("email"),
                condition=models.Q(("email", ""), _negated=True),
                name="accounts_address_once",
                violation_error_message="Someone already has this e-mail address.",
            ),
        ),
    ]
