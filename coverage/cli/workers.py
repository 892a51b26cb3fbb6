"""Options of commands whose work can be spread over processes and machines."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from walkcover.by_region import Regional
    from walkcover.plan import Plan

F = TypeVar("F", bound=Callable[..., Any])


def worker_options(command: F) -> F:
    """Options ``--workers``, ``--scheduler`` and ``--work``."""
    options = (
        click.option(
            "--workers",
            type=click.IntRange(min=1),
            help="Worker processes on this computer, for a plan that is done by [regions].",
        ),
        click.option(
            "--scheduler",
            metavar="tcp://HOST:PORT",
            help="Dask scheduler whose workers do the regions; they must see the same folders.",
        ),
        click.option(
            "--work",
            type=click.Path(file_okay=False, path_type=Path),
            help="Folder for the files of regions; a run that was interrupted goes on from there. "
            "[default: beside --out, and removed at the end]",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@contextmanager
def regional_options(
    plan: Plan, *, out: Path | None, workers: int | None, scheduler: str | None, work: Path | None
) -> Iterator[Regional | None]:
    """
    Turn the options into who does the regions, and where.

    Yields
    ------
    regional
        None where nothing is asked for, neither by the options nor by the plan.
    """
    if workers and scheduler:
        msg = "--workers starts a cluster of its own, --scheduler goes to one that runs: give one"
        raise click.UsageError(msg)
    spread = bool(workers or scheduler)
    if not (spread or work or plan.regions.residences):
        yield None
        return
    from walkcover.by_region import Regional
    from walkcover.runners import OneByOne

    with _work_folder(out, work) as folder:
        if spread and plan.regions.residences:
            from walkcover.io.cluster import dask_runner

            with dask_runner(workers=workers or 0, scheduler=scheduler or "", work=folder) as hands:
                yield Regional(hands, folder)
        else:
            # Workers without regions are refused where the plan is known to have none.
            yield Regional(OneByOne(), folder)


@contextmanager
def _work_folder(out: Path | None, work: Path | None) -> Iterator[Path]:
    """The folder that is named, else one that ends with a run that ends well."""
    if work is not None:
        yield work.absolute()
    elif out is None:
        with tempfile.TemporaryDirectory(prefix="walkcover-") as folder:
            yield Path(folder)
    else:
        folder_beside = out.absolute().with_name(f"{out.name}.regions")
        yield folder_beside
        shutil.rmtree(folder_beside, ignore_errors=True)
