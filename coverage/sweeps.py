"""Run a plan over every combination of some values: a tidy table, a row per combination."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from walkcover import _sweep_store as store
from walkcover._errors import InputError, OutputExistsError
from walkcover._sweep_grid import Combination, as_json, combinations
from walkcover._sweep_runs import outcomes
from walkcover.io.inputs import checksums
from walkcover.plan import Plan

# Figures of the summary and of each stage, in the order of the columns; what a run does not have
# is left out.
FIGURES = (
    "people", "covered_people", "covered_share", "gap_people", "people_per_site",
    "covered_people_after", "covered_share_after", "gap_people_after", "people_per_site_after",
    "price_people",
)  # fmt: skip
SITE_FIGURES = ("open", "planned", "suggested")
DESK_FIGURES = ("sites", "desks", "capacity_people", "unserved_people")
STAGE_FIGURES = (
    "people", "covered_people", "covered_share", "unserved_people",
    "covered_people_after", "covered_share_after", "unserved_people_after", "sites_added",
    "desks_added", "cost", "missing_people", "objective", "bound", "gap", "status",
)  # fmt: skip

log = logging.getLogger("walkcover")


def sweep(
    plan: Plan,
    values: Mapping[str, Sequence[Any]],
    *,
    out: str | Path,
    workers: int = 1,
    seed: int = 0,
    suggest: bool = False,
    overwrite: bool = False,
) -> pd.DataFrame:
    """
    Run a plan with every combination of some values.

    Each finished combination is kept at once in a folder beside the table (``sweep_rows`` for
    ``sweep.parquet``), so that a sweep that was stopped goes on where it was, and one that asks
    for more values runs only those. The folder may be deleted once the table is there.

    Parameters
    ----------
    plan
        The plan to start from.
    values
        Values of each dotted key of the plan, as in `with_values`:
        ``{"walk.limit_min": [5, 10, 15], "walk.speed_kmh": [2.9, 4.0]}``.
    out
        The Parquet file to write.
    workers
        Number of processes. With more than one a script needs ``if __name__ == "__main__":``.
    seed
        Start of the random numbers of the search for sites.
    suggest
        Whether sites are suggested too, for the figures after building.
    overwrite
        Whether to replace a table that is there. Finished combinations are kept all the same.

    Returns
    -------
    rows
        A row per combination, the last key changing fastest: the values by their keys; seed;
        figures of the whole as in `summary.json`; ``stages.NAME.covered_share`` and others of
        each stage, as in its `stages`; where desk time counts ``desks.now.capacity_people`` and
        others of its `desks`; and error, empty where nothing went wrong. The same rows, and the
        same bytes in `out`, however often the sweep was stopped, unless a search for sites runs
        into its time limit.

    Raises
    ------
    PlanError
        If a key or a value is not understood; all faults in one message, before anything runs.
    OutputExistsError
        If `out` is there already and `overwrite` is off.
    InputError
        If the folder holds rows of another plan, or, once all others are finished and the table
        is written, if combinations failed.
    """
    out = Path(out)
    if workers < 1:
        msg = f"workers = {workers!r}: expected 1 or more"
        raise InputError(msg)
    if out.exists() and not overwrite:
        msg = f"{out} is there already; choose another place or ask for overwriting (--overwrite)"
        raise OutputExistsError(msg)
    grid = combinations(plan, values)
    folder = store.rows_folder(out)
    inputs = _all_checksums([plan, *(one.plan for one in grid)])
    store.open_folder(folder, plan, inputs[_named(plan)])
    paths = [
        store.row_path(folder, one, inputs[_named(one.plan)], seed=seed, suggest=suggest)
        for one in grid
    ]
    kept = [store.load_row(path) for path in paths]
    missing = [number for number, figures in enumerate(kept) if figures is None]
    if len(missing) < len(grid):
        log.info("%d of %d combinations were finished before", len(grid) - len(missing), len(grid))
    errors: dict[int, str] = {}
    told: set[str] = set()
    start, finished = time.perf_counter(), len(grid) - len(missing)
    for number, outcome in outcomes(grid, missing, workers=workers, seed=seed, suggest=suggest):
        if outcome.error:
            errors[number] = outcome.error
        else:
            row = figures(outcome.summary)
            kept[number] = store.save_row(paths[number], grid[number], row)
        for text in outcome.warnings:
            if text not in told:
                log.warning("%s: %s", grid[number].text, text)
        told |= {*outcome.warnings}
        finished += 1
        passed = time.perf_counter() - start
        log.info("%d of %d: %s (%.1f s)", finished, len(grid), grid[number].text, passed)
    store.tidy_up(folder)
    rows = _table(grid, kept, errors, seed=seed)
    _write(rows, out)
    if errors:
        lines = [f"  {grid[number].text}: {errors[number]}" for number in sorted(errors)]
        msg = (
            f"{len(errors)} of {len(grid)} combinations failed; the others stand in {out}:\n"
            + "\n".join(lines)
        )
        raise InputError(msg)
    return rows


def figures(summary: Mapping[str, Any]) -> dict[str, Any]:
    """
    Take from a summary what a row of a sweep holds.

    Parameters
    ----------
    summary
        The summary of a run.

    Returns
    -------
    figures
        Plain values by the name of their column.

    Examples
    --------
    >>> stage = {"name": "city", "target": 0.8, "people": 5.0}
    >>> figures({"people": 9.0, "sites": {"open": 2}, "stages": [stage]})
    {'people': 9.0, 'sites.open': 2, 'stages.city.people': 5.0}
    """
    found = {name: summary[name] for name in FIGURES if name in summary}
    sites = summary["sites"]
    found |= {f"sites.{name}": sites[name] for name in SITE_FIGURES if name in sites}
    for state in ("now", "after"):
        desks = summary.get("desks", {}).get(state, {})
        found |= {f"desks.{state}.{name}": desks[name] for name in DESK_FIGURES if name in desks}
    for stage in summary["stages"]:
        found |= {
            f"stages.{stage['name']}.{name}": stage[name] for name in STAGE_FIGURES if name in stage
        }
    return found


def _named(plan: Plan) -> tuple[str, ...]:
    return tuple(plan.files().values())


def _all_checksums(plans: Sequence[Plan]) -> dict[tuple[str, ...], dict[str, str]]:
    """Checksums by the files that plans name, each set of files looked at once."""
    found: dict[tuple[str, ...], dict[str, str]] = {}
    for plan in plans:
        if _named(plan) not in found:
            found[_named(plan)] = checksums(plan)
    return found


def _table(
    grid: Sequence[Combination],
    kept: Sequence[Mapping[str, Any] | None],
    errors: Mapping[int, str],
    *,
    seed: int,
) -> pd.DataFrame:
    """Rows in the order of the combinations."""
    keys = [*grid[0].values]
    table: dict[str, Any] = {key: _column([one.values[key] for one in grid]) for key in keys}
    table["seed"] = [seed] * len(grid)
    names = dict.fromkeys(name for row in kept for name in (row or ()))
    for name in sorted(names, key=_place):
        column = [None if row is None else row.get(name) for row in kept]
        if any(value is not None for value in column):
            table[name] = column
    table["error"] = [errors.get(number, "") for number in range(len(grid))]
    rows = pd.DataFrame(table)
    numbers = [name for name in rows.columns[len(keys) + 1 : -1] if not name.endswith(".status")]
    return rows.astype(dict.fromkeys(numbers, "float64"))


def _place(name: str) -> int:
    """Figures of the whole come first, then sites, desks, and stages in the order of the plan."""
    return ("sites", "desks", "stages").index(name.partition(".")[0]) if "." in name else -1


def _column(given: Sequence[Any]) -> list[Any]:
    """Values of one kind as they are, of several kinds, or lists, as JSON."""
    kinds = {type(value) for value in given}
    if kinds <= {int, float} or (len(kinds) == 1 and kinds <= {bool, str}):
        return [*given]
    return [as_json(value) for value in given]


def _write(rows: pd.DataFrame, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=out.parent) as unfinished:
        draft = Path(unfinished) / out.name
        rows.to_parquet(draft, index=False)
        draft.replace(out)
