"""Tags of transforms, jobs and databases."""

from __future__ import annotations

import re

from django.conf import settings
from django.db import transaction

from localglue.errors import EntityNotFoundException, InvalidInputException
from localglue.models import Database, Job, MLTransform, Tag
from localglue.operations import Caller, Request, Result, operation

MAX_TAGS = 50


def set_tags(resource: str, tags: dict[str, str]) -> None:
    """Add tags to a resource (``mlTransform/…``, ``job/…`` or ``database/…``).

    Raises ``InvalidInputException`` for more than 50, and for those that AWS keeps for itself:
    https://docs.aws.amazon.com/glue/latest/dg/monitor-tags.html
    """
    if reserved := sorted(text for text in (*tags, *tags.values()) if text.lower().startswith("aws:")):
        raise InvalidInputException(f"{reserved[0]}: the prefix aws: is reserved.")
    with transaction.atomic():
        for key, value in tags.items():
            Tag.objects.update_or_create(resource=resource, key=key, defaults={"value": value})
        if Tag.objects.filter(resource=resource).count() > MAX_TAGS:
            raise InvalidInputException(f"A resource can have at most {MAX_TAGS} tags.")


def _resource(arn: str) -> str:
    """The tagged resource. Raises ``EntityNotFoundException`` or, for kinds that have no tags here, ``InvalidInputException``."""
    region, account = re.escape(settings.LOCALGLUE_REGION), re.escape(settings.LOCALGLUE_ACCOUNT_ID)
    # Terraform leaves the account out if it was told not to ask for it.
    match = re.fullmatch(rf"arn:aws[a-z-]*:glue:{region}:(?:{account})?:(mlTransform|job|database)/(.+)", arn)
    if match is None:
        raise InvalidInputException(
            "localglue keeps tags of mlTransform, job and database resources of its own account and region."
        )
    kind, handle = match.groups()
    if kind == "database":
        found = Database.objects.filter(name=(handle := handle.lower())).exists()
    elif kind == "job":
        found = Job.objects.filter(name=handle).exists()
    else:
        found = MLTransform.objects.filter(public_id=handle).exists()
    if not found:
        raise EntityNotFoundException(f"Cannot find {kind} {handle}.")
    return f"{kind}/{handle}"


@operation(writes=False)
def get_tags(request: Request, caller: Caller) -> Result:
    tags = Tag.objects.filter(resource=_resource(request["ResourceArn"])).order_by("key")
    return {"Tags": dict(tags.values_list("key", "value"))}


@operation(writes=True)
def tag_resource(request: Request, caller: Caller) -> Result:
    set_tags(_resource(request["ResourceArn"]), request["TagsToAdd"])
    return {}


@operation(writes=True)
def untag_resource(request: Request, caller: Caller) -> Result:
    Tag.objects.filter(resource=_resource(request["ResourceArn"]), key__in=request["TagsToRemove"]).delete()
    return {}
