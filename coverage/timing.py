"""Log how long the steps of a run take, and how much memory the process took until then."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger("walkcover")


@contextmanager
def step(name: str) -> Iterator[None]:
    """
    Log the seconds of a step, and the peak memory of the process at its end.

    Parameters
    ----------
    name
        What the log calls the step.

    Examples
    --------
    >>> with step("walking"):
    ...     pass
    """
    start = time.perf_counter()
    yield
    peak = peak_mib()
    memory = "" if peak is None else f", peak {peak:.0f} MiB"
    log.info("%s: %.2f s%s", name, time.perf_counter() - start, memory)


def peak_mib() -> float | None:
    """
    Tell the peak memory of this process in MiB.

    Returns
    -------
    peak
        None where the system does not tell.
    """
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
