"""Reports of single zones and the league table of all, out of one run."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from walkcover.excerpts import excerpts
from walkcover.file_names import file_stems
from walkcover.league import PARENTS, league_table, zones_to_report
from walkcover.output import WRITERS, refuse_existing, report_file
from walkcover.result import Result

LEAGUE = "league"


def write_zone_reports(
    result: Result,
    folder: str | Path,
    *,
    level: str = PARENTS,
    forms: Sequence[str] = ("html",),
    overwrite: bool = False,
) -> list[Path]:
    """
    Write a report for each zone of a level, and the league table of all zones.

    All files are finished under another name before the first is put in place.

    Parameters
    ----------
    result
        A whole run.
    folder
        Where to; made where it does not exist. A report is named after the id of its zone, as
        `walkcover.file_names.file_stems` writes it; the league table is ``league.html`` and
        ``league.xlsx``.
    level
        Which zones, as in `walkcover.league.zones_to_report`.
    forms
        Endings of the reports: html, docx, pdf, xlsx.
    overwrite
        Whether to replace files that are there.

    Returns
    -------
    paths
        The files written, the league table last.

    Raises
    ------
    InputError
        If there is no such level or form, or the result is no whole run.
    MissingToolError
        If a PDF is asked for, and what prints it is not installed.
    OutputExistsError
        If a file is there already and `overwrite` is off.
    """
    from walkcover.maps.league_page import build_league_page, write_league_workbook

    folder = Path(folder)
    writers = {form: WRITERS[report_file(f"report.{form}")] for form in forms}
    zone_ids = zones_to_report(result.zones, level)
    stems = file_stems(zone_ids, taken=[LEAGUE])
    names = [f"{stem}.{form}" for stem in stems for form in writers]
    names += [f"{LEAGUE}.html", f"{LEAGUE}.xlsx"]
    refuse_existing([folder / name for name in names], overwrite=overwrite)
    parts = excerpts(result, zone_ids)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder) as unfinished:
        draft = Path(unfinished)
        for stem, part in zip(stems, parts, strict=True):
            for form, write in writers.items():
                write(part, draft / f"{stem}.{form}")
        league = league_table(result.zones)
        page = build_league_page(league, plan=result.plan)
        (draft / f"{LEAGUE}.html").write_text(page, encoding="utf-8", newline="")
        write_league_workbook(league, draft / f"{LEAGUE}.xlsx", plan=result.plan)
        for name in names:
            (draft / name).replace(folder / name)
    return [folder / name for name in names]
