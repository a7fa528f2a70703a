"""Import → estimate → new questions, moved along by the sweep whatever is lost or doubled on the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from labeling.choices import ChainStatus, LabelFileKind, RunKind, RunStatus
from labeling.exceptions import InvalidSettingError, NothingToImportError, RunConflictError
from labeling.models import Automation, Chain, LabelFile, LabelFileReport, Question, TaskRun, Transform
from labeling.selectors.automation import Hold, hold
from labeling.services.automation import save_automation, start_due_import
from labeling.services.chains import Afterwards, move_chain, move_chains, start_import, stop_chain
from labeling.services.task_runs import retry_run
from tests.labeling.builders import Cast, answer, question_set, transform

pytestmark = pytest.mark.django_db

IMPORT, EVALUATE, GENERATE = RunKind.IMPORT_LABELS, RunKind.EVALUATION, RunKind.LABELING_SET_GENERATION
EVERYTHING = Afterwards(evaluate=True, generate=True)


@pytest.fixture
def of(people: Cast) -> Transform:
    """With two answers that wait for import."""
    made = transform(people.team, people.admin, glue_transform_id="tfm-1")
    for question in question_set(made, people.lead, [2, 2]):
        answer(question, people.steward, "AB")
    return made


def end(run: TaskRun, status: RunStatus = RunStatus.SUCCEEDED) -> None:
    """What Glue and the sweep would do; an import that went well has taught every answer."""
    TaskRun.objects.filter(pk=run.pk).update(status=status, completed_at=timezone.now())
    if run.kind == IMPORT and status == RunStatus.SUCCEEDED:
        Question.objects.update(imported_version=1)


def kinds(chain: Chain) -> list[str]:
    return list(chain.runs.order_by("created_at").values_list("kind", flat=True))


def started(of: Transform, people: Cast, afterwards: Afterwards = EVERYTHING) -> tuple[Chain, TaskRun]:
    run = start_import(transform=of, user=people.lead, afterwards=afterwards)
    assert run.chain is not None
    return run.chain, run


def test_each_step_follows_the_one_before_once(people: Cast, of: Transform) -> None:
    chain, run = started(of, people)
    move_chains()
    assert kinds(chain) == [IMPORT]  # it is still under way
    for expected in ([IMPORT, EVALUATE], [IMPORT, EVALUATE, GENERATE]):
        end(run)
        for _message in range(3):
            move_chains()
        assert kinds(chain) == expected
        run = chain.runs.get(kind=expected[-1])
        assert (run.status, run.requested_by) == (RunStatus.QUEUED, people.lead)
    end(run)
    move_chains()
    chain.refresh_from_db()
    assert (chain.status, chain.note) == (ChainStatus.DONE, "")
    assert chain.ended_at is not None


@pytest.mark.parametrize(("matching", "different", "estimated"), [(4, 0, False), (0, 4, False), (2, 2, True)])
def test_an_estimate_for_which_labels_are_lacking_keeps_no_questions_back(
    people: Cast, of: Transform, matching: int, different: int, estimated: bool
) -> None:
    """As after a list of known matches, which holds no difference."""
    chain, run = started(of, people)
    stored = LabelFile.objects.create(
        transform=of, kind=LabelFileKind.UPLOADED, bucket="b", key="k.csv", size=1, sha256="0" * 64, sets=4, rows=8
    )
    LabelFileReport.objects.create(label_file=stored, set_digests={"set": ["digest", 8, matching, different]})
    TaskRun.objects.filter(pk=run.pk).update(label_file=stored, started_at=timezone.now())
    Transform.objects.filter(pk=of.pk).update(label_count=8)
    end(run)
    move_chains()
    assert kinds(chain) == [IMPORT, EVALUATE if estimated else GENERATE]
    end(chain.runs.get(kind=kinds(chain)[-1]))
    move_chains()
    chain.refresh_from_db()
    if not estimated:
        assert chain.status == ChainStatus.DONE
        assert "Quality was not estimated" in chain.note


@pytest.mark.parametrize(
    ("afterwards", "expected"),
    [(Afterwards(True, False), [IMPORT, EVALUATE]), (Afterwards(False, True), [IMPORT, GENERATE])],
)
def test_only_what_is_wanted_follows(
    people: Cast, of: Transform, afterwards: Afterwards, expected: list[RunKind]
) -> None:
    chain, run = started(of, people, afterwards)
    end(run)
    move_chains()
    end(chain.runs.get(kind=expected[-1]))
    move_chains()
    chain.refresh_from_db()
    assert (kinds(chain), chain.status) == (expected, ChainStatus.DONE)


def test_nothing_wanted_makes_no_chain(people: Cast, of: Transform) -> None:
    run = start_import(transform=of, user=people.lead, afterwards=Afterwards(evaluate=False, generate=False))
    assert run.chain is None
    assert not Chain.objects.exists()


def test_an_import_that_is_refused_leaves_no_chain(people: Cast, of: Transform) -> None:
    started(of, people)
    with pytest.raises(RunConflictError):
        started(of, people)
    TaskRun.objects.all().update(status=RunStatus.SUCCEEDED)
    Question.objects.update(imported_version=1)
    with pytest.raises(NothingToImportError):
        started(of, people)
    assert Chain.objects.count() == 1


@pytest.mark.parametrize(
    ("ended", "becomes"),
    [
        (RunStatus.FAILED, ChainStatus.FAILED),
        (RunStatus.TIMEOUT, ChainStatus.FAILED),
        (RunStatus.STOPPED, ChainStatus.STOPPED),
    ],
)
def test_a_step_that_does_not_end_well_stops_the_chain_until_it_is_tried_again(
    people: Cast, of: Transform, ended: RunStatus, becomes: ChainStatus
) -> None:
    chain, run = started(of, people)
    end(run, ended)
    move_chains()
    chain.refresh_from_db()
    assert chain.status == becomes
    assert "“Import labels” ended as" in chain.note
    move_chains()
    assert kinds(chain) == [IMPORT]

    run.refresh_from_db()
    again = retry_run(run=run, user=people.lead)
    chain.refresh_from_db()
    assert (again.chain, chain.status, chain.note) == (chain, ChainStatus.RUNNING, "")
    end(again)
    move_chains()
    assert kinds(chain) == [IMPORT, IMPORT, EVALUATE]


def test_a_chain_waits_while_somebody_elses_run_is_under_way(people: Cast, of: Transform) -> None:
    chain, run = started(of, people)
    busy = TaskRun.objects.create(transform=of, kind=EVALUATE, status=RunStatus.RUNNING)
    end(run)
    move_chains()
    chain.refresh_from_db()
    assert (chain.status, kinds(chain)) == (ChainStatus.RUNNING, [IMPORT])
    assert "already under way" in chain.note
    end(busy)
    move_chains()
    chain.refresh_from_db()
    assert (chain.note, kinds(chain)) == ("", [IMPORT, EVALUATE])


def test_a_chain_is_stopped_with_its_run(people: Cast, of: Transform) -> None:
    chain, run = started(of, people)
    stop_chain(chain=chain, user=people.lead)
    chain.refresh_from_db()
    run.refresh_from_db()
    assert (chain.status, run.status) == (ChainStatus.STOPPED, RunStatus.STOPPED)
    stale = Chain(pk=chain.pk, transform=of, created_by=people.lead)  # as a worker read it before
    end(run)
    move_chain(chain=stale)
    assert kinds(chain) == [IMPORT]
    with pytest.raises(RunConflictError, match="nothing left"):
        stop_chain(chain=chain, user=people.lead)


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def schedule(of: Transform, people: Cast, **changes: object) -> Automation:
    """Fifty answers or three o'clock at night in Tokyo, which is 18:00 UTC."""
    values: dict[str, object] = {
        "enabled": True,
        "every_answers": 50,
        "nightly_hour": 3,
        "time_zone": "Asia/Tokyo",
        "evaluate": True,
        "generate": False,
        "now": NOON,
        **changes,
    }
    save_automation(transform=of, user=people.lead, **values)  # type: ignore[arg-type]  # one schedule with changes
    return Automation.objects.select_related("transform__team").get()


