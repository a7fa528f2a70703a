"""Who asks, and load-or-404/403: a token reaches the objects of its own team, and does there what its person's role allows."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja.security import HttpBearer

from accounts.models import ApiToken, Membership, User
from accounts.tokens import find_token
from labeling.models import LabelFile, Question, QuestionSet, TaskRun, Transform
from labeling.permissions import Allowed, is_member, require


class TokenAuth(HttpBearer):
    """``Authorization: Bearer <token>``. Cookies of the pages are no way in, so no page of others can ask in somebody's name."""

    openapi_description = "An API token, made at Your account / API tokens."

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        """The token, if it is good."""
        return find_token(token)


def token_of(request: HttpRequest) -> ApiToken:
    """The token that the request came with."""
    token = request.auth  # type: ignore[attr-defined]
    assert isinstance(token, ApiToken)
    return token


def member(request: HttpRequest, allowed: Allowed = is_member, *, writes: bool = False) -> Membership:
    """For whom the request acts. Raises ``PermissionDenied`` if they may not, or if it ``writes`` with a token that only reads."""
    token = token_of(request)
    if writes and not token.may_write:
        raise PermissionDenied(_("This token may only read."))
    require(token.membership, allowed)
    return token.membership


def person(request: HttpRequest) -> User:
    """For whom the request acts, as services know them."""
    return token_of(request).membership.user


def transform_for(request: HttpRequest, pk: UUID, allowed: Allowed, *, writes: bool = False) -> Transform:
    """A transform of the team."""
    team = token_of(request).membership.team_id
    transform = get_object_or_404(Transform.objects.select_related("team", "source_file"), pk=pk, team=team)
    member(request, allowed, writes=writes)
    return transform


def run_for(request: HttpRequest, pk: UUID, allowed: Allowed, *, writes: bool = False) -> TaskRun:
    """A run of one of the team's transforms."""
    team = token_of(request).membership.team_id
    runs = TaskRun.objects.select_related("transform__team", "requested_by", "label_file", "question_set__label_file")
    run = get_object_or_404(runs, pk=pk, transform__team=team)
    member(request, allowed, writes=writes)
    return run


def question_set_for(request: HttpRequest, pk: UUID, allowed: Allowed) -> QuestionSet:
    """A question set of one of the team's transforms."""
    team = token_of(request).membership.team_id
    found = get_object_or_404(QuestionSet.objects.select_related("transform"), pk=pk, transform__team=team)
    member(request, allowed)
    return found


def question_for(request: HttpRequest, pk: UUID, allowed: Allowed) -> Question:
    """A question of one of the team's transforms, with its rows."""
    team = token_of(request).membership.team_id
    questions = Question.objects.select_related("question_set__transform").prefetch_related("rows")
    question = get_object_or_404(questions, pk=pk, question_set__transform__team=team)
    member(request, allowed)
    return question


def label_file_for(request: HttpRequest, pk: UUID, allowed: Allowed) -> LabelFile:
    """A label file of one of the team's transforms."""
    team = token_of(request).membership.team_id
    label_file = get_object_or_404(LabelFile.objects.select_related("transform"), pk=pk, transform__team=team)
    member(request, allowed)
    return label_file
