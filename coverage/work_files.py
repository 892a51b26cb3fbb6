"""Files of daily work in the output folder: which there are, and how each is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from walkcover._errors import InputError
from walkcover.io.writers import (
    Layers,
    relay_layers,
    round_layers,
    with_lon_lat,
    write_csv,
    write_layers,
    write_parquet,
)
from walkcover.operations import Operations, RelayPlan, RoundPlan
from walkcover.result import Result

Writer = Callable[[Result, Path], None]

DEMAND_FILES = ("services.parquet", "site_load.csv", "site_hours.parquet", "slots.csv")
ROUND_FILES = ("stops.csv", "rounds.csv", "rounds_unserved.csv", "rounds.html", "rounds.gpkg")
RELAY_FILES = (
    "relay_sources.csv",
    "relay_routes.csv",
    "relay_late.csv",
    "laboratories.csv",
    "laboratory_hours.csv",
    "relay.gpkg",
)
WORK_FILES = (*DEMAND_FILES, *ROUND_FILES, *RELAY_FILES, "intervals.csv")


def planned_files(result: Result) -> tuple[str, ...]:
    """
    Name the files of the daily work that was planned.

    Parameters
    ----------
    result
        The result.

    Returns
    -------
    files
        None where no daily work was planned.
    """
    work = result.operations
    if work is None:
        return ()
    return (
        *DEMAND_FILES,
        *(ROUND_FILES if work.rounds is not None else ()),
        *(RELAY_FILES if work.relay is not None else ()),
        *(("intervals.csv",) if len(work.intervals) else ()),
    )


def _round_sheets(result: Result, path: Path) -> None:
    from walkcover.maps.round_sheets import build_round_sheets

    path.write_text(build_round_sheets(result), encoding="utf-8", newline="")


def _work(table: Callable[[Operations], pd.DataFrame]) -> Writer:
    """A writer of a table of daily work, as csv; places as lon and lat."""

    def write_table(result: Result, path: Path) -> None:
        write_csv(with_lon_lat(table(_operations(result))), path)

    return write_table


def _operations(result: Result) -> Operations:
    if result.operations is None:
        msg = (
            "the result holds no daily work: expected what walkcover.operate gave, or a run of a "
            "plan with [bases], [laboratories], [places] or desks"
        )
        raise InputError(msg)
    return result.operations


def _rounds(operations: Operations) -> RoundPlan:
    if operations.rounds is None:
        msg = "rounds were not planned: name where teams start in [bases] source"
        raise InputError(msg)
    return operations.rounds


def _relay(operations: Operations) -> RelayPlan:
    if operations.relay is None:
        msg = "the relay was not planned: name where tubes are tested in [laboratories] source"
        raise InputError(msg)
    return operations.relay


def _gpkg(layers: Callable[[Operations], Layers]) -> Writer:
    """A writer of layers of daily work."""

    def write_file(result: Result, path: Path) -> None:
        write_layers(layers(_operations(result)), path, date=result.plan.plan.date)

    return write_file


WORK_WRITERS: dict[str, Writer] = {
    "services.parquet": lambda result, path: write_parquet(
        _operations(result).demand.services, path
    ),
    "site_load.csv": _work(lambda work: work.demand.sites),
    "site_hours.parquet": lambda result, path: _operations(result).demand.site_hours.to_parquet(
        path, index=False
    ),
    "slots.csv": _work(lambda work: work.demand.slots),
    "stops.csv": _work(lambda work: _rounds(work).stops),
    "rounds.csv": _work(lambda work: _rounds(work).visits),
    "rounds_unserved.csv": _work(lambda work: _rounds(work).unserved),
    "rounds.html": _round_sheets,
    "rounds.gpkg": _gpkg(lambda work: round_layers(_rounds(work))),
    "relay_sources.csv": _work(lambda work: _relay(work).sources),
    "relay_routes.csv": _work(lambda work: _relay(work).route_stops),
    "relay_late.csv": _work(lambda work: _relay(work).late),
    "laboratories.csv": _work(lambda work: _relay(work).laboratories),
    "laboratory_hours.csv": _work(lambda work: _relay(work).laboratory_hours),
    "relay.gpkg": _gpkg(lambda work: relay_layers(_relay(work))),
    "intervals.csv": _work(lambda work: work.intervals),
}
