"""Command ``walkcover report``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from walkcover.cli.options import (
    json_option,
    logged,
    overwrite_option,
    plan_argument,
    verbose_option,
)

if TYPE_CHECKING:
    from walkcover.result import Result

    Write = Callable[[Result], tuple[dict[str, Any], list[Path]]]

# Where the outputs go unless --out says otherwise.
ONE_REPORT, MANY_REPORTS = Path("report.html"), Path("reports")


@click.command("report")
@plan_argument
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help=f"File to write, or a folder with --each-zone.  [default: {ONE_REPORT}, {MANY_REPORTS}]",
)
@click.option("--zone", metavar="ID", help="Report on this zone and those below it only.")
@click.option(
    "--each-zone",
    is_flag=False,
    flag_value="parents",
    metavar="[LEVEL|all]",
    help="Report on every zone that others lie in (or of a level, 1 being the uppermost; or on "
    "all), and rank the zones.",
)
@click.option(
    "--form",
    "forms",
    multiple=True,
    default=["html"],
    show_default=True,
    metavar="FORM",
    help="Form of the reports of --each-zone: html, docx, pdf or xlsx; may be given repeatedly.",
)
@json_option
@overwrite_option
@verbose_option
def report(
    plan: Path,
    out: Path | None,
    zone: str | None,
    each_zone: str | None,
    forms: tuple[str, ...],
    as_json: bool,
    overwrite: bool,
    verbose: bool,
) -> None:
    """
    Write the gap report, in the form that the name of the file asks for.

    The forms are .html (to read and print), .docx (to edit and forward), .pdf (needs the extra
    [pdf]) and .xlsx (the tables). With --zone it is the report of one zone, with --each-zone a
    folder with one for each, and the league table as league.html and league.xlsx.

    \b
    Examples:
      walkcover report plan.toml --out report.html
      walkcover report plan.toml --out county.docx --zone 140105
      walkcover report plan.toml --out reports --each-zone
      walkcover report plan.toml --out reports --each-zone all --form docx
    """
    if zone is not None and each_zone is not None:
        msg = "give --zone or --each-zone, not both"
        raise click.UsageError(msg)
    import walkcover
    from walkcover.records import files_record, to_json

    if each_zone is None:
        write = _one_report(out or ONE_REPORT, zone, overwrite=overwrite)
    else:
        write = _zone_reports(out or MANY_REPORTS, each_zone, forms, overwrite=overwrite)
    with logged(verbose=verbose):
        summary, paths = write(walkcover.run(walkcover.load_plan(plan)))
    if as_json:
        click.echo(to_json({**summary, "files": files_record(paths)}))
        return
    for path in paths:
        click.echo(str(path))


def _one_report(out: Path, zone: str | None, *, overwrite: bool) -> Write:
    """See that a report can be written; what writes it gives its summary and its file."""
    from walkcover.excerpts import excerpt
    from walkcover.output import refuse_existing, report_file, write_one

    form = report_file(out)
    refuse_existing([out], overwrite=overwrite)

    def write(result: Result) -> tuple[dict[str, Any], list[Path]]:
        part = result if zone is None else excerpt(result, zone)
        return part.summary, [write_one(part, form, out, overwrite=overwrite)]

    return write


def _zone_reports(folder: Path, level: str, forms: tuple[str, ...], *, overwrite: bool) -> Write:
    """See that the reports of zones can be written, before the run, which takes its time."""
    from walkcover.output import refuse_existing, report_file
    from walkcover.zone_reports import LEAGUE, write_zone_reports

    refuse_existing([folder / f"{LEAGUE}.html"], overwrite=overwrite)
    for form in forms:
        report_file(f"report.{form}")

    def write(result: Result) -> tuple[dict[str, Any], list[Path]]:
        paths = write_zone_reports(result, folder, level=level, forms=forms, overwrite=overwrite)
        return result.summary, paths

    return write
