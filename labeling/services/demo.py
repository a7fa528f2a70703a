"""A team, its people and a transform to begin with. Made through the same services as by hand; made once."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from accounts.models import Agent, Role, Team, User
from accounts.services import create_person, create_team, set_role
from labeling.aws import storage
from labeling.models import SourceFile, Transform
from labeling.services.sources import stage_source, staged_preview
from labeling.services.transforms import create_transform

logger = logging.getLogger(__name__)

TEAM = "Demo team"
TRANSFORM = "People"
_SAMPLE = Path("samples/people.csv")


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody in the demo team."""

    username: str
    role: Role
    first_name: str
    last_name: str


PEOPLE = (
    DemoPerson("admin", Role.ADMIN, "Ada", "Okafor"),
    DemoPerson("lead", Role.LEAD, "Lena", "Brandt"),
    DemoPerson("steward1", Role.STEWARD, "Sam", "Rivera"),
    DemoPerson("steward2", Role.STEWARD, "Mira", "Novak"),
)


@dataclass(frozen=True, slots=True)
class Credential:
    """How a new person signs in; shown once."""

    username: str
    role: Role
    password: str


@transaction.atomic
def ensure_demo_team(*, password: str = "") -> tuple[Team, list[Credential]]:
    """The demo team with its people; credentials only of those who were missing. ``password`` "" means a random one each."""
    team = Team.objects.filter(name=TEAM).first() or create_team(name=TEAM)
    made: list[Credential] = []
    for person in PEOPLE:
        if User.objects.filter(username=person.username).exists():
            continue
        chosen = password or secrets.token_urlsafe(9)
        user = create_person(
            username=person.username, password=chosen, first_name=person.first_name, last_name=person.last_name
        )
        set_role(team=team, user=user, role=person.role, by=Agent.COMMAND)
        made.append(Credential(person.username, person.role, chosen))
    return team, made


def keep_credentials(*, credentials: list[Credential], path: Path) -> None:
    """Append ``name<TAB>role<TAB>password`` lines to a file that only its owner can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{item.username}\t{item.role.value}\t{item.password}\n" for item in credentials)


def ensure_demo_transform(*, team: Team) -> Transform:
    """The transform "People" over the sample table. An earlier upload that got no further is used again. Raises ``GlueError``."""
    if existing := Transform.objects.filter(team=team, name=TRANSFORM).first():
        return existing
    admin = User.objects.get(username=PEOPLE[0].username)
    storage.ensure_bucket()
    source = SourceFile.objects.filter(team=team, name=_SAMPLE.name, created_by=admin, escaped=True).first()
    if source is None:
        content = (settings.BASE_DIR / _SAMPLE).read_bytes()
        source = stage_source(team=team, user=admin, file=SimpleUploadedFile(_SAMPLE.name, content))
    return create_transform(
        team=team,
        user=admin,
        name=TRANSFORM,
        source=source,
        preview=staged_preview(source=source),
        primary_key="id",
        precision_recall=0.5,
        accuracy_cost=0.5,
        thing="person",
    )
