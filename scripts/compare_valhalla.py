"""
Hold walks against Valhalla's, on the same extract at the same flat speed.

Usage: python scripts/compare_valhalla.py EXTRACT --valhalla DIR [--residences CSV] [--sites CSV]

EXTRACT is .osm.pbf, .osm or .osm.gz. Residences are the residential buildings of the extract, or
the rows of a CSV with lon and lat; sites the rows of another, or middles of streets that are spread
over the network. Valhalla is no dependency. Its binaries come in the wheels of pyvalhalla, which
need Python 3.12, but the binaries in them run without Python. To unpack them into DIR:

    pip download pyvalhalla --no-deps --only-binary=:all: --python-version 3.12
        --platform manylinux_2_28_x86_64                                   (one line)
    python -m zipfile -e pyvalhalla-*.whl DIR

Valhalla searches for the shortest way (costing option `shortest`), so that none of its penalties
counts; its metres, given to the whole metre, are walked at the speed of the command.

join points: Valhalla walks between the points of the streets where walkcover joins them, and both
walks get walkcover's access legs. What is left is the difference of the networks and of the rules.

places: Valhalla is given the places and finds the streets by itself; its access leg is the straight
line to the point it found, at the same speed.

Every residence walks to the nearest site of each engine. Where verdicts flip at the limit, the
cause is looked for: the walk is done again with private ways open to everybody.
"""

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import osmium
import pandas as pd
import shapely

import walkcover
from walkcover.crs import metric_crs
from walkcover.io.osm import read_buildings
from walkcover.joins import Joins, points_on_edges
from walkcover.network import GEOD, Network
from walkcover.reach import nearest_sites
from walkcover.search import search_graph
from walkcover.second_engine import spread
from walkcover.snap import snap
from walkcover.speed import flat_costs
from walkcover.street_index import StreetIndex

# Valhalla takes at most so many places in one call; set in its configuration too.
SOURCES_AT_ONCE, PLACES_AT_ONCE = 25, 50
FAR_M = 200_000
# Sites of each residence that Valhalla is asked for, by straight line.
NEAREST = 8
# Walks that differ by less are the same walk: Valhalla gives whole metres.
SAME = 0.01
SHOWN = 12


