"""What can go wrong in ways a person can act on; the message is shown to that person."""

from __future__ import annotations


class LabelportalError(Exception):
    """Base: ``str(error)`` is a sentence for the reader, in plain words."""


class InvalidSourceError(LabelportalError):
    """The uploaded file or chosen table cannot be used."""


class InvalidSheetError(LabelportalError):
    """The spreadsheet cannot be taken in at all."""


class InvalidLabelsError(LabelportalError):
    """The labels that somebody brought cannot be used as they are."""


class NoQuestionsError(LabelportalError):
    """There is no question for this person."""


class NoExplanationError(LabelportalError):
    """Nobody can say why about these rows, or they are no longer there."""


class InvalidAnswerError(LabelportalError):
    """The grouping is incomplete or does not fit the question."""


class QuestionTakenError(LabelportalError):
    """Somebody else holds or has answered the question."""


class NotMeantError(QuestionTakenError):
    """The question is assigned to other people or needs a skill that the person has not."""


class AlreadyAnsweredError(QuestionTakenError):
    """The person has submitted an answer to the question before, perhaps in another tab; it stands."""


class NewerGroupingError(QuestionTakenError):
    """The person has gone on with the question since, perhaps on another computer; what is there is newer than what comes."""


class InvalidFilterError(LabelportalError):
    """The filter names something that is not there."""


class InvalidCommentError(LabelportalError):
    """The comment is blank, too long, or on something that is not there."""


class InvalidSettingError(LabelportalError):
    """A setting is out of its range or does not fit the others."""


class GuidelinesChangedError(LabelportalError):
    """Somebody else has saved other guidelines than those that the person has changed."""


class InvalidWebhookError(LabelportalError):
    """The address cannot be called, or no event is chosen."""


class RunConflictError(LabelportalError):
    """A run of this kind is already under way for the transform."""


class LabelsChangedError(LabelportalError):
    """Glue holds other labels than those that were written out for a replacement."""


class TransformTakenError(LabelportalError):
    """The portal has this transform of Glue's already, here or in another team."""


class NothingToImportError(LabelportalError):
    """No answer would reach the label file."""


class GlueError(LabelportalError):
    """Glue or S3 refused or did not answer.

    ``code`` is AWS's error code; ``retryable`` tells whether waiting can help; ``advice`` says what to do;
    ``problem`` is one of ``choices.RunProblem``, empty where there is no word for it; ``outcome_unknown`` warns that the call may have been carried out although no answer came back.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        retryable: bool = False,
        advice: str = "",
        outcome_unknown: bool = False,
        problem: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable
        self.advice = advice
        self.outcome_unknown = outcome_unknown
        self.problem = problem


class UnknownTransformError(GlueError):
    """Glue has no transform of this id that the team may use."""


class TableOfOthersError(GlueError):
    """The table is made of what another team has uploaded; to everybody else there is no such table."""
