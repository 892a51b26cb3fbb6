"""Command ``walkcover check``."""

from __future__ import annotations

import io
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from walkcover.cli.options import (
    Refused,
    logged,
    overwrite_option,
    plan_argument,
    verbose_option,
)

if TYPE_CHECKING:
    from walkcover.findings import Audit, Legs

LABELS = {"falsifies": "WRONG", "doubtful": "doubt", "note": "note"}
# Width of what is printed where no terminal says its own, and the least that can be read.
WIDTH, LEAST_WIDTH = 120, 70
# Characters of the longest bar.
BAR = 40


@click.command()
@plan_argument
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the audit as one page that opens without any network.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the audit as JSON, with all ids.")
@overwrite_option
@verbose_option
def check(plan: Path, html: Path | None, as_json: bool, overwrite: bool, verbose: bool) -> None:
    """
    Audit the inputs: exit 1 where something falsifies verdicts.

    \b
    Examples:
      walkcover check plan.toml
      walkcover check plan.toml --html audit.html
    """
    import walkcover
    from walkcover.output import refuse_existing

    if html is not None:
        refuse_existing([html], overwrite=overwrite)
    with logged(verbose=verbose):
        checked = walkcover.load_plan(plan)
        audit = walkcover.check(checked)
        if html is not None:
            from walkcover.maps.audit_page import build_audit_page

            _write_text(build_audit_page(audit, plan=checked), html)
    if as_json:
        click.echo(json.dumps(audit.as_dict(), ensure_ascii=False, indent=2, allow_nan=False))
    else:
        click.echo(_table(audit), nl=False)
    if audit.refusal:
        raise Refused(audit.refusal)
    if audit.falsifies:
        sys.exit(1)


def _write_text(text: str, path: Path) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=path.parent) as unfinished:
        draft = Path(unfinished) / path.name
        draft.write_text(text, encoding="utf-8", newline="")
        draft.replace(path)


def _table(audit: Audit) -> str:
    """The findings as a table, then the access legs as bars."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from walkcover.findings import first_ids

    page = io.StringIO()
    width = max(shutil.get_terminal_size((WIDTH, 24)).columns, LEAST_WIDTH)
    console = Console(file=page, width=width, color_system=None, legacy_windows=False)
    if audit.findings:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 1, 0))
        table.add_column("", no_wrap=True)
        table.add_column("count", justify="right", no_wrap=True)
        table.add_column("people", justify="right", no_wrap=True)
        table.add_column("what", ratio=5, overflow="fold")
        table.add_column("what to do", ratio=4, overflow="fold")
        for one in audit.findings:
            people = f"{one.people:,.0f}" if one.people else ""
            ids = "" if one.names_ids else first_ids(one.ids)
            # Ids may hold square brackets, which are no markup.
            cells = (LABELS[one.severity], f"{one.count:,}", people, one.what + ids, one.advice)
            table.add_row(*(Text(cell) for cell in cells))
        console.print(table)
    else:
        console.print("nothing doubtful found")
    for name, legs in audit.legs.items():
        if legs.total:
            console.print(Text(f"\n{_bars(name, legs)}"))
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()) + "\n"


def _bars(name: str, legs: Legs) -> str:
    """Access legs of a table, a bar per class."""
    from walkcover.maps import formats
    from walkcover.maps.audit_page import leg_rows
    from walkcover.maps.text import Words

    rows = leg_rows(legs, Words("en"))
    most = max(count for _, count, _ in rows)
    lines = [f"{name}: straight line to the nearest street"]
    for label, count, people in rows:
        bar = "#" * (max(round(BAR * count / most), 1) if count else 0)
        heads = f"  {people:,.0f} people" if people else ""
        label = label.replace("–", "-")
        lines.append(
            f"  {label:>14}  {bar:<{BAR}}  {count:,} ({formats.share(count / legs.total)}){heads}"
        )
    return "\n".join(lines)
