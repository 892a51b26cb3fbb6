"""
Time the relay of a made city of the size of Taiyuan; print seconds, memory, gap and vans.

Usage: python scripts/bench_relay.py [--sites 2022] [--laboratories 73] [--stations 40]
                                     [--room 1.15] [--seed 0]

The totals are those of the source: 4.6292 million tests in seven days at 2,022 sites, 73
laboratories. `--room 1.0` gives the laboratories room for full tubes only: too little, as every
collection takes tubes that are not full.
"""

import argparse
import resource
import time

from _made_taiyuan import DAYS, SITES, TESTS, make_city

from walkcover.plan import Plan
from walkcover.relay import plan_relay
from walkcover.roads import ready_roads


def main() -> None:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--sites", type=int, default=SITES)
    parser.add_argument("--laboratories", type=int, default=73)
    parser.add_argument("--stations", type=int, default=40)
    parser.add_argument("--room", type=float, default=1.15)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    city = make_city(
        sites=args.sites,
        laboratories=args.laboratories,
        stations=args.stations,
        tests=TESTS * args.sites / SITES,
        room=args.room,
        seed=args.seed,
    )
    start = time.perf_counter()
    roads = ready_roads(city.streets, snap_limit_m=1000.0)
    ready = time.perf_counter()
    found = plan_relay(
        city.demand, None, roads, city.laboratories, city.stations, plan=Plan(), seed=args.seed
    )
    end = time.perf_counter()
    summary = found.summary
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{summary['tests'] * DAYS / 1e6:.4f} million tests in {DAYS:g} days at "
        f"{args.sites:,} sites: {summary['tests_per_site_day']:.0f} a site and day, "
        f"{summary['full_tubes_per_site_day']:.0f} full tubes, "
        f"{summary['full_tubes_per_laboratory_day']:.0f} a laboratory"
    )
    print(
        f"roads {roads.network.n_nodes:,} nodes in {ready - start:.1f} s, relay "
        f"{end - ready:.1f} s, peak {peak_mb:.0f} MB"
    )
    print(
        f"{summary['tubes']:,} tubes, {summary['late_tubes']:,} late, oldest "
        f"{summary['oldest_s'] / 3600:.2f} h of {summary['hold_s'] / 3600:g} h; "
        f"assignment {summary['status']}, gap {summary['gap']:.2%}"
    )
    print(
        f"{summary['routes']} routes, {summary['vehicles']} vans, "
        f"{summary['transfers']} trips from {summary['stations_used']} stations, "
        f"{summary['drive_s'] / 3600:,.0f} h of driving"
    )
    print(
        f"laboratories: load {summary['load_share']:.1%}, {summary['short_tubes']:,} tubes short "
        f"at {summary['laboratories_short']}; peak {summary['peak_results']:,.0f} results in hour "
        f"{summary['peak_results_hour']}, all done at {summary['done_h']:.1f} h"
    )


if __name__ == "__main__":
    main()
