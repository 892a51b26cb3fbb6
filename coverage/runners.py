"""Runners: how the tasks of regions are done, one after the other or by somebody else."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

# Shorter work needs no sign of life.
PATIENCE_S = 2.0

log = logging.getLogger("walkcover")


class Runner(Protocol):
    """Whoever does tasks; what comes out must not depend on who it is."""

    def run(self, task: Callable[..., Any], calls: Sequence[tuple[Any, ...]], name: str) -> None:
        """
        Do a task for each set of arguments.

        Parameters
        ----------
        task
            A function of a module; it leaves its result in a file.
        calls
            Arguments of each call.
        name
            What the log calls the work.
        """


class OneByOne:
    """Do tasks one after the other in this process."""

    def run(self, task: Callable[..., Any], calls: Sequence[tuple[Any, ...]], name: str) -> None:
        """Do a task for each set of arguments; see `Runner`."""
        progress = Progress(name, len(calls))
        for call in calls:
            task(*call)
            progress.one_more()


class Progress:
    """
    Log how many regions are done, no more often than somebody cares to read.

    Parameters
    ----------
    name
        What the log calls the work.
    total
        Regions in all.
    """

    def __init__(self, name: str, total: int) -> None:
        self.done = 0
        self._name = name
        self._total = total
        self._told = time.monotonic()

    def one_more(self) -> None:
        """Count a region."""
        self.done += 1
        if time.monotonic() - self._told > PATIENCE_S:
            self._told = time.monotonic()
            log.info("%s: %d of %d regions", self._name, self.done, self._total)
