"""Tasks done by the workers of a Dask cluster: a local one, or one that runs."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from walkcover._errors import ClusterError, MissingToolError
from walkcover.runners import Progress

# A task that fails for a reason outside of it, such as a disk that is away, is tried again.
RETRIES = 2
# Seconds until a scheduler that does not answer counts as gone.
CONNECT_S = 20

log = logging.getLogger("walkcover")


class DaskRunner:
    """
    Do tasks on the workers of a cluster.

    Parameters
    ----------
    client
        A client of ``distributed``.
    where
        Address of the scheduler, for messages.
    """

    def __init__(self, client: Any, where: str) -> None:
        self.client = client
        self._where = where

    def run(self, task: Callable[..., Any], calls: Sequence[tuple[Any, ...]], name: str) -> None:
        """Do a task for each set of arguments; see `walkcover.runners.Runner`."""
        distributed = _distributed()
        progress = Progress(name, len(calls))
        try:
            futures = [
                self.client.submit(task, *call, pure=False, retries=RETRIES) for call in calls
            ]
            for future in distributed.as_completed(futures, loop=self.client.loop):
                # What a task leaves is a file: only what failed is asked for.
                if future.status != "finished":
                    future.result()
                progress.one_more()
        except distributed.KilledWorker as error:
            msg = (
                f"{name}: a region ended its worker several times ({error}); most likely the "
                "memory is too small: give smaller regions ([regions] residences) or fewer workers"
            )
            raise ClusterError(msg) from error
        except (CancelledError, OSError) as error:
            if not self._is_lost(error):
                raise
            msg = (
                f"{name}: the scheduler {self._where} does not answer any more, {progress.done} of "
                f"{len(calls)} regions are done; start it again and give the same command: it goes "
                "on where this one ended"
            )
            raise ClusterError(msg) from error

    def _is_lost(self, error: Exception) -> bool:
        """Whether an error is of the way to the scheduler, not of a task."""
        # A client still calls itself running for a moment after its connection has ended.
        of_the_way = (CancelledError, _distributed().comm.CommClosedError)
        return isinstance(error, of_the_way) or bool(self.client.status != "running")


def _distributed() -> Any:
    """The scheduling library of Dask, which says little of its types."""
    try:
        return importlib.import_module("distributed")
    except ImportError as error:
        msg = "Dask is not installed, which spreads work; pip install 'walkcover[distributed]'"
        raise MissingToolError(msg) from error


@contextmanager
def dask_runner(*, workers: int = 0, scheduler: str = "", work: Path) -> Iterator[DaskRunner]:
    """
    Start a local cluster, or go to one that runs.

    Parameters
    ----------
    workers
        Worker processes of a local cluster, each on one thread; they share the memory.
    scheduler
        Address of a scheduler that runs, as ``tcp://10.0.0.5:8786``; its workers must see the
        folder `work` under the same path, and have the same version of walkcover.
    work
        Folder of the run; what workers spill is put there.

    Yields
    ------
    runner
        Ends with the block; a cluster that ran before runs on.

    Raises
    ------
    MissingToolError
        If Dask is not installed.
    ClusterError
        If the scheduler does not answer.
    """
    distributed = _distributed()
    logging.getLogger("distributed").setLevel(logging.ERROR)
    if scheduler:
        try:
            client = distributed.Client(scheduler, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            msg = (
                f"the scheduler {scheduler} does not answer ({error}); expected an address as "
                "tcp://10.0.0.5:8786, of a scheduler that runs: dask scheduler"
            )
            raise ClusterError(msg) from error
        try:
            yield DaskRunner(client, scheduler)
        finally:
            client.close(timeout=CONNECT_S)
        return
    spill = work / "spill"
    spill.mkdir(parents=True, exist_ok=True)
    with (
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
            local_directory=str(spill),
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield DaskRunner(client, cluster.scheduler_address)
