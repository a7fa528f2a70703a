"""Load-or-404/403: the first line of each view says who may come in.

Strangers to a team get 404, so that addresses tell nothing; members without the role get 403 and are told whose role it is.
From here on the page is one of its team: the bar and what depends on roles go by the membership in it, and the team's time zone is activated,
for views, selectors and templates alike.
"""

from __future__ import annotations

from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, QueryDict
from django.http.request import RawPostDataException, UnreadablePostError
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.current import current_membership, look_at
from accounts.models import Membership, Team, User
from accounts.selectors import membership_in
from labeling.models import (
    Answer,
    LabelFile,
    LabelReplacement,
    LabelUpload,
    PairExplanation,
    Question,
    QuestionSet,
    SheetUpload,
    TaskRun,
    Transform,
    Webhook,
)
from labeling.permissions import Allowed, can_see_matches, can_see_quality, is_member, require

_OF_PERSON = "X-Workbench-Person"


class SomebodyElseError(PermissionDenied):
    """Another person has signed in, in the browser of whoever the page belongs to."""


def signed_in(request: HttpRequest) -> User:
    """The person; the middleware has sent everybody else to the sign-in page.

    The workbench says whose it is: if somebody else has signed in since in the same browser, what it sends is not theirs, and it keeps it:
    raises ``SomebodyElseError``.
    """
    assert isinstance(request.user, User)
    if request.headers.get(_OF_PERSON, str(request.user.pk)) != str(request.user.pk):
        raise SomebodyElseError(_("Somebody else has signed in since in this browser."))
    return request.user


def is_from_workbench(request: HttpRequest) -> bool:
    """Whether a script of the workbench asks, which says whose it is; nobody would see a page."""
    return _OF_PERSON in request.headers


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to: the sent fields of a POST, even when there are none; nothing when the page is only looked at."""
    return request.POST if request.method == "POST" else None


def posted_text(request: HttpRequest, name: str) -> str:
    """A sent field that no form checks, "" if there is none; without NUL characters, which PostgreSQL keeps nowhere."""
    return request.POST.get(name, "").replace("\0", "")


def posted_body(request: HttpRequest) -> bytes:
    """What a script of a page has sent, as it came. Raises ``BadRequest`` for a form with files, which has been read by now, and for what broke off."""
    try:
        return request.body
    except (RawPostDataException, UnreadablePostError) as error:
        raise BadRequest from error


def number_in(text: str) -> int:
    """The number that an address or a form names; whatever is none is not there."""
    try:
        return int(text)
    except ValueError:
        raise Http404 from None


def id_in(text: str) -> UUID:
    """The id that an address or a form names; whatever is none is not there."""
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


def team_access(request: HttpRequest, allowed: Allowed = is_member) -> Membership:
    """The membership in the current team, for pages that belong to no single object."""
    membership = current_membership(request)
    if membership is None:
        raise Http404
    require(membership, allowed)
    use_days_of(membership.team)
    return membership


def transform_access(
    request: HttpRequest, transform_id: UUID, allowed: Allowed = is_member
) -> tuple[Transform, Membership]:
    """The transform and the reader's membership in its team."""
    transform = get_object_or_404(
        Transform.objects.select_related("team", "source_file", "created_by"), pk=transform_id
    )
    return transform, _membership(request, transform.team, allowed)


def run_access(request: HttpRequest, run_id: UUID, allowed: Allowed) -> tuple[TaskRun, Membership]:
    """The run and the reader's membership in the team of its transform."""
    run = get_object_or_404(
        TaskRun.objects.select_related(
            "transform__team", "requested_by", "label_file", "retry_of", "chain__created_by"
        ),
        pk=run_id,
    )
    return run, _membership(request, run.transform.team, allowed)


def question_access(request: HttpRequest, question_id: UUID, allowed: Allowed) -> tuple[Question, Membership]:
    """The question and the reader's membership in the team of its transform."""
    question = get_object_or_404(Question.objects.select_related("question_set__transform__team"), pk=question_id)
    return question, _membership(request, question.question_set.transform.team, allowed)


