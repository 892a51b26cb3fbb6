"""The command line: each command is its arguments, one library call, and what it prints."""

from __future__ import annotations

import click

from walkcover import __version__
from walkcover.cli.assess import assess
from walkcover.cli.audit import audit
from walkcover.cli.check import check
from walkcover.cli.cut import cut
from walkcover.cli.demand import demand
from walkcover.cli.demo import demo
from walkcover.cli.fetch import fetch
from walkcover.cli.init import init
from walkcover.cli.isochrones import isochrones
from walkcover.cli.map import map_
from walkcover.cli.options import Commands
from walkcover.cli.relay import relay
from walkcover.cli.report import report
from walkcover.cli.rounds import rounds
from walkcover.cli.run import run
from walkcover.cli.suggest import suggest
from walkcover.cli.sweep import sweep
from walkcover.cli.whatif import whatif


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="walkcover")
def main() -> None:
    """
    Test who lives within a walk of a service point, and plan where to add points.

    \b
    Start here:
      walkcover demo --out demo           the example town, whole job
      walkcover init plan.toml            write a plan file to fill in
      walkcover run plan.toml --out out   the whole job on your own files
    """


COMMANDS = (
    init, demo, check, assess, suggest, map_, report, run, whatif, sweep, isochrones, demand,
    rounds, relay, audit, fetch, cut,
)  # fmt: skip

for command in COMMANDS:
    main.add_command(command)
