"""Results of FIND_MATCHES runs: read from S3, compared, and asked about."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from itertools import cycle
from typing import IO

import pytest
from django.db.models import F
from django.utils import timezone

from labeling.aws import storage
from labeling.choices import GroupKind, RunKind, RunProblem
from labeling.exceptions import GlueError, NoQuestionsError, RunConflictError
from labeling.models import MatchGroup, MatchResult, QuestionSet, TaskRun, Transform
from labeling.selectors.claims import CLAIM, MAX_ATTEMPTS
from labeling.selectors.matches import shown_group
from labeling.services import matches
from labeling.services.archive import archive_transform
from labeling.services.explanations import ask_about_group
from labeling.services.match_questions import ask_about_groups, find_groups
from labeling.services.matches import read_matches, sweep_matches
from tests.labeling.builders import Cast, answer, finished_run, transform

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("s3_server")]

Rows = Iterable[tuple[str, str, str]]
"""Key, match id, confidence."""


@pytest.fixture
def taught(people: Cast) -> Transform:
    return transform(people.team, people.admin, glue_transform_id="tfm-1", glue_status="READY")


def written(of: Transform, rows: Rows, *, header: str = "id,name,match_id,match_confidence_score") -> TaskRun:
    """A run that has written this table just now; earlier ones are an hour older each time."""
    TaskRun.objects.filter(transform=of).update(completed_at=F("completed_at") - timedelta(hours=1))
    out = io.StringIO()
    out.write(header + "\n")
    csv.writer(out, lineterminator="\n").writerows(
        [key, f'name "{key}",\nline 2', match_id, confidence] for key, match_id, confidence in rows
    )
    stored = storage.save_bytes(f"results/{uuid.uuid4()}/part-00000.csv", out.getvalue().encode())
    uri = storage.our_uri(stored.key)
    return finished_run(of, None, RunKind.FIND_MATCHES, result_uri=uri, completed_at=timezone.now())


def groups_of(groups: str, *, confidence: str = "0.9") -> Rows:
    """``ab c`` are two groups, of the rows a and b, and of c; the match id is the place."""
    return [
        (key, str(number), confidence if len(keys) > 1 else "1.0")
        for number, keys in enumerate(groups.split())
        for key in keys
    ]


def listed(result: MatchResult, kind: GroupKind) -> list[str]:
    """The keys of the groups of a kind, with a mark between the parts of a group that changed."""
    found = []
    for group in result.found.filter(kind=kind):
        parts = group.parts or [0] * len(group.values)
        by_part: dict[int, str] = {}
        for part, values in zip(parts, group.values, strict=True):
            by_part[part] = by_part.get(part, "") + values[0]
        found.append("|".join(by_part.values()))
    return found


def read(run: TaskRun) -> MatchResult:
    sweep_matches()
    result = MatchResult.objects.get(run=run)
    assert result.read_at is not None
    return result


def test_groups_are_counted_and_the_doubtful_listed_first(taught: Transform) -> None:
    rows = [*groups_of("abcd", confidence="0.8"), ("e", "7", "0.55"), ("f", "7", "0.55"), ("g", "9", "")]
    result = read(written(taught, rows))
    assert (result.rows, result.groups, result.matched_groups, result.matched_rows) == (7, 3, 2, 6)
    assert result.sizes == [[4, 1], [2, 1], [1, 1]]
    assert listed(result, GroupKind.UNSURE) == ["ef", "abcd"]
    assert listed(result, GroupKind.LARGE) == ["abcd"]
    assert listed(result, GroupKind.JOINED) == listed(result, GroupKind.SPLIT) == []
    first = result.found.get(kind=GroupKind.UNSURE, place=0)
    assert (first.match_id, first.size, first.confidence) == ("7", 2, 0.55)
    assert first.values == [["e", 'name "e",\nline 2'], ["f", 'name "f",\nline 2']]


def test_what_changed_since_the_result_before(taught: Transform) -> None:
    written(taught, groups_of("ab cd efg h x"))
    result = read(written(taught, groups_of("abcdn eg f hi")))
    assert (result.joined, result.split, result.new_rows, result.gone_rows) == (1, 1, 2, 1)
    assert listed(result, GroupKind.JOINED) == ["ab|cd|n"]
    assert result.found.get(kind=GroupKind.JOINED).parts == [0, 0, 1, 1, -1]
    assert listed(result, GroupKind.SPLIT) == ["eg|f"]
    assert MatchResult.objects.count() == 1  # the newest alone is read


def test_large_groups_that_changed_show_rows_of_every_part(taught: Transform) -> None:
    def rows(parts: dict[str, int]) -> Rows:
        return [(f"{match_id}{n}", match_id, "0.9") for match_id, count in parts.items() for n in range(count)]

    many = {f"p{n:02}": 1 for n in range(70)}
    written(taught, rows({"a": 60, "b": 3, "c": 1} | many))
    as_one = [
        (key, "1" if key[0] in "abc" else "2", "0.5") for key, _id, _sure in rows({"a": 60, "b": 3, "c": 1} | many)
    ]
    result = read(written(taught, as_one))
    joined = {group.match_id: group for group in result.found.filter(kind=GroupKind.JOINED)}
    assert (joined["1"].size, len(joined["1"].values)) == (64, 50)
    assert joined["1"].parts == [0] * 46 + [1] * 3 + [2]
    assert len(set(joined["2"].parts)) == 50
    said = {
        match_id: (shown.parts, shown.more_parts, shown.more)
        for match_id, group in joined.items()
        if (shown := shown_group(group=group))
    }
    assert said == {"1": (3, False, 14), "2": (50, True, 20)}
    again = read(written(taught, rows({"a": 60, "b": 3, "c": 1} | many)))
    split = again.found.get(kind=GroupKind.SPLIT, match_id="1")
    assert (split.size, split.parts) == (64, [0] * 46 + [1] * 3 + [2])


def test_a_newer_result_takes_the_place_of_the_groups_but_not_of_the_figures(people: Cast, taught: Transform) -> None:
    earlier = read(written(taught, groups_of("ab cd ef")))
    old = list(earlier.found.filter(match_id="0").values_list("pk", flat=True))
    made = ask_about_groups(result=earlier, groups=old, user=people.lead)
    ask_about_group(result=earlier, group=old[0])
    newer = read(written(taught, groups_of("cdef ab")))
    earlier.refresh_from_db()
    assert not earlier.found.exists()
    assert not earlier.explanations.exists()
    assert earlier.groups == 3
    asked = {group.values[0][0]: group.question_set for group in newer.found.filter(kind=GroupKind.UNSURE)}
    assert asked == {"c": None, "a": made}  # the same rows under another match id
    with pytest.raises(NoQuestionsError, match="newer result"):
        ask_about_groups(result=earlier, groups=old, user=people.lead)


def test_an_earlier_result_that_is_read_late_leaves_the_groups_of_the_newer(taught: Transform) -> None:
    late = MatchResult.objects.create(run=written(taught, groups_of("ab")), claimed_at=timezone.now(), attempts=1)
    newer = read(written(taught, groups_of("abc")))
    read_matches(result=late)
    assert listed(newer, GroupKind.LARGE) == ["abc"]


def test_people_are_asked_about_the_same_rows_once(people: Cast, taught: Transform) -> None:
    first = read(written(taught, groups_of("ab cd")))
    made = ask_about_groups(result=first, user=people.lead, match_ids=["1"])
    gone = written(taught, groups_of("ab"))
    storage.delete(gone.result_uri.split("/", 3)[3])
    assert read(gone).problem
    newer = read(written(taught, groups_of("cd ab")))
    assert [group.question_set for group in find_groups(result=newer, text="name")] == [made, None]
    ask_both = partial(ask_about_groups, result=newer, user=people.lead, match_ids=["0", "1"], together=True)
    ask_both()
    with pytest.raises(NoQuestionsError, match="already"):  # the form is sent again
        ask_both()
    with pytest.raises(NoQuestionsError, match="nobody has been asked"):
        ask_about_groups(result=newer, user=people.lead, groups=newer.found.values_list("pk", flat=True))
    assert QuestionSet.objects.count() == 2


@pytest.mark.parametrize(
    ("header", "rows", "said"),
    [
        ("id,name,other,match_confidence_score", groups_of("ab"), "no column match_id"),
        ("key,name,match_id,match_confidence_score", groups_of("ab"), "no column id"),
        ("id,name,match_id,match_confidence_score", groups_of("ab", confidence="sure"), "not a number"),
        ("id,match_id,match_confidence_score", groups_of("ab"), "4 cells"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(taught: Transform, header: str, rows: Rows, said: str) -> None:
    result = read(written(taught, rows, header=header))
    assert said in result.problem
    assert not result.found.exists()


def test_a_result_that_is_gone_says_so_and_one_before_it_that_is_gone_costs_the_comparison(taught: Transform) -> None:
    gone = written(taught, groups_of("ab"))
    storage.delete(gone.result_uri.split("/", 3)[3])
    assert read(gone).problem
    result = read(written(taught, groups_of("ab c")))
    assert (result.problem, result.before, result.groups) == ("", None, 2)


def test_an_s3_that_refuses_is_asked_until_it_does_not(taught: Transform, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = cycle([GlueError("No answer.", retryable=True), GlueError("No access.", code="AccessDenied")])

    def refuse(*_args: object) -> None:
        raise next(answers)

    run = written(taught, groups_of("ab"))
    with monkeypatch.context() as patched:
        patched.setattr(storage, "download_uri", refuse)
        for _try in range(MAX_ATTEMPTS + 1):
            sweep_matches()
            MatchResult.objects.update(claimed_at=timezone.now() - CLAIM)
    assert MatchResult.objects.get(run=run).problem == "No access."
    result = read(run)
    assert (result.groups, result.problem) == (1, "")


@pytest.mark.parametrize(("problem", "waits"), [(RunProblem.EXPIRED, True), (RunProblem.ACCESS, False)])
def test_the_comparison_waits_for_credentials_and_not_for_an_older_table_that_is_refused(
    taught: Transform, monkeypatch: pytest.MonkeyPatch, problem: RunProblem, waits: bool
) -> None:
    before, run = written(taught, groups_of("ab cd")), written(taught, groups_of("abcd"))
    download = storage.download_uri

    def refuse_the_older(uri: str, file: IO[bytes]) -> None:
        if uri == before.result_uri:
            raise GlueError("Refused.", code="some", problem=problem)
        download(uri, file)

    with monkeypatch.context() as patched:
        patched.setattr(storage, "download_uri", refuse_the_older)
        sweep_matches()
    result = MatchResult.objects.get(run=run)
    assert (result.read_at is None, result.before) == (waits, None)
    if waits:
        MatchResult.objects.update(claimed_at=timezone.now() - CLAIM)
        assert read(run).before == before


def test_what_is_too_large_to_be_compared_is_counted(taught: Transform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matches, "MAX_COMPARED", 3)
    written(taught, groups_of("ab cd"))
    result = read(written(taught, groups_of("abc")))
    assert (result.before, result.groups) == (None, 1)
    compared = read(written(taught, groups_of("ab c")))
    assert (compared.before, compared.split) == (result.run, 1)
    assert read(written(taught, groups_of("ab cd"))).before is None


def test_results_without_confidence_or_with_repeated_keys_are_shown_as_far_as_they_go(taught: Transform) -> None:
    written(taught, groups_of("ab c"))
    result = read(written(taught, [("a", "1", ""), ("a", "1", ""), ("b", "1", "")]))
    assert (result.groups, result.before, listed(result, GroupKind.LARGE)) == (1, None, ["aab"])
    assert listed(result, GroupKind.UNSURE) == []


def test_chosen_groups_become_questions_once(people: Cast, taught: Transform) -> None:
    written(taught, groups_of("ab cd efg"))
    result = read(written(taught, [*groups_of("abcd eg f"), *((f"x{n}", "big", "0.7") for n in range(60))]))
    every = list(result.found.values_list("pk", flat=True))
    made = ask_about_groups(result=result, groups=every, user=people.lead)
    asked = {"".join(question.rows.values_list("key", flat=True)) for question in made.questions.all()}
    assert {"".join(sorted(keys)) for keys in asked} == {"abcd", "eg", "efg"}  # big is too large, abcd listed thrice
    assert not MatchGroup.objects.filter(question_set__isnull=True).exclude(match_id="big").exists()
    with pytest.raises(NoQuestionsError):
        ask_about_groups(result=result, groups=every, user=people.lead)
    assert QuestionSet.objects.get().task_run is None
    assert storage.read_uri(made.label_file.uri).startswith(b"labeling_set_id,label,id,name\n")

    question = made.questions.get(labeling_set_id="match-0")
    answer(question, people.steward, "AABB")
    question.refresh_from_db()
    assert sorted((question.result or {}).values()) == ["A", "A", "B", "B"]


def test_rows_are_found_by_any_text_in_them(taught: Transform) -> None:
    rows = [("Anna", "1", "0.9"), ("ANNE", "1", "0.9"), ("Bob", "2", "1.0"), ("joanna\0", "3", "1.0")]
    Transform.objects.update(columns=[{"name": "id"}, {"name": " Name "}])
    result = read(written(taught, rows))
    found = find_groups(result=result, text="ann")
    assert [(group.match_id, group.size, [values[0] for values in group.values]) for group in found] == [
        ("1", 2, ["Anna", "ANNE"]),
        ("3", 1, ["joanna\ufffd"]),
    ]
    assert find_groups(result=result, text="name (") == []  # a text, not a pattern
    assert len(find_groups(result=result, text="LINE 2")) == 3


def test_groups_that_may_be_one_thing_become_one_question(people: Cast, taught: Transform) -> None:
    result = read(written(taught, groups_of("ab cd e")))
    made = ask_about_groups(result=result, user=people.lead, match_ids=["0", "2", "nothing"], together=True)
    assert "".join(made.questions.get().rows.order_by("key").values_list("key", flat=True)) == "abe"
    again = {group.match_id: group.question_set for group in find_groups(result=result, text="name")}
    assert again == {"0": made, "1": None, "2": made}
    unsure = result.found.get(kind=GroupKind.UNSURE, match_id="0")
    assert unsure.question_set == made
    other = ask_about_groups(result=result, user=people.lead, groups=[unsure.pk], match_ids=["1"], together=True)
    assert other.questions.get().rows.count() == 4
    with pytest.raises(NoQuestionsError, match="two groups"):
        ask_about_groups(result=result, user=people.lead, match_ids=["0"], together=True)


@pytest.mark.parametrize(
    ("keys", "said"), [(["", "a"], "a row has no primary key"), (["a", "a"], "two rows have the same primary key")]
)
def test_rows_without_proper_keys_fit_no_question_and_it_is_said_why(
    people: Cast, taught: Transform, keys: list[str], said: str
) -> None:
    result = read(written(taught, [*((key, "0", "0.9") for key in keys), ("c", "1", "0.9")]))
    for together, match_ids in ((True, ["0", "1"]), (False, ["0"])):
        with pytest.raises(NoQuestionsError, match=said):
            ask_about_groups(result=result, user=people.lead, match_ids=match_ids, together=together)
    assert not any(group.question_set for group in find_groups(result=result, text="name"))
    assert not QuestionSet.objects.exists()


def test_too_many_rows_for_one_question(people: Cast, taught: Transform) -> None:
    rows = [(f"{letter}{n}", letter, "0.9") for letter in "ab" for n in range(26)]
    result = read(written(taught, rows))
    with pytest.raises(NoQuestionsError, match="52 rows"):
        ask_about_groups(result=result, user=people.lead, match_ids=["a", "b"], together=True)
    assert ask_about_groups(result=result, user=people.lead, match_ids=["a", "b"]).questions.count() == 2


def test_a_row_alone_is_no_question_and_not_said_to_be_one(people: Cast, taught: Transform) -> None:
    result = read(written(taught, groups_of("ab c")))
    made = ask_about_groups(result=result, user=people.lead, match_ids=["0", "1"])
    assert made.questions.count() == 1
    assert [group.question_set for group in find_groups(result=result, text="name")] == [made, None]
    with pytest.raises(NoQuestionsError):
        ask_about_groups(result=result, user=people.lead, match_ids=["1"])


def test_nothing_is_asked_of_an_archived_transform(people: Cast, taught: Transform) -> None:
    result = read(written(taught, groups_of("ab")))
    archive_transform(transform=taught, user=people.admin)
    taught.refresh_from_db()
    result.run.transform = taught
    with pytest.raises(RunConflictError):
        ask_about_groups(result=result, groups=result.found.values_list("pk", flat=True), user=people.lead)