def question_set_access(request: HttpRequest, set_id: UUID, allowed: Allowed) -> tuple[QuestionSet, Membership]:
    """The set and the reader's membership in the team of its transform."""
    question_set = get_object_or_404(QuestionSet.objects.select_related("transform__team"), pk=set_id)
    return question_set, _membership(request, question_set.transform.team, allowed)


def answer_access(request: HttpRequest, answer_id: UUID, others: Allowed) -> tuple[Answer, Membership]:
    """The answer and the reader's membership in its team. Everybody may come to their own answer, ``others`` says who to any."""
    answer = get_object_or_404(
        Answer.objects.select_related("steward", "question__question_set__transform__team"), pk=answer_id
    )
    own = answer.steward_id == signed_in(request).pk
    return answer, _membership(request, answer.question.question_set.transform.team, is_member if own else others)


def sheet_access(request: HttpRequest, upload_id: UUID) -> tuple[SheetUpload, Membership]:
    """The filled in spreadsheet and its person's membership; nobody else's, since the labels in it are that person's answers."""
    upload = get_object_or_404(
        SheetUpload.objects.select_related("transform__team", "created_by").defer("labels", "wanted"),
        pk=upload_id,
        created_by=signed_in(request),
    )
    return upload, _membership(request, upload.transform.team, is_member)


def label_upload_access(request: HttpRequest, upload_id: UUID, allowed: Allowed) -> tuple[LabelUpload, Membership]:
    """The brought labels and the reader's membership in the team of their transform."""
    upload = get_object_or_404(
        LabelUpload.objects.select_related("transform__team", "transform__source_file", "created_by"), pk=upload_id
    )
    return upload, _membership(request, upload.transform.team, allowed)


def label_file_access(request: HttpRequest, label_file_id: UUID, allowed: Allowed) -> tuple[LabelFile, Membership]:
    """The label file and the reader's membership in the team of its transform."""
    label_file = get_object_or_404(LabelFile.objects.select_related("transform__team", "created_by"), pk=label_file_id)
    return label_file, _membership(request, label_file.transform.team, allowed)


def replacement_access(
    request: HttpRequest, replacement_id: UUID, allowed: Allowed
) -> tuple[LabelReplacement, Membership]:
    """The replacement and the reader's membership in the team of its transform."""
    replacement = get_object_or_404(
        LabelReplacement.objects.select_related(
            "transform__team", "label_file__transform", "export_run__transform", "export_run__label_file", "import_run"
        ),
        pk=replacement_id,
    )
    return replacement, _membership(request, replacement.transform.team, allowed)


def explanation_access(request: HttpRequest, explanation_id: UUID) -> tuple[PairExplanation, Membership]:
    """The explanation of a pair and the reader's membership in the team of its transform; for who may see what it is about."""
    explanation = get_object_or_404(
        PairExplanation.objects.select_related("transform__team", "result", "question"), pk=explanation_id
    )
    allowed = can_see_matches if explanation.question is None else can_see_quality
    return explanation, _membership(request, explanation.transform.team, allowed)


def webhook_access(request: HttpRequest, webhook_id: UUID, allowed: Allowed) -> tuple[Webhook, Membership]:
    """The webhook and the reader's membership in its team."""
    webhook = get_object_or_404(Webhook.objects.select_related("team", "created_by"), pk=webhook_id)
    return webhook, _membership(request, webhook.team, allowed)


def member_access(request: HttpRequest, member_id: int, allowed: Allowed) -> tuple[Membership, Membership]:
    """Somebody's membership, also of those who left, and the reader's own in its team."""
    member = get_object_or_404(Membership.objects.select_related("team", "user"), pk=member_id)
    return member, _membership(request, member.team, allowed)


def _membership(request: HttpRequest, team: Team, allowed: Allowed) -> Membership:
    membership = membership_in(user=signed_in(request), team=team)
    if membership is None:
        raise Http404
    look_at(request, membership)
    require(membership, allowed)
    use_days_of(team)
    return membership


def use_days_of(team: Team) -> None:
    """Days and weeks begin in the zone of the team until the request ends. The script of the page shows moments in the reader's own."""
    timezone.activate(ZoneInfo(team.time_zone))
