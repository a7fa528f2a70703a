"""The import loop against the AWS SDK's own stubs: what localglue cannot answer, and what a person then sees on the run's page."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from botocore.stub import Stubber
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from labeling.aws.errors import advice_for
from labeling.choices import RunKind, RunProblem, RunStatus
from labeling.models import Question, TaskRun, Transform
from labeling.services.chains import Afterwards, move_chains, start_import
from labeling.services.task_runs import retry_run, submit_run, sweep_runs
from labeling.services.task_runs.sync import sync_run
from tests.labeling.builders import Cast, answer, cast, question_set, transform
from tests.labeling.stubs import RUN, TRANSFORM, ml_run, ml_transform, stubbed

pytestmark = pytest.mark.django_db

NOTHING_LOST = "Answers and labels are as they were before this run."
GOES_ON = "it will be tried again automatically"


@dataclass(frozen=True)
class Loop:
    """Answers that wait, and a run that is to import them; Glue is the stub."""

    people: Cast
    transform: Transform
    run: TaskRun
    glue: Stubber
    client: Client

    def page(self) -> str:
        """What a person reads on the page of the run."""
        page = self.client.get(reverse("labeling:run-detail", args=[self.run.pk]))
        return html.unescape(page.content.decode())

    def fresh(self) -> TaskRun:
        self.run.refresh_from_db()
        return self.run


@pytest.fixture
def loop(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loop]:
    monkeypatch.setattr("labeling.services.task_runs.request.submit_run.delay", lambda **_message: None)
    people = cast()
    of = transform(people.team, people.admin, glue_transform_id=TRANSFORM)
    answer(question_set(of, people.lead, [3])[0], people.steward, "AAB")
    run = start_import(transform=of, user=people.lead, afterwards=Afterwards(evaluate=True, generate=False))
    client = Client()
    client.force_login(people.lead)
    with stubbed(monkeypatch) as glue:
        yield Loop(people, of, run, glue, client)


def due() -> None:
    """Waiting times are over."""
    TaskRun.objects.update(not_before=None, enqueued_at=timezone.now())


def test_the_whole_loop(loop: Loop) -> None:
    loop.glue.add_response("get_ml_transform", ml_transform(LabelCount=0))
    path: list[str] = []
    loop.glue.client.meta.events.register(
        "provide-client-params.glue.StartImportLabelsTaskRun", lambda params, **_: path.append(params["InputS3Path"])
    )
    loop.glue.add_response("start_import_labels_task_run", {"TaskRunId": RUN})
    submit_run(run_id=loop.run.pk)
    assert loop.fresh().status == RunStatus.STARTING
    assert path == [loop.run.path]
    loop.glue.add_response("get_ml_task_run", ml_run("RUNNING", "IMPORT_LABELS"))
    sweep_runs()
    assert "Running" in loop.page()
    loop.glue.add_response("get_ml_task_run", ml_run("SUCCEEDED", "IMPORT_LABELS", ExecutionTime=72))
    loop.glue.add_response("get_ml_transform", ml_transform(LabelCount=3))
    sweep_runs()
    page = loop.page()
    assert "Succeeded" in page
    assert "0 → <strong>3</strong>" in page
    assert (loop.fresh().capacity, loop.run.execution_seconds) == (10.0, 72)
    assert Question.objects.get().imported_version == 1
    move_chains()
    assert TaskRun.objects.get(kind=RunKind.EVALUATION).chain == loop.run.chain


@dataclass(frozen=True)
class Refusal:
    """AWS's code and words, and what the person reads: the state in a few words and what to do."""

    code: str
    text: str
    problem: RunProblem
    advice: str
    retried: bool = False
    http_status: int = 400