def main() -> None:
    """Read the arguments, compare, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("extract", type=Path)
    parser.add_argument("--valhalla", type=Path, metavar="DIR", help="the unpacked wheel")
    parser.add_argument("--residences", type=Path, metavar="CSV")
    parser.add_argument("--sites", type=Path, metavar="CSV")
    parser.add_argument("--sample", type=int, default=400, help="residences at most")
    parser.add_argument("--booths", type=int, default=80, help="sites without --sites")
    parser.add_argument("--speed", type=float, default=4.0, help="km/h")
    parser.add_argument("--limit", type=float, default=15.0, help="minutes")
    parser.add_argument("--out", type=Path, metavar="CSV", help="write all walks to this file")
    args = parser.parse_args()
    if args.valhalla is None or not (args.valhalla / "valhalla" / "bin").is_dir():
        sys.exit(f"--valhalla: no folder valhalla/bin in {args.valhalla}.\n{__doc__}")
    walks = compare(args)
    if args.out:
        walks.to_csv(args.out, index=False)
    report(walks, limit_s=60 * args.limit)


def compare(args: argparse.Namespace) -> pd.DataFrame:
    """Walk from a sample of residences to their nearest sites, by both engines."""
    network = walkcover.read_network(args.extract)
    west, south, east, north = network.bounds
    index = StreetIndex(network, metric_crs((west + east) / 2, (south + north) / 2))
    homes_at = residences(args)
    sites_at = read_points(args.sites) if args.sites else booths(index, args.booths)
    homes, sites = snap(shapely.points(homes_at), index), snap(shapely.points(sites_at), index)
    # One join a place; places that join nothing have no walk to compare.
    homes_at, sites_at = homes_at[homes.place], sites_at[sites.place]
    print(
        f"{len(homes_at)} residences on the network of {homes.n_places}, {len(sites_at)} sites; "
        f"{network.private.mean():.1%} of edges are private, {network.island.mean():.1%} on islands"
    )
    with tempfile.TemporaryDirectory() as folder:
        valhalla = Valhalla(args.valhalla, args.extract, Path(folder))
        between_joins_m = valhalla.lengths(joined(homes), joined(sites))
        between_places_m = valhalla.lengths(homes_at, sites_at)
        home_legs_m, site_legs_m = valhalla.legs(homes_at), valhalla.legs(sites_at)
    s_per_m = 3.6 / args.speed
    open_to_all = dataclasses.replace(network, private=np.zeros(network.n_edges, dtype=bool))
    own_legs_m = homes.leg_m[:, None] + sites.leg_m[None, :]
    their_legs_m = home_legs_m[:, None] + site_legs_m[None, :]
    return pd.DataFrame(
        {
            "lon": homes_at[:, 0],
            "lat": homes_at[:, 1],
            "joins": homes.snap_to[homes.place],
            "leg_m": homes.leg_m,
            "their_leg_m": home_legs_m,
            "walk_s": own_walks(homes, sites, network, args.speed),
            "open_s": own_walks(homes, sites, open_to_all, args.speed),
            "join_points": s_per_m * (between_joins_m + own_legs_m).min(axis=1),
            "places": s_per_m * (between_places_m + their_legs_m).min(axis=1),
        }
    )


def residences(args: argparse.Namespace) -> np.ndarray:
    """Points of a sample of residences, lon and lat."""
    if args.residences:
        points = read_points(args.residences)
    else:
        points = shapely.get_coordinates(
            shapely.point_on_surface(read_buildings(args.extract).geometry.to_numpy())
        )
    if not len(points):
        sys.exit(f"{args.extract}: no residential building; give --residences")
    return points[spread(len(points), args.sample)]


def read_points(path: Path) -> np.ndarray:
    """Lon and lat of each row of a CSV."""
    return pd.read_csv(path)[["lon", "lat"]].to_numpy(np.float64)


def booths(index: StreetIndex, n: int) -> np.ndarray:
    """Middles of public streets, spread over the network."""
    net = index.network
    edges = np.flatnonzero(~net.private & ~net.island & ~net.raised & (net.length_m > 0))
    # Nodes are numbered so that near numbers lie near.
    edges = edges[np.argsort(net.u[edges], kind="stable")]
    picked = edges[spread(len(edges), n)]
    return index.to_degrees(points_on_edges(picked, net.length_m[picked] / 2, index))


def joined(joins: Joins) -> np.ndarray:
    """Where places join the network, lon and lat."""
    return np.column_stack([joins.lon, joins.lat])


def own_walks(homes: Joins, sites: Joins, network: Network, speed_kmh: float) -> np.ndarray:
    """Walks to the nearest site by walkcover, in seconds."""
    graph = search_graph(network, flat_costs(network, speed_kmh=speed_kmh))
    walk_s, _ = nearest_sites(homes, sites, graph, site_rank=np.arange(sites.n_places))
    return walk_s[homes.place]


class Valhalla:
    """Tiles of one extract, and the answers that Valhalla's own program gives on them."""

    def __init__(self, wheel: Path, extract: Path, folder: Path) -> None:
        self.bin = wheel / "valhalla" / "bin"
        for program in self.bin.iterdir():
            # Unpacking a wheel loses the leave to run its programs.
            program.chmod(program.stat().st_mode | 0o111)
        made = run([sys.executable, str(wheel / "valhalla" / "valhalla_build_config.py")])
        config = json.loads(made)
        config["mjolnir"] |= {"tile_dir": str(folder / "tiles"), "tile_extract": ""}
        limits = {"max_matrix_location_pairs": 10**6, "max_locations": PLACES_AT_ONCE}
        limits |= {"max_distance": FAR_M, "max_matrix_distance": FAR_M}
        config["service_limits"]["pedestrian"] |= limits
        self.config = folder / "valhalla.json"
        self.config.write_text(json.dumps(config), encoding="utf-8")
        if not extract.name.endswith(".pbf"):
            extract = as_pbf(extract, folder / "extract.osm.pbf")
        run([str(self.bin / "valhalla_build_tiles"), "-c", str(self.config), str(extract)])

    def ask(self, action: str, **request: object) -> dict | list:
        """Ask for one action."""
        request |= {"costing": "pedestrian", "costing_options": {"pedestrian": {"shortest": True}}}
        command = [str(self.bin / "valhalla_service"), str(self.config), action]
        return json.loads(run([*command, json.dumps(request)]))

    def lengths(self, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """
        Metres of the shortest ways, starts by ends; inf where there is none.

        Only ends that are among the nearest of some start of a call are asked for, as far ones
        cost Valhalla most of the time.
        """
        metres = np.full((len(starts), len(ends)), np.inf)
        away = np.hypot(*((starts[:, None] - ends[None, :]) * shrink(ends)).transpose(2, 0, 1))
        near = np.argsort(away, axis=1, kind="stable")[:, :NEAREST]
        # Starts with the same nearest end lie together.
        order = np.argsort(near[:, 0], kind="stable")
        for some in np.split(order, range(SOURCES_AT_ONCE, len(order), SOURCES_AT_ONCE)):
            wanted = np.unique(near[some])
            answer = self.ask(
                "sources_to_targets",
                sources=places(starts[some]),
                targets=places(ends[wanted]),
                verbose=False,
            )
            found_km = np.array(answer["sources_to_targets"]["distances"], dtype=np.float64)
            # What is not found is null.
            metres[np.ix_(some, wanted)] = 1000 * np.nan_to_num(found_km, nan=np.inf)
        return metres

    def legs(self, points: np.ndarray) -> np.ndarray:
        """Metres from places to the points of streets that Valhalla takes them to."""
        found = []
        for first in range(0, len(points), PLACES_AT_ONCE):
            found += self.ask("locate", locations=places(points[first : first + PLACES_AT_ONCE]))
        ends = [
            (edge["correlated_lon"], edge["correlated_lat"])
            for edge in ((place["edges"] or [{}])[0] for place in found)
            if edge
        ]
        if len(ends) < len(points):
            sys.exit(f"Valhalla finds no street for {len(points) - len(ends)} places")
        return np.asarray(GEOD.inv(*points.T, *np.array(ends).T)[2])


def shrink(points: np.ndarray) -> np.ndarray:
    """What a degree of longitude and of latitude is worth, one beside the other."""
    return np.array([np.cos(np.radians(points[:, 1].mean())), 1.0])


def places(points: np.ndarray) -> list[dict[str, float]]:
    """Points as Valhalla takes them."""
    return [{"lon": round(lon, 7), "lat": round(lat, 7)} for lon, lat in points.tolist()]


def as_pbf(extract: Path, target: Path) -> Path:
    """Valhalla reads PBF only, nodes before ways."""
    with osmium.SimpleWriter(str(target)) as writer:
        for thing in osmium.FileProcessor(str(extract)):
            writer.add(thing)
    return target


def run(command: list[str]) -> str:
    """Run a program, and end with what it says where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command[0]} failed:\n{done.stderr[-2000:] or done.stdout[-2000:]}")
    return done.stdout


def report(walks: pd.DataFrame, *, limit_s: float) -> None:
    """Print how far walks are apart, and which verdicts flip."""
    within = walks[["walk_s", "join_points", "places"]].round(3) <= limit_s
    minutes = f"{limit_s / 60:g} minutes"
    print(f"within {minutes}: " + ", ".join(f"{n} {k}" for k, n in within.sum().items()))
    for name in ("join_points", "places"):
        own, theirs = walks["walk_s"].to_numpy(), walks[name].to_numpy()
        both = np.isfinite(own) & np.isfinite(theirs) & (own > 0)
        one_only = np.isfinite(own) != np.isfinite(theirs)
        change = theirs[both] / own[both] - 1
        median, most, nearly_all = np.quantile(np.abs(change), [0.5, 0.9, 0.99])
        flips = (within[name] != within["walk_s"]).to_numpy()
        print(
            f"\n{name.replace('_', ' ')}: {both.sum()} walks by both, "
            f"{one_only.sum()} by one only\n"
            f"  difference: median {median:.2%}, 90 % {most:.2%}, 99 % {nearly_all:.2%}\n"
            f"  Valhalla's is longer by over {SAME:.0%}: {np.mean(change > SAME):.1%} of walks; "
            f"shorter: {np.mean(change < -SAME):.1%}\n"
            f"  verdicts at {minutes} that flip: {flips.sum()} of {len(own)} ({flips.mean():.2%})"
        )
        told = walks[flips].assign(cause=[cause(row, name, limit_s) for row in rows(walks[flips])])
        for reason, count in told["cause"].value_counts().items():
            print(f"    {count} {reason}")
        if len(told):
            print(told.head(SHOWN).round(6).to_string())


def rows(table: pd.DataFrame) -> list[dict]:
    """Rows of a table by name of column."""
    return table.to_dict("records")


def cause(row: dict, name: str, limit_s: float) -> str:
    """Tell why a verdict flips, as far as a rule can."""
    if (row["open_s"] <= limit_s) == (row[name] <= limit_s):
        return "private ways: Valhalla walks through them, walkcover only at the ends of a walk"
    if name == "places" and (row["join_points"] <= limit_s) == (row["walk_s"] <= limit_s):
        return "joining: from walkcover's join points the verdicts are the same"
    if abs(row[name] - row["walk_s"]) <= SAME * limit_s:
        return f"on the limit: the walks are within {SAME:.0%} of it of each other"
    return "other: look at it"


if __name__ == "__main__":
    main()
