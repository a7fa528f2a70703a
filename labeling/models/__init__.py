"""The tables of the portal."""

from labeling.models.answers import Answer, AnswerChange, RowLabel
from labeling.models.automation import Automation, Chain
from labeling.models.explanations import PairExplanation
from labeling.models.label_files import LabelFile, LabelFileQuestion, LabelFileReport, LabelReplacement
from labeling.models.matches import MatchGroup, MatchResult
from labeling.models.notifications import Notification, NotificationPreference, Occurrence, Webhook, WebhookDelivery
from labeling.models.quality import JudgedQuestion, ShadowEstimate
from labeling.models.questions import Question, QuestionAssignment, QuestionSet, Row
from labeling.models.task_runs import SavedView, TaskRun, TaskRunEvent
from labeling.models.team_work import (
    Comment,
    Contradiction,
    GuidelineExample,
    KeyPreference,
    WorkbenchPreference,
    WorkGoal,
)
from labeling.models.transforms import SourceFile, Transform
from labeling.models.uploads import LabelUpload, SheetUpload

__all__ = [
    "Answer",
    "AnswerChange",
    "Automation",
    "Chain",
    "Comment",
    "Contradiction",
    "GuidelineExample",
    "JudgedQuestion",
    "KeyPreference",
    "LabelFile",
    "LabelFileQuestion",
    "LabelFileReport",
    "LabelReplacement",
    "LabelUpload",
    "MatchGroup",
    "MatchResult",
    "Notification",
    "NotificationPreference",
    "Occurrence",
    "PairExplanation",
    "Question",
    "QuestionAssignment",
    "QuestionSet",
    "Row",
    "RowLabel",
    "SavedView",
    "ShadowEstimate",
    "SheetUpload",
    "SourceFile",
    "TaskRun",
    "TaskRunEvent",
    "Transform",
    "Webhook",
    "WebhookDelivery",
    "WorkGoal",
    "WorkbenchPreference",
]
