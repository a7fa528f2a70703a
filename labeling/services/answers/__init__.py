"""People take questions, save drafts, submit, and change their minds.

A question is held by one person at a time under a lease. Taking, submitting and reopening are compare-and-set updates, so that two
people who press at the same moment never get the same question and never answer it twice. What was typed is kept even when the
question is gone: as a draft that reaches no label file. Every change of an answer that counts is written to its history.

Whoever gives an answer locks it before its question; whoever decides, or takes an answer that stands back, locks the question first. The former want
answers that do not stand, the latter those that do, so neither waits for the other's.
"""

from __future__ import annotations

from labeling.services.answers.correct import reopen_answer, withdraw_answer, withdraw_answers
from labeling.services.answers.give import save_draft, submit_answer
from labeling.services.answers.queue import LEASE, next_question, open_question, release_question, skip_question

__all__ = [
    "LEASE",
    "next_question",
    "open_question",
    "release_question",
    "reopen_answer",
    "save_draft",
    "skip_question",
    "submit_answer",
    "withdraw_answer",
    "withdraw_answers",
]
