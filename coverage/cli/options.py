"""What the commands share: arguments, the log, and errors without tracebacks."""

from __future__ import annotations

import difflib
import logging
import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from walkcover._errors import WalkCoverError

if TYPE_CHECKING:
    from walkcover.plan import Plan
    from walkcover.result import Result

F = TypeVar("F", bound=Callable[..., Any])
# Shorter work needs no sign of life.
PATIENCE_S = 2.0
# Sums of people are not exact to the last bit; this is less than a person in a billion.
SHARE_TOLERANCE = 1e-12

plan_argument = click.argument("plan", type=click.Path(dir_okay=False, path_type=Path))
overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Replace files that are there already."
)
verbose_option = click.option("-v", "--verbose", is_flag=True, help="Show the log on stderr.")


def out_folder(*, required: bool) -> Callable[[F], F]:
    """Option ``--out`` for a folder."""
    kind = click.Path(file_okay=False, path_type=Path)
    return click.option("--out", type=kind, required=required, help="Folder for the outputs.")


def out_file(default: str) -> Callable[[F], F]:
    """Option ``--out`` for one file."""
    kind = click.Path(dir_okay=False, path_type=Path)
    text = "File to write."
    return click.option("--out", type=kind, default=default, show_default=True, help=text)


class Refused(click.ClickException):
    """An error of the library, shown without a traceback; exit code 2."""

    exit_code = 2


class Commands(click.Group):
    """A group whose commands turn errors of the library and of the disk into messages."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Whoever reads stdout has seen enough, as in `walkcover suggest | head`.
            raise
        except (WalkCoverError, OSError) as error:
            raise Refused(str(error)) from error


class _Kept(logging.Handler):
    """Keep the log for run.log, and show the step at work where somebody watches."""

    def __init__(self, status: Any) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._status = status
        self._start = time.perf_counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record."""
        passed = time.perf_counter() - self._start
        self.lines.append(f"{passed:9.2f} s  {record.levelname:<7}  {record.getMessage()}")
        if self._status is not None and passed > PATIENCE_S:
            self._status.update(record.getMessage())


@contextmanager
def logged(*, verbose: bool = False) -> Iterator[list[str]]:
    """Collect the log of a command; show it where asked for, else a line of progress."""
    log = logging.getLogger("walkcover")
    log.setLevel(logging.INFO)
    handlers: list[logging.Handler] = []
    status = None
    shown = logging.StreamHandler(sys.stderr)
    shown.setLevel(logging.INFO if verbose else logging.WARNING)
    shown.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    handlers.append(shown)
    if not verbose and sys.stderr.isatty():
        from rich.console import Console

        status = Console(stderr=True).status("walkcover")
        status.start()
    kept = _Kept(status)
    for handler in (*handlers, kept):
        log.addHandler(handler)
    try:
        yield kept.lines
    finally:
        if status is not None:
            status.stop()
        for handler in (*handlers, kept):
            log.removeHandler(handler)


def peak_memory() -> str:
    """Peak memory of this process, where the system tells."""
    from walkcover.timing import peak_mib

    peak = peak_mib()
    return f"peak memory: {'not known on this system' if peak is None else f'{peak:.0f} MiB'}"


def headline(result: Result) -> str:
    """What a person wants to read first."""
    summary = result.summary
    lines = [
        f"{summary['residences']:,} residences, {summary['people']:,.0f} people; "
        f"covered {percent(summary['covered_share'])}"
        + (
            f", after building {percent(summary['covered_share_after'])}"
            if "covered_share_after" in summary
            else ""
        )
        + (" (distance only)" if summary["distance_only"] else "")
    ]
    for stage in summary["stages"]:
        line = (
            f"  {stage['name']}: {stage['people']:,.0f} people, {percent(stage['covered_share'])}"
        )
        if "covered_share_after" in stage:
            line += (
                f" -> {percent(stage['covered_share_after'])} with {stage['sites_added']} sites "
                + (f"and {stage['desks_added']} more desks " if stage.get("desks_added") else "")
                + f"({_proof(stage)})"
            )
        lines.append(line)
    if "covered_share_after" in summary and summary["sites"]["planned"]:
        lines.append(f"  {summary['sites']['planned']} planned sites count as built afterwards")
    reasons = ", ".join(
        f"{name} {part['people']:,.0f}"
        for name, part in summary["verdicts"].items()
        if part["residences"]
    )
    return "\n".join([*lines, f"  people by verdict: {reasons}"])


def _proof(stage: dict[str, Any]) -> str:
    if stage["status"] == "impossible":
        return f"target cannot be met, {stage['missing_people']:,.0f} people short"
    gap = "unknown" if stage["gap"] is None else f"{100 * stage['gap']:.2f} %"
    return f"{stage['status']}, gap {gap}"


def percent(share: float | None) -> str:
    """A share in percent; only everybody is 100 %."""
    if share is None:
        return "-"
    return f"{100 * share if share == 1 else min(100 * share, 99.99):.2f} %"


def gate_options(*, after: bool) -> Callable[[F], F]:
    """
    Options ``--fail-under`` and ``--stage``, and ``--after`` where sites are suggested.

    The command gets them as `fail_under`, `stage` and, where asked for, `after_building`.
    """
    options = [
        click.option(
            "--fail-under",
            type=click.FloatRange(0, 100),
            metavar="PERCENT",
            help="Exit with 1 where less than this share of people is covered today.",
        ),
        click.option("--stage", metavar="NAME", help="Ask --fail-under of this stage alone."),
    ]
    if after:
        text = "Ask --fail-under of the share after building, not of today's."
        options.append(click.option("--after", "after_building", is_flag=True, help=text))

    def add(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return add


json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print the figures as one JSON object, nothing else."
)


def check_gate(
    plan: Plan, fail_under: float | None, stage: str | None, *, after: bool = False
) -> None:
    """Refuse a gate that asks for nothing or for a stage that the plan has not, before the run."""
    if fail_under is None and (stage is not None or after):
        msg = f"{'--after' if stage is None else '--stage'} goes with --fail-under"
        raise click.UsageError(msg)
    names = [one.name for one in plan.stages]
    if stage is not None and stage not in names:
        near = difflib.get_close_matches(stage, names, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(names)}"
        msg = f"--stage {stage!r} is no stage of the plan; {hint}"
        raise click.UsageError(msg)


def gate(
    result: Result, fail_under: float | None, stage: str | None = None, *, after: bool = False
) -> None:
    """End with exit code 1 where the covered share is under what was asked for."""
    if fail_under is None:
        return
    part = result.summary
    if stage is not None:
        part = next(one for one in part["stages"] if one["name"] == stage)
    share = part["covered_share_after" if after else "covered_share"]
    if (share or 0.0) < fail_under / 100 - SHARE_TOLERANCE:
        where = "" if stage is None else f"stage {stage!r}: "
        # Rounded down, so that what is under never reads as if it were not.
        shown = "-" if share is None else f"{math.floor(1e4 * share) / 100:.2f} %"
        words = " after building" if after else ""
        click.echo(f"{where}covered {shown}{words} is under {fail_under:g} %", err=True)
        sys.exit(1)