REFUSALS = [
    Refusal("ThrottlingException", "Rate exceeded", RunProblem.THROTTLED, "tried again", retried=True),
    Refusal(
        "ConcurrentRunsExceededException",
        "ML Task Runs count 3 has exceeded the transform limit of 3 task runs.",
        RunProblem.BUSY,
        "must end first",
        retried=True,
    ),
    Refusal("ExpiredTokenException", "The security token is expired", RunProblem.EXPIRED, "new credentials"),
    Refusal("UnrecognizedClientException", "The token is invalid", RunProblem.CREDENTIALS, "Check the access key"),
    Refusal(
        "AccessDeniedException",
        "User: arn:aws:sts::1:assumed-role/portal/i is not authorized to perform: glue:StartImportLabelsTaskRun",
        RunProblem.ACCESS,
        "Give the credentials of this installation",
    ),
    Refusal(
        "AccessDeniedException",
        "User: arn:aws:iam::1:user/portal is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/r",
        RunProblem.ROLE,
        "iam:PassRole",
    ),
    Refusal(
        "InvalidInputException",
        "Cannot use IAM role provided in the transform. Role: arn:aws:iam::1:role/r.",
        RunProblem.ROLE,
        "assume the transform's role",
    ),
    Refusal(
        "InvalidInputException",
        "Cannot access the label file at s3://b/k. Access Denied.",
        RunProblem.ROLE,
        "read and write the bucket",
    ),
    Refusal(
        "EntityNotFoundException",
        f"Cannot find MLTransform in account [1] with handle [{TRANSFORM}].",
        RunProblem.TRANSFORM_GONE,
        "create a new transform",
    ),
    Refusal(
        "InvalidInputException",
        "S3 path provided is not in the same region as transform. Expecting region - eu-central-1, but got - us-east-1.",
        RunProblem.REGION,
        "same region as the transform",
    ),
    Refusal(
        "ResourceNumberLimitExceededException",
        "Label file has exceeded the limit of 10 MB.",
        RunProblem.TOO_LARGE,
        "Label file size",
    ),
    Refusal("ResourceNumberLimitExceededException", "Too many.", RunProblem.QUOTA, "ask AWS to raise it"),
    Refusal(
        "InvalidInputException",
        "Glue version 2.0 is no longer supported.",
        RunProblem.END_OF_LIFE,
        "the embedded Glue can learn from them",
    ),
    Refusal("InvalidInputException", "Invalid label file path.", RunProblem.INPUT, "Correct what the message names"),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: f"{refusal.code}-{refusal.problem}")
@pytest.mark.parametrize("step", ["look", "start"])
def test_what_glue_refuses_is_said_with_what_to_do(loop: Loop, refusal: Refusal, step: str) -> None:
    operation = "get_ml_transform"
    if step == "start":
        loop.glue.add_response("get_ml_transform", ml_transform())
        operation = "start_import_labels_task_run"
    loop.glue.add_client_error(operation, refusal.code, refusal.text, refusal.http_status)
    submit_run(run_id=loop.run.pk)
    page = loop.page()
    assert str(refusal.problem.label) in page
    assert refusal.text in page
    assert refusal.advice in page
    assert (GOES_ON in page) == refusal.retried
    assert (NOTHING_LOST in page) == (not refusal.retried)
    assert loop.fresh().problem == refusal.problem
    assert loop.run.status == (RunStatus.QUEUED if refusal.retried else RunStatus.FAILED)
    history = loop.client.get(reverse("labeling:run-list")).content.decode()
    assert str(refusal.problem.label) in html.unescape(history)
    assert Question.objects.get().imported_version is None

    # When the cause is gone, waiting or one press brings the labels in: from the same file, once.
    loop.glue.add_response("get_ml_transform", ml_transform())
    loop.glue.add_response("start_import_labels_task_run", {"TaskRunId": RUN})
    due()
    run = loop.run if refusal.retried else retry_run(run=loop.run, user=loop.people.lead)
    submit_run(run_id=run.pk)
    again = TaskRun.objects.get(pk=run.pk)
    assert (again.status, again.problem, again.error) == (RunStatus.STARTING, "", "")
    assert again.label_file == loop.fresh().label_file
    assert again.path == loop.run.path or not refusal.retried


def broken(monkeypatch: pytest.MonkeyPatch, stubber: Stubber, error: Exception) -> None:
    """The next call fails before or after it has left: the stub cannot say so, the client's endpoint can."""

    def send(*_request: Any, **_options: Any) -> Any:
        raise error

    stubber.deactivate()
    monkeypatch.setattr(stubber.client._endpoint, "make_request", send)  # type: ignore[attr-defined]  # botocore keeps it there


SILENCES = [
    (EndpointConnectionError(endpoint_url="https://glue"), RunProblem.UNREACHABLE, RunStatus.QUEUED),
    (ReadTimeoutError(endpoint_url="https://glue"), RunProblem.NO_ANSWER, RunStatus.QUEUED),
    (NoCredentialsError(), RunProblem.CREDENTIALS, RunStatus.FAILED),
]


@pytest.mark.parametrize(("error", "problem", "becomes"), SILENCES, ids=lambda value: type(value).__name__)
def test_silence_before_the_start(
    loop: Loop, monkeypatch: pytest.MonkeyPatch, error: Exception, problem: RunProblem, becomes: RunStatus
) -> None:
    broken(monkeypatch, loop.glue, error)
    submit_run(run_id=loop.run.pk)
    page = loop.page()
    assert (loop.fresh().status, loop.run.problem) == (becomes, problem)
    assert str(problem.label) in page
    assert advice_for(problem) in page
    assert (GOES_ON in page) == (becomes == RunStatus.QUEUED)


