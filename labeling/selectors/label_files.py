"""Label files: the list of a transform, and for one of them where it came from and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from accounts.models import User
from labeling.choices import LabelFileKind, RunKind, RunStatus
from labeling.models import Answer, LabelFile, LabelFileReport, LabelUpload, Question, QuestionSet, TaskRun, Transform


@dataclass(frozen=True, slots=True)
class Contributor:
    """Somebody whose answers went into a file, and into how many of its questions."""

    person: User
    questions: int


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a file came from: exactly the parts that fit its kind are there."""

    questions: int
    people: list[Contributor]
    upload: LabelUpload | None
    question_set: QuestionSet | None
    export: TaskRun | None


def label_files_of(*, transform: Transform) -> QuerySet[LabelFile]:
    """Every label file of the transform, newest first, with how many imports have ended well with it."""
    learned = Q(task_runs__kind=RunKind.IMPORT_LABELS, task_runs__status=RunStatus.SUCCEEDED)
    return (
        LabelFile.objects.filter(transform=transform)
        .select_related("created_by")
        .annotate(imports=Count("task_runs", filter=learned))
        .order_by("-created_at", "part")
    )


def provenance(*, label_file: LabelFile) -> Provenance:
    """From which answers, file or run a label file came."""
    included = label_file.included_questions
    people: list[Contributor] = []
    if label_file.kind in (LabelFileKind.BUILT, LabelFileKind.EXPORTED, LabelFileKind.COMPOSED):
        counts = (
            Answer.objects.filter(question__inclusions__label_file=label_file, version__gte=1, control=False)
            .order_by()
            .values("steward")
            .annotate(questions=Count("question", distinct=True))
            .order_by("-questions")
        )
        found = {row["steward"]: row["questions"] for row in counts}
        persons = User.objects.in_bulk(found)
        people = [Contributor(persons[pk], questions) for pk, questions in found.items()]
    return Provenance(
        questions=included.count(),
        people=people,
        upload=LabelUpload.objects.filter(label_file=_first_part(label_file)).first(),
        question_set=QuestionSet.objects.filter(label_file=label_file).first(),
        export=label_file.task_runs.filter(kind=RunKind.EXPORT_LABELS).first(),
    )


def _first_part(label_file: LabelFile) -> LabelFile:
    while label_file.follows is not None:
        label_file = label_file.follows
    return label_file


def parts_of(label_file: LabelFile) -> list[LabelFile]:
    """The file and the parts that follow it."""
    parts = [label_file]
    while parts[-1].part < parts[-1].parts:
        parts.append(LabelFile.objects.get(follows=parts[-1]))
    return parts


def sibling_parts(*, label_file: LabelFile) -> list[LabelFile]:
    """The part before and the part after, of a file that was too large for Glue."""
    if label_file.parts == 1:
        return []
    either = Q(next_part=label_file) | Q(follows=label_file)
    return list(LabelFile.objects.filter(either).order_by("part"))


def findings_of(*, label_file: LabelFile) -> list[dict[str, object]]:
    """What was found in the file when it was kept."""
    report = LabelFileReport.objects.filter(label_file=label_file).only("findings").first()
    return list(report.findings) if report else []


def questions_by_set(*, label_file: LabelFile, names: Sequence[str]) -> dict[str, UUID]:
    """Our questions among these labeling sets."""
    ours = Question.objects.filter(question_set__transform=label_file.transform_id, labeling_set_id__in=set(names))
    return dict(ours.values_list("labeling_set_id", "pk"))
