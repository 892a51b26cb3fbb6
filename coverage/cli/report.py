"""Command ``walkcover report``."""

from __future__ import annotations

from pathlib import Path

import click

from walkcover.cli.options import logged, overwrite_option, plan_argument, verbose_option

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
@overwrite_option
@verbose_option
def report(
    plan: Path,
    out: Path | None,
    zone: str | None,
    each_zone: str | None,
    forms: tuple[str, ...],
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
    if each_zone is None:
        _one_report(plan, out or ONE_REPORT, zone, overwrite=overwrite, verbose=verbose)
        return
    import walkcover
    from walkcover.output import refuse_existing, report_file
    from walkcover.zone_reports import LEAGUE, write_zone_reports

    folder = out or MANY_REPORTS
    # Before the run, which takes its time.
    refuse_existing([folder / f"{LEAGUE}.html"], overwrite=overwrite)
    for form in forms:
        report_file(f"report.{form}")
    with logged(verbose=verbose):
        result = walkcover.run(walkcover.load_plan(plan))
        paths = write_zone_reports(
            result, folder, level=each_zone, forms=forms, overwrite=overwrite
        )
    for path in paths:
        click.echo(str(path))


def _one_report(plan: Path, out: Path, zone: str | None, *, overwrite: bool, verbose: bool) -> None:
    import walkcover
    from walkcover.excerpts import excerpt
    from walkcover.output import refuse_existing, report_file, write_one

    form = report_file(out)
    refuse_existing([out], overwrite=overwrite)
    with logged(verbose=verbose):
        result = walkcover.run(walkcover.load_plan(plan))
        part = result if zone is None else excerpt(result, zone)
        write_one(part, form, out, overwrite=overwrite)
    click.echo(str(out))