def test_a_start_without_an_answer_is_looked_into(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have been carried out: the run is found by its path and never started twice."""
    loop.glue.add_response("get_ml_transform", ml_transform())
    loop.glue.add_client_error("start_import_labels_task_run", "InternalServiceException", "Dependency failure.", 500)
    submit_run(run_id=loop.run.pk)
    assert loop.fresh().status == RunStatus.SUBMITTING
    page = loop.page()
    assert str(RunProblem.AWS_FAULT.label) in page
    assert "Dependency failure." in page

    TaskRun.objects.update(claimed_at=timezone.now() - timedelta(hours=1))
    at_glue = {"TaskType": "IMPORT_LABELS", "ImportLabelsTaskRunProperties": {"InputS3Path": loop.run.path}}
    loop.glue.add_response("get_ml_task_runs", {"TaskRuns": [ml_run("RUNNING", run_id=RUN, Properties=at_glue)]})
    loop.glue.add_response("get_ml_task_run", ml_run("RUNNING", "IMPORT_LABELS"))
    sweep_runs()
    assert (loop.fresh().status, loop.run.glue_run_id, loop.run.problem) == (RunStatus.RUNNING, RUN, "")
    assert "Found at Glue after an interruption." in loop.page()


def test_a_worker_that_was_given_up_starts_nothing(loop: Loop) -> None:
    """It took so long over the file that another has claimed the run: only that one may call Glue."""
    others_claim = timezone.now() + timedelta(minutes=2)
    started: list[str] = []
    events = loop.glue.client.meta.events

    def taken_over(**_: Any) -> None:
        TaskRun.objects.filter(pk=loop.run.pk).update(claimed_at=others_claim)

    events.register("provide-client-params.glue.GetMLTransform", taken_over, unique_id="slow")
    events.register(
        "provide-client-params.glue.StartImportLabelsTaskRun",
        lambda params, **_: started.append(params["InputS3Path"]),
        unique_id="started",
    )
    loop.glue.add_response("get_ml_transform", ml_transform(LabelCount=0))
    try:
        submit_run(run_id=loop.run.pk)
    finally:
        events.unregister("provide-client-params.glue.GetMLTransform", unique_id="slow")
        events.unregister("provide-client-params.glue.StartImportLabelsTaskRun", unique_id="started")
    assert started == []
    assert (loop.fresh().status, loop.run.claimed_at) == (RunStatus.SUBMITTING, others_claim)


def test_news_that_comes_late_brings_nothing_a_second_time(loop: Loop) -> None:
    """Two workers have asked about the same run; by the time the slower one goes on, another run has brought more labels."""
    TaskRun.objects.filter(pk=loop.run.pk).update(status=RunStatus.STOPPED)
    run = TaskRun.objects.create(
        transform=loop.transform, kind=RunKind.EVALUATION, status=RunStatus.RUNNING, glue_run_id=RUN
    )
    slower = TaskRun.objects.select_related("transform").get(pk=run.pk)
    for worker, labels in ((run, 10), (slower, 4)):
        loop.glue.add_response("get_ml_task_run", ml_run("SUCCEEDED"))
        loop.glue.add_response("get_ml_transform", ml_transform(LabelCount=labels))
        sync_run(run=worker)
    assert Transform.objects.get().label_count == 10
    run.refresh_from_db()
    assert (run.status, run.labels_after) == (RunStatus.SUCCEEDED, 10)


def test_a_message_is_sent_again_only_after_a_while(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr(
        "labeling.services.task_runs.request.submit_run.delay", lambda *, run_id, **_message: sent.append(run_id)
    )
    sweep_runs()
    assert sent == []
    TaskRun.objects.update(enqueued_at=timezone.now() - timedelta(minutes=1))
    sweep_runs()
    sweep_runs()
    assert sent == [str(loop.run.pk)]


def test_an_estimate_that_was_interrupted_is_not_taken_for_the_one_before(loop: Loop) -> None:
    """Estimates have no path. One that Glue tells of and another run here has is not the lost one."""
    long_ago = timezone.now() - timedelta(hours=1)
    fields = {"transform": loop.transform, "kind": RunKind.EVALUATION}
    TaskRun.objects.create(**fields, status=RunStatus.SUCCEEDED, glue_run_id=RUN, completed_at=long_ago)
    lost = TaskRun.objects.create(**fields, status=RunStatus.SUBMITTING, claimed_at=long_ago, attempts=1)
    loop.glue.add_response("get_ml_task_runs", {"TaskRuns": [ml_run("SUCCEEDED", run_id=RUN)]})
    sweep_runs()
    lost.refresh_from_db()
    assert (lost.status, lost.glue_run_id) == (RunStatus.QUEUED, "")


@pytest.mark.parametrize("refusal", [one for one in REFUSALS if one.problem != RunProblem.TRANSFORM_GONE][:5])
def test_a_run_that_cannot_be_followed_goes_on(loop: Loop, refusal: Refusal) -> None:
    """Glue works on whatever the portal can see, so the run neither ends nor is started again."""
    TaskRun.objects.filter(pk=loop.run.pk).update(status=RunStatus.RUNNING, glue_run_id=RUN, label_file=None)
    loop.glue.add_client_error("get_ml_task_run", refusal.code, refusal.text)
    sweep_runs()
    page = loop.page()
    assert str(refusal.problem.label) in page
    assert GOES_ON in page
    due()
    loop.glue.add_response("get_ml_task_run", ml_run("RUNNING", "IMPORT_LABELS"))
    sweep_runs()
    assert (loop.fresh().status, loop.run.problem) == (RunStatus.RUNNING, "")
    assert str(refusal.problem.label) not in loop.page()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("com.amazonaws.services.s3.model.AmazonS3Exception: Access Denied (Status Code: 403)", RunProblem.ROLE),
        ("ImportError: cannot import name 'FindMatches' from 'awsglueml.transforms'", RunProblem.END_OF_LIFE),
        ("Line 4 has no label.", ""),
    ],
)
def test_a_run_that_fails_at_glue_says_why(loop: Loop, text: str, problem: str) -> None:
    TaskRun.objects.filter(pk=loop.run.pk).update(status=RunStatus.RUNNING, glue_run_id=RUN)
    loop.glue.add_response("get_ml_task_run", ml_run("FAILED", "IMPORT_LABELS", ErrorString=text))
    sweep_runs()
    assert (loop.fresh().status, loop.run.problem) == (RunStatus.FAILED, problem)
    page = loop.page()
    assert text in page
    assert NOTHING_LOST in page
    assert (str(RunProblem(problem).label) if problem else "Correct what the message names") in page
    move_chains()
    assert "the next step was not started" in loop.page()


@pytest.mark.parametrize(
    ("code", "text", "problem"),
    [
        ("PermanentRedirect", "The bucket must be addressed using the specified endpoint.", RunProblem.REGION),
        ("NoSuchBucket", "The specified bucket does not exist", RunProblem.MISSING),
        ("ExpiredToken", "The provided token has expired.", RunProblem.EXPIRED),
        ("AccessDenied", "Access Denied", RunProblem.ACCESS),
    ],
)
def test_what_s3_refuses_is_said_too(loop: Loop, code: str, text: str, problem: RunProblem) -> None:
    with Stubber(default_storage.bucket.meta.client) as stubber:  # type: ignore[attr-defined]  # that of django-storages
        stubber.add_client_error("head_object", "404", http_status_code=404)
        stubber.add_client_error("put_object", code, text, 400)
        submit_run(run_id=loop.run.pk)
    assert (loop.fresh().status, loop.run.problem) == (RunStatus.FAILED, problem)
    page = loop.page()
    assert str(problem.label) in page
    assert advice_for(problem) in page
    assert NOTHING_LOST in page


def test_refused_listing_leaves_a_handed_over_run_alone(loop: Loop) -> None:
    TaskRun.objects.filter(pk=loop.run.pk).update(
        status=RunStatus.SUBMITTING, claimed_at=timezone.now() - timedelta(hours=1), path="s3://b/k"
    )
    loop.glue.add_client_error("get_ml_task_runs", "ThrottlingException", "Rate exceeded")
    sweep_runs()
    assert loop.fresh().status == RunStatus.SUBMITTING


def test_a_bucket_in_another_region_is_found_before_glue_is_asked(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labeling.aws.glue.region", lambda: "eu-central-1")
    submit_run(run_id=loop.run.pk)
    assert (loop.fresh().status, loop.run.problem) == (RunStatus.FAILED, RunProblem.REGION)
    page = loop.page()
    assert "The bucket is in another region" in page
    assert "The bucket is in region us-east-1, Glue in eu-central-1." in page
    assert "use another bucket" in page
