"""What the worked examples share: their arguments, and sites with desks where a plan has none."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from walkcover.desks import has_desks
from walkcover.io.sources import read_sites
from walkcover.overrides import with_values
from walkcover.plan import Plan

TOWN_PLAN = Path(__file__).resolve().parent.parent / "data" / "town" / "plan.toml"


def parser(text: str | None) -> argparse.ArgumentParser:
    """Make a parser of the arguments that every worked example has."""
    made = argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument(
        "plan",
        nargs="?",
        type=Path,
        default=TOWN_PLAN,
        help="plan file [default: the example town]",
    )
    made.add_argument(
        "--out", type=Path, default=Path("what_if"), metavar="DIR", help="[default: what_if]"
    )
    made.add_argument(
        "--workers", type=int, default=1, help="number of processes [default: %(default)s]"
    )
    return made


def with_desks(plan: Plan, folder: Path, *, desks: int) -> Plan:
    """Give every site so many desks where the plan's table of sites says nothing of desks."""
    sites = read_sites(plan)
    if has_desks(sites):
        return plan
    folder.mkdir(parents=True, exist_ok=True)
    path = folder.resolve() / f"sites_with_{desks}_desks.csv"
    names = ["site_id", "name", "status", "desks", "lon", "lat"]
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(names)
        for site in sites.itertuples():
            place = [site.geometry.x, site.geometry.y]
            table.writerow([site.site_id, site.name, site.status, desks, *place])
    print(f"The plan's sites have no desks; {desks} at each are assumed ({path}).")
    columns = {f"sites.{key}": key for key in ("name", "status", "desks", "lon", "lat")}
    changed = {**columns, "sites.id": "site_id", "sites.crs": "wgs84", "sites.layer": ""}
    return with_values(plan, {**changed, "sites.source": str(path)})
