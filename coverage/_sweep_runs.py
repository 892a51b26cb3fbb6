"""Run the combinations of a sweep, in this process or in several."""

from __future__ import annotations

import functools
import logging
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from walkcover._errors import WalkCoverError
from walkcover._sweep_grid import Combination, reading, reading_plan
from walkcover.io.inputs import Inputs, read_inputs
from walkcover.job import assess
from walkcover.job import suggest as suggest_sites

log = logging.getLogger("walkcover")


@dataclass(frozen=True)
class Outcome:
    """
    What became of a combination.

    Parameters
    ----------
    summary
        The summary of its run; empty where it failed.
    error
        What stood in the way; empty where nothing did.
    warnings
        What the run warned of.
    """

    summary: dict[str, Any]
    error: str
    warnings: tuple[str, ...]


def outcomes(
    grid: Sequence[Combination],
    missing: Sequence[int],
    *,
    workers: int,
    seed: int,
    suggest: bool,
) -> Iterator[tuple[int, Outcome]]:
    """
    Run combinations, those that read the same one after another.

    Parameters
    ----------
    grid
        All combinations.
    missing
        Positions of those to run.
    workers
        Number of processes.
    seed
        Start of the random numbers.
    suggest
        Whether sites are suggested.

    Yields
    ------
    position, outcome
        As they are finished.

    Raises
    ------
    WalkCoverError
        If the system ended a process.
    """
    readings = {number: reading(grid[number].plan) for number in missing}
    first: dict[str, int] = {}
    for number in missing:
        first.setdefault(readings[number], number)
    order = sorted(missing, key=lambda number: (first[readings[number]], number))
    run = functools.partial(_run, seed=seed, suggest=suggest)
    try:
        if min(workers, len(order)) <= 1:
            for number in order:
                with _hearing_ctrl_c() as heard:
                    outcome = run(grid[number], readings[number])
                    # A search that Ctrl-C ended early has not the answer of one that was not.
                    if heard():
                        raise KeyboardInterrupt
                yield number, outcome
        else:
            yield from _in_processes(run, grid, order, readings, workers)
    finally:
        # Files may have changed by the next sweep.
        _inputs.cache_clear()


def _in_processes(
    run: Callable[[Combination, str], Outcome],
    grid: Sequence[Combination],
    order: Sequence[int],
    readings: Mapping[int, str],
    workers: int,
) -> Iterator[tuple[int, Outcome]]:
    context = multiprocessing.get_context("spawn")
    before = {*multiprocessing.active_children()}
    with ProcessPoolExecutor(
        min(workers, len(order)), mp_context=context, initializer=_start_worker
    ) as pool:
        jobs = {pool.submit(run, grid[number], readings[number]): number for number in order}
        try:
            for job in as_completed(jobs):
                yield jobs[job], job.result()
        except BrokenProcessPool as error:
            msg = (
                "a process of the sweep was ended by the system, perhaps for lack of memory; start "
                "it again with fewer workers: what was finished is kept"
            )
            raise WalkCoverError(msg) from error
        except BaseException:
            # Whoever stops a sweep does not wait for what is being computed.
            pool.shutdown(wait=False, cancel_futures=True)
            for process in {*multiprocessing.active_children()} - before:
                process.terminate()
            raise


def _start_worker() -> None:
    """Let a worker end with the sweep, also where that is killed, and at Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run(one: Combination, text: str, *, seed: int, suggest: bool) -> Outcome:
    """Run one combination on what its plan reads."""
    with _kept_warnings() as warnings:
        try:
            inputs = _inputs(text)
            if suggest:
                result = suggest_sites(one.plan, inputs=inputs, seed=seed)
            else:
                result = assess(one.plan, inputs=inputs)
        except WalkCoverError as error:
            return Outcome({}, str(error), tuple(warnings))
        except Exception as error:
            error.add_note(f"in the sweep at {one.text}")
            raise
    return Outcome(result.summary, "", tuple(warnings))


@functools.lru_cache(maxsize=1)
def _inputs(text: str) -> Inputs:
    """What plans read that read the same, the last one kept for the next combination."""
    return read_inputs(reading_plan(text))


@contextmanager
def _kept_warnings() -> Iterator[list[str]]:
    """Keep warnings, which most combinations share, and leave out the steps of each."""
    texts: list[str] = []

    def keep(record: logging.LogRecord) -> bool:
        if record.levelno >= logging.WARNING:
            texts.append(record.getMessage())
        return False

    log.addFilter(keep)
    try:
        yield texts
    finally:
        log.removeFilter(keep)


@contextmanager
def _hearing_ctrl_c() -> Iterator[Callable[[], bool]]:
    """Tell whether Ctrl-C was pressed, also where a search took it as the end of its time."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)

    def heard() -> bool:
        try:
            return signal.SIGINT in ours.recv(4096)
        except BlockingIOError:
            return False

    try:
        yield heard
    finally:
        signal.set_wakeup_fd(before)
        ours.close()
        theirs.close()
