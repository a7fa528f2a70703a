"""The tables of the portal."""

from labeling.models.label_files import LabelFile, LabelFileAnswer
from labeling.models.questions import Answer, Question, QuestionSet, Row, RowLabel
from labeling.models.task_runs import TaskRun, TaskRunEvent
from labeling.models.transforms import SourceFile, Transform

__all__ = [
    "Answer",
    "LabelFile",
    "LabelFileAnswer",
    "Question",
    "QuestionSet",
    "Row",
    "RowLabel",
    "SourceFile",
    "TaskRun",
    "TaskRunEvent",
    "Transform",
]
