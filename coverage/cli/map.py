"""Command ``walkcover map``."""

from __future__ import annotations

from pathlib import Path

import click

from walkcover.cli.options import (
    json_option,
    logged,
    out_file,
    overwrite_option,
    plan_argument,
    verbose_option,
)


@click.command("map")
@plan_argument
@out_file("map.html")
@click.option(
    "--split",
    is_flag=True,
    help="Write scripts, styles and data into a folder beside the page (map_files), for servers "
    "that forbid them inside a page.",
)
@json_option
@overwrite_option
@verbose_option
def map_(plan: Path, out: Path, split: bool, as_json: bool, overwrite: bool, verbose: bool) -> None:
    """
    Draw the offline HTML map.

    \b
    Example:
      walkcover map plan.toml --out map.html
    """
    import walkcover
    from walkcover.output import refuse_existing, split_folder, write_one, write_split_map
    from walkcover.records import files_record, to_json

    refuse_existing([out, *([split_folder(out)] if split else [])], overwrite=overwrite)
    with logged(verbose=verbose):
        result = walkcover.run(walkcover.load_plan(plan))
        if split:
            files = write_split_map(result, out, overwrite=overwrite)
        else:
            files = [write_one(result, "map.html", out, overwrite=overwrite)]
    if as_json:
        click.echo(to_json({**result.summary, "files": files_record(files)}))
    else:
        click.echo(str(out))
