"""
Time what-ifs that open and close sites, and hold a sample of them against full runs.

Usage: python scripts/bench_whatif.py --data DIR [--scenarios N] [--sample N] [--seed N]

Las Palmas (DIR/las_palmas): every ``building=*`` area is a residence, every pharmacy a site, of
which a tenth is closed at first. Each scenario opens and closes up to ten sites at random; of each
the totals are worked out, and who gains and who loses cover. A full run assesses the tables of the
scenario from the beginning, streets aside. Sites and verdicts must be the same, walks to 1e-6 s.
"""

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
from bench_main import EXTRACT, cut_out, write_plan

import walkcover
from walkcover import Comparison, Result, Scenario
from walkcover.assessment import Assessment, assess_tables

MOST_TOGGLED = 10
CLOSED_SHARE = 0.1


def draw(result: Result, n: int, rng: np.random.Generator) -> list[Scenario]:
    """Draw scenarios that open and close sites."""
    sites = result.sites
    ids = sites["site_id"].astype(str).to_numpy(object)
    is_open = (sites["status"] == "open").to_numpy()
    scenarios = []
    for number in range(n):
        size = int(rng.integers(1, MOST_TOGGLED + 1))
        rows = rng.choice(len(ids), size, replace=False)
        close, opened = ids[rows[is_open[rows]]], ids[rows[~is_open[rows]]]
        scenarios.append(Scenario(f"no. {number}", open=list(opened), close=list(close)))
    return scenarios


def full_run(result: Result, scenario: Scenario) -> Assessment:
    """Assess the tables of a scenario from the beginning."""
    study = result.study
    assert study is not None
    ids = study.sites["site_id"].astype(str)
    status = study.sites["status"].mask(ids.isin(scenario.close), "closed")
    sites = study.sites.assign(status=status.mask(ids.isin(scenario.opened_ids), "open"))
    return assess_tables(study.residences, sites, study.network, plan=result.plan)


def differences(found: Comparison, wanted: Assessment) -> tuple[int, float]:
    """Residences with another site or verdict, and the largest difference of a walk."""
    table, other = found.scenario.assessment.residences, wanted.residences
    wrong = 0
    for name in ("site_id", "verdict"):
        one, two = (t[name].fillna("").to_numpy(object) for t in (table, other))
        wrong += int((one != two).sum())
    walks = table["walk_s"].to_numpy(), other["walk_s"].to_numpy()
    both = np.isfinite(walks[0]) & np.isfinite(walks[1])
    wrong += int((np.isfinite(walks[0]) != np.isfinite(walks[1])).sum())
    return wrong, float(np.abs(walks[0][both] - walks[1][both]).max())


def main() -> None:
    """Read the arguments, run and print."""
    parser = argparse.ArgumentParser(description="Time what-ifs on Las Palmas.")
    parser.add_argument("--data", type=Path, required=True, help="folder of real towns")
    parser.add_argument("--scenarios", type=int, default=1000, help="how many to time")
    parser.add_argument("--sample", type=int, default=20, help="how many to hold against full runs")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cut_out(args.data / EXTRACT, folder)
        plan = walkcover.load_plan(write_plan(folder, "plan", args.data / EXTRACT, "homes.parquet"))
        close_some(folder, rng)
        start = time.perf_counter()
        result = walkcover.assess(plan)
        print(f"base run: {time.perf_counter() - start:.2f} s")
    scenarios = draw(result, args.scenarios, rng)
    start, cpu_start = time.perf_counter(), time.process_time()
    found = walkcover.what_ifs(result, scenarios)
    totals = [(one.totals, one.gained_people, one.lost_people) for one in found]
    took_s, cpu_s = time.perf_counter() - start, time.process_time() - cpu_start
    print(
        f"{len(found)} scenarios: {took_s:.2f} s, {1000 * took_s / len(found):.2f} ms each "
        f"({cpu_s:.2f} s of processor, load {os.getloadavg()[0]:.1f}); "
        f"covered {min(t.loc['covered_people', 'scenario'] for t, _, _ in totals):,.0f} to "
        f"{max(t.loc['covered_people', 'scenario'] for t, _, _ in totals):,.0f} people"
    )
    start = time.perf_counter()
    sample = rng.choice(len(found), min(args.sample, len(found)), replace=False)
    checked = [differences(found[i], full_run(result, scenarios[i])) for i in sample]
    print(
        f"{len(sample)} full runs: {(time.perf_counter() - start) / len(sample):.2f} s each; "
        f"{sum(wrong for wrong, _ in checked)} sites, verdicts or paths differ, walks by at most "
        f"{max(far for _, far in checked):.1e} s"
    )
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"peak {peak_gb:.2f} GB")


def close_some(folder: Path, rng: np.random.Generator) -> None:
    """Mark a tenth of the sites as closed."""
    sites = gpd.read_parquet(folder / "sites.parquet")
    status = np.where(rng.random(len(sites)) < CLOSED_SHARE, "closed", "open")
    sites.assign(status=status).to_parquet(folder / "sites.parquet")


if __name__ == "__main__":
    main()