def look(of: Transform, now: datetime) -> TaskRun | None:
    automation = Automation.objects.select_related("transform__team").get(transform=of)
    return start_due_import(automation=automation, now=now)


def test_the_night_is_the_teams_and_comes_once(people: Cast, of: Transform) -> None:
    as_another_worker_saw_it = schedule(of, people)
    assert look(of, NOON + timedelta(hours=5, minutes=59)) is None
    run = look(of, NOON + timedelta(hours=6))
    assert run is not None
    assert (run.kind, run.requested_by, run.replace_all_labels) == (IMPORT, None, False)
    assert run.chain is not None
    assert (run.chain.evaluate, run.chain.generate) == (True, False)
    end(run)
    Chain.objects.update(status=ChainStatus.DONE)
    Question.objects.update(imported_version=None)
    assert look(of, NOON + timedelta(hours=10)) is None  # 7 in the morning of the same night
    assert start_due_import(automation=as_another_worker_saw_it, now=NOON + timedelta(hours=10)) is None
    assert look(of, NOON + timedelta(hours=30)) is not None


def test_a_night_whose_hour_has_passed_begins_tomorrow(people: Cast, of: Transform) -> None:
    schedule(of, people, now=NOON + timedelta(hours=7))
    assert look(of, NOON + timedelta(hours=8)) is None
    assert look(of, NOON + timedelta(hours=30)) is not None


