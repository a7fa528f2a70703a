"""Starts the parts, brings back the ones that fail, stops them in order. Built on honcho's manager, processes and printer.

honcho itself stops everything when one process ends. An operator expects more of a service: a part that worked and fails is started again, with a pause that
doubles, and only a part that fails again and again stops the rest.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from honcho.manager import Manager
from honcho.printer import Printer

from labelportal.run.config import ROOT
from labelportal.run.keeper import Keeper
from labelportal.run.parts import Part

STOP_SECONDS = 8.0
STEADY_SECONDS = 60.0
MAX_FAILURES = 5


class Stopped(Exception):  # noqa: N818 - no error: what the operator asked for
    """SIGINT or SIGTERM came."""


class PartError(Exception):
    """A part cannot be kept running; the message says which and shows the end of its log."""


@dataclass(slots=True)
class _State:
    part: Part
    keeper: multiprocessing.process.BaseProcess
    started: float
    answered: bool = False
    failures: int = 0
    restart_at: float | None = None


class Supervisor(Manager):  # type: ignore[misc]  # honcho has no types
    """One per launcher. All methods are called from the main thread."""

    def __init__(self, logs: Path, *, name: str, verbose: bool) -> None:
        super().__init__(Printer())
        self._name = name
        self._verbose = verbose
        self._lifeline = os.pipe()
        self._process_ctor = partial(Keeper, logs=logs, lifeline=self._lifeline)
        self._states: dict[str, _State] = {}
        self._signal: int | None = None
        self._stopping = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note_signal)

    def _note_signal(self, number: int, frame: FrameType | None) -> None:
        self._signal = number
        if self._stopping:  # asked twice: at once, then
            self._kill_all()

    @property
    def signal_number(self) -> int:
        """The signal that ended the run."""
        return self._signal or signal.SIGTERM

    def launch(self, part: Part, *, failures: int = 0) -> None:
        """Starts the part and does not wait for it."""
        for folder in part.folders:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._processes.pop(part.name, None)
        process = self.add_process(part.name, part.command, quiet=not self._verbose, env=dict(part.env), cwd=str(ROOT))
        keeper = multiprocessing.Process(name=part.name, target=process.run, args=(self.events, True))
        keeper.start()
        self._states[part.name] = _State(part, keeper, time.monotonic(), failures=failures)

    def wait(self, parts: Iterable[Part], *, seconds: float = 120.0) -> None:
        """Returns when all of them answer; raises PartError if one ends before or stays silent, Stopped if a signal comes."""
        deadline = time.monotonic() + seconds
        waiting = [part.name for part in parts]
        while waiting:
            self.pump(0.05)
            for name in waiting:
                if time.monotonic() > deadline:
                    raise PartError(f"{name} does not answer after {seconds:g} s.\n{self.log_tail(name)}")
                if self._answers(name):
                    waiting = [other for other in waiting if other != name]

    def _answers(self, name: str) -> bool:
        state = self._states[name]
        if not state.answered and "pid" in self._processes[name] and state.part.answers():
            self._drain()
            state.answered = self._running(name)
        return state.answered

    def run(self) -> None:
        """Keeps all parts running; returns only by PartError or Stopped."""
        while True:
            self.pump(0.5)
            for name, state in self._states.items():
                if not state.answered and self._running(name) and self._answers(name):
                    self.say(f"{name} answers again.")

    def pump(self, timeout: float) -> None:
        """Handles what has happened and starts what is due; waits ``timeout`` seconds at most for news."""
        self._drain(timeout)
        if self._signal is not None:
            raise Stopped
        now = time.monotonic()
        for name, state in list(self._states.items()):
            if state.restart_at is not None:
                if now >= state.restart_at:
                    self.launch(state.part, failures=state.failures)
            elif not self._running(name):
                self._handle_end(name, state, now)

    def _drain(self, timeout: float = 0.0) -> None:
        while True:
            try:
                message: Any = self.events.get(timeout=timeout) if timeout else self.events.get_nowait()
            except queue.Empty:
                return
            timeout = 0.0
            entry = self._processes.get(message.name)
            if message.type == "line":
                self._printer.write(message)
            elif message.type == "start" and entry is not None:
                entry["pid"] = message.data["pid"]
            elif message.type == "stop" and entry is not None:
                entry["returncode"] = message.data["returncode"]

    def _running(self, name: str) -> bool:
        """Whether neither the part nor its keeper has ended."""
        return "returncode" not in self._processes[name] and self._states[name].keeper.is_alive()

    def _handle_end(self, name: str, state: _State, now: float) -> None:
        self._drain(0.2)  # a keeper that ends in order has just said how its part ended
        how = _describe(self._processes[name].get("returncode"))
        if not state.answered and not state.failures:
            raise PartError(f"{name} ended ({how}) before it answered.\n{self.log_tail(name)}")
        state.failures = 1 if now - state.started > STEADY_SECONDS else state.failures + 1
        if state.failures > MAX_FAILURES:
            raise PartError(f"{name} ended ({how}) for the {state.failures}th time in a row.\n{self.log_tail(name)}")
        pause = 2.0 ** (state.failures - 1)
        state.restart_at = now + pause
        self.say(f"{name} ended ({how}); it will be started again in {pause:g} s. Its log: {state.part.log}")

    def log_tail(self, name: str) -> str:
        """The end of the part's log, for messages."""
        log = self._states[name].part.log
        text = log.read_text(errors="replace") if log.exists() else ""
        return "\n".join([f"The end of {log}:", *(f"    {line}" for line in text.splitlines()[-20:])])

    def stop(self) -> None:
        """Ends everything, those that others need last. SIGTERM first; SIGKILL for what remains after 8 s or when asked again."""
        self._stopping = True
        for stage in sorted({state.part.stage for state in self._states.values()}, reverse=True):
            names = [name for name, state in self._states.items() if state.part.stage == stage]
            deadline = time.monotonic() + STOP_SECONDS
            asked: set[str] = set()
            while alive := [name for name in names if self._running(name)]:
                for name in alive:
                    pid = self._processes[name].get("pid")
                    if pid is not None and name not in asked:
                        asked.add(name)
                        _signal(pid, signal.SIGTERM)
                if time.monotonic() > deadline:
                    self.say(f"{', '.join(alive)} did not end in {STOP_SECONDS:g} s and will be killed.")
                    self._kill_all(alive)
                    deadline = time.monotonic() + 2.0
                self._drain(0.05)
        for state in self._states.values():
            state.keeper.join(2)

    def _kill_all(self, names: Iterable[str] | None = None) -> None:
        for name in list(self._states if names is None else names):
            pid = self._processes[name].get("pid")
            if pid is not None and "returncode" not in self._processes[name]:
                try:
                    os.killpg(pid, signal.SIGKILL)
                except (ProcessLookupError, PermissionError):  # macOS says the latter of a group that has just ended
                    continue

    def say(self, text: str) -> None:
        """One message of the launcher itself."""
        print(f"{self._name}: {text}", flush=True)  # noqa: T201 - the launcher talks to a terminal


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _describe(returncode: int | None) -> str:
    if returncode is None:
        return "killed together with its keeper"
    if returncode < 0:
        return f"by {signal.Signals(-returncode).name}"
    return f"exit code {returncode}"
