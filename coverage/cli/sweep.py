"""Command ``walkcover sweep``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from walkcover.cli.options import (
    json_option,
    logged,
    out_file,
    overwrite_option,
    percent,
    plan_argument,
    verbose_option,
)

# Figures that a terminal has room for; the table has all.
SHOWN = ("covered_people", "covered_share", "sites.suggested", "covered_share_after")
# A value: quoted texts, lists and tables hold commas of their own.
ONE_VALUE = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|\[[^\]]*\]|\{[^}]*\}|[^,])+""")


@click.command()
@plan_argument
@click.option(
    "--set",
    "settings",
    multiple=True,
    required=True,
    metavar="KEY=VALUE,VALUE",
    help="A key of the plan and the values that it takes; may be given more than once.",
)
@out_file("sweep.parquet")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Number of processes.",
)
@click.option("--suggest", is_flag=True, help="Suggest sites too, for the figures after building.")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Start of the random numbers of the search for sites.",
)
@json_option
@overwrite_option
@verbose_option
def sweep(
    plan: Path,
    settings: tuple[str, ...],
    out: Path,
    workers: int,
    suggest: bool,
    seed: int,
    as_json: bool,
    overwrite: bool,
    verbose: bool,
) -> None:
    """
    Run a plan over every combination of some values: a table, a row each.

    A sweep that was stopped goes on where it was, with the same command.

    \b
    Examples:
      walkcover sweep plan.toml --set walk.limit_min=5,10,15 --out sweep.parquet
      walkcover sweep plan.toml --set walk.profile=standard,elderly --workers 2 --suggest
    """
    import walkcover
    from walkcover.records import files_record, table_record, to_json

    values = read_settings(settings)
    with logged(verbose=verbose):
        rows = walkcover.sweep(
            walkcover.load_plan(plan),
            values,
            out=out,
            workers=workers,
            seed=seed,
            suggest=suggest,
            overwrite=overwrite,
        )
    if as_json:
        click.echo(to_json({"rows": table_record(rows), "files": files_record([out])}))
        return
    table = rows[[*values]].copy()
    for name in (name for name in SHOWN if name in rows.columns):
        write = percent if "share" in name else "{:,.0f}".format
        table[name] = [write(value) for value in rows[name]]
    click.echo(f"{table.to_string(index=False)}\n{out}")


def read_settings(settings: Sequence[str]) -> dict[str, list[Any]]:
    """
    Read ``KEY=VALUE,VALUE``: values are written as in a plan file, texts also without quotes.

    Examples
    --------
    >>> read_settings(["walk.limit_min=5,10", "walk.profile=brisk"])
    {'walk.limit_min': [5, 10], 'walk.profile': ['brisk']}
    """
    values: dict[str, list[Any]] = {}
    for setting in settings:
        key, sign, text = setting.partition("=")
        key = key.strip()
        if not sign or not key or not text.strip():
            msg = f"--set {setting!r}: expected KEY=VALUE,VALUE, as walk.limit_min=5,10,15"
            raise click.UsageError(msg)
        if key in values:
            msg = f"--set {key} is given twice: give all its values in one"
            raise click.UsageError(msg)
        values[key] = _values(text)
    return values


def _values(text: str) -> list[Any]:
    try:
        # Lists in lists too are understood by the reader of plan files itself.
        listed: list[Any] = tomllib.loads(f"values = [{text}\n]")["values"]
    except tomllib.TOMLDecodeError:
        return [_value(part.strip()) for part in ONE_VALUE.findall(text)]
    return listed


def _value(text: str) -> Any:
    """One value as TOML has it, else the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