def test_a_night_without_answers_is_over(people: Cast, of: Transform) -> None:
    schedule(of, people)
    Question.objects.update(imported_version=1)
    assert look(of, NOON + timedelta(hours=7)) is None
    Question.objects.update(imported_version=None)
    assert look(of, NOON + timedelta(hours=8)) is None


def test_so_many_answers_start_an_import(people: Cast, of: Transform) -> None:
    schedule(of, people, every_answers=3, nightly_hour=None)
    assert look(of, NOON) is None
    schedule(of, people, every_answers=2, nightly_hour=None)
    assert look(of, NOON) is not None
    assert look(of, NOON) is None  # one at a time


def test_a_switch_turns_it_off(people: Cast, of: Transform) -> None:
    schedule(of, people, enabled=False, every_answers=1)
    assert look(of, NOON + timedelta(days=2)) is None


def test_after_a_failure_the_count_waits_for_a_person_and_the_night_tries_again(people: Cast, of: Transform) -> None:
    now = timezone.now()  # runs are dated by the clock, so the hour must be past at any time of day
    schedule(of, people, every_answers=1, nightly_hour=0, now=now - timedelta(days=3))
    Automation.objects.update(last_night=(now + timedelta(days=1)).date())
    run = look(of, now)
    assert run is not None
    end(run, RunStatus.FAILED)
    move_chains()
    assert hold(automation=Automation.objects.get()) == Hold.FAILED
    assert look(of, now) is None
    assert look(of, now + timedelta(days=3)) is not None
    TaskRun.objects.filter(kind=IMPORT).update(status=RunStatus.FAILED)
    move_chains()
    assert look(of, now) is None
    schedule(of, people, every_answers=1, nightly_hour=None, now=timezone.now())
    assert look(of, timezone.now()) is not None


def test_a_replacement_by_others_holds_it_until_a_person_imports(people: Cast, of: Transform) -> None:
    schedule(of, people, every_answers=1)
    TaskRun.objects.create(
        transform=of,
        kind=IMPORT,
        status=RunStatus.SUCCEEDED,
        foreign=True,
        replace_all_labels=True,
        started_at=timezone.now(),
    )
    assert look(of, NOON + timedelta(days=2)) is None
    run = start_import(transform=of, user=people.lead, afterwards=Afterwards(evaluate=False, generate=False))
    TaskRun.objects.filter(pk=run.pk).update(status=RunStatus.SUCCEEDED, started_at=timezone.now())
    assert look(of, NOON + timedelta(days=2)) is not None


def test_answers_that_say_nothing_are_not_imported(people: Cast, of: Transform) -> None:
    Question.objects.update(imported_version=1)
    answer(question_set(of, people.lead, [2], first_key=50)[0], people.steward, "??")
    schedule(of, people, every_answers=1)
    assert look(of, NOON + timedelta(days=2)) is None
    assert not Chain.objects.exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"every_answers": None, "nightly_hour": None}, "Choose when"),
        ({"time_zone": "Mars/Olympus"}, "no time zone"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(
    people: Cast, of: Transform, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidSettingError, match=message):
        schedule(of, people, **changes)
    assert not Automation.objects.exists()
