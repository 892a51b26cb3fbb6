"""The safety stop of a search: a time limit, or Ctrl-C."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

# How often a running solver is asked whether it has to stop, in seconds.
POLL_S = 0.05

Found = TypeVar("Found")


class Deadline:
    """A moment on the monotonic clock after which a search ends with what it has."""

    def __init__(self, limit_s: float) -> None:
        self._end = time.monotonic() + limit_s

    def left_s(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self._end - time.monotonic())

    def passed(self) -> bool:
        """Tell whether no time is left."""
        return self.left_s() == 0.0

    def stop(self) -> None:
        """Let no time be left."""
        self._end = -float("inf")

    def share(self, part: float) -> Deadline:
        """Give a deadline that leaves a part of the time left for what comes behind."""
        return Deadline(part * self.left_s())


@contextmanager
def interruptible(limit_s: float) -> Iterator[Deadline]:
    """
    Set a deadline that Ctrl-C brings forward; a second Ctrl-C ends the program as usual.

    Only the main thread hears of Ctrl-C; in others this is a plain deadline.
    """
    deadline = Deadline(limit_s)
    if threading.current_thread() is not threading.main_thread():
        yield deadline
        return
    before = signal.getsignal(signal.SIGINT)

    def end(_signal: int, _frame: FrameType | None) -> None:
        deadline.stop()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, end)
    try:
        yield deadline
    finally:
        signal.signal(signal.SIGINT, before)


def stoppable(work: Callable[[], Found], stop: Callable[[], None], deadline: Deadline) -> Found:
    """
    Run work that does not return to Python, and call `stop` once the deadline has passed.

    The work runs in a thread of its own and must release the interpreter, so that signals are
    heard meanwhile.
    """
    with ThreadPoolExecutor(1) as pool:
        future: Future[Found] = pool.submit(work)
        while not wait([future], timeout=POLL_S).done:
            if deadline.passed():
                stop()
        return future.result()
