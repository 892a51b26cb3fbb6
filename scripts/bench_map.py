"""
Measure the map in a browser, and beside it folium's own layers, all in one run.

Usage: python scripts/bench_map.py [--sizes N ...] [--peer 10000] [--runs 5] [--seed 1]

A made city has 1,000 residences per km2 in compounds, 50,000 streets, 300 sites (a third of them
suggested) and every walk of up to 25 minutes, 1.3 times as long as the straight line. The ids of
residences are numbers in the order of the compounds, as a list of addresses has them. Homes lie
closer together than in a real city, and no ids at random are packed.

`ready` is the time from asking for the page until it says that all is drawn; `pan` the p95 of the
time between two frames while the map is moved by a quarter of the view a second; `toggle` the time
from a click that opens or closes a site until the frame after the painting; `state` the same from
before to after building. There is no GPU, so that the browser also composes its layers on the
processors: `pan` and `toggle` grow with the load that is printed. Peers draw `--peer` residences
and all streets; at 100,000 they do not finish in useful time. The last peer draws what our page of
as many residences shows before anything is clicked: residences, streets, bands and sites.

What a page shows is held against the city: how many residences lie in each of the four classes of
the legend, and how many streets are drawn (peers only). Our page counts its classes by itself, from
the packed pairs of its what-if. A page that shows anything else makes the exit code 1.
"""

import argparse
import math
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import KDTree

from walkcover.maps import build_map
from walkcover.maps.offline import OfflineMap, Verbatim, asset, figure_of, leaflet_css
from walkcover.near_sites import NEAR_LIMIT_S, by_residence
from walkcover.plan import About, Plan, Stage
from walkcover.reach import WalkPairs
from walkcover.result import NearSites, Result

LON, LAT, WGS84 = 112.55, 37.87, "EPSG:4326"
PER_KM2, COMPOUND, COMPOUND_M = 1000.0, 40, 120.0
STREETS, STREET_M, SITES, SUGGESTED = 50_000, 90.0, 300, 100
SPEED_M_S, DETOUR, LIMIT_S = 4 / 3.6, 1.3, 900.0
ZONES_A_SIDE = 4
FIRST_ID = 10_000
# A quarter of the view a second, there and back.
LEGS = [[350, 0], [0, 200], [-350, 0], [0, -200]]
SIZE = {"width": 1400, "height": 900}

READY = "html[data-ready=true]"
PAN = """async (legs) => {
    const map = window.walkcoverMap || window.peerMap, times = [];
    let last = await new Promise(requestAnimationFrame);
    for (const leg of legs) {
        let moving = true;
        map.once("moveend", () => { moving = false; });
        map.panBy(leg, { animate: true, duration: 1, easeLinearity: 1 });
        while (moving) {
            const now = await new Promise(requestAnimationFrame);
            times.push(now - last);
            last = now;
        }
    }
    return times;
}"""
# Two frames later what a click changed is painted; the message comes after that frame.
CLICK = """async (selector) => {
    const frame = () => new Promise(requestAnimationFrame);
    const element = document.querySelector(selector), start = performance.now();
    element.click();
    await frame();
    await frame();
    await new Promise((done) => setTimeout(done, 0));
    return performance.now() - start;
}"""


# Residences in each class of the legend, as our page has counted them.
OWN_CLASSES = """() => ["near", "middle", "far", "gap"].map((name) => {
    const cell = document.querySelector(`[data-key="whatif.${name}.residences"]`);
    return Number(cell.textContent.replaceAll(",", ""));
})"""
# Markers of each colour, and lines that are no areas.
PEER_CLASSES = """(colours) => {
    const counts = colours.map(() => 0);
    let lines = 0;
    window.peerMap.eachLayer((layer) => {
        if (layer instanceof L.CircleMarker) counts[colours.indexOf(layer.options.color)] += 1;
        else if (layer instanceof L.Polyline && !(layer instanceof L.Polygon)) lines += 1;
    });
    return [...counts, lines];
}"""
CLASS_LIMITS_S = (300.0, 600.0, LIMIT_S)
COLOURS = ("#08519c", "#4292c6", "#9ecae1", "#e66101")


class City(NamedTuple):
    """Places in metres from the middle, and what is known of them."""

    homes: np.ndarray
    people: np.ndarray
    sites: np.ndarray
    streets: np.ndarray
    half_m: float


def make_city(n_residences: int, seed: int) -> City:
    """Scatter compounds of homes, streets along a grid, and sites where homes are."""
    rng = np.random.default_rng(seed)
    half_m = 500.0 * math.sqrt(n_residences / PER_KM2)
    n_compounds = -(-n_residences // COMPOUND)
    middles = rng.uniform(-half_m, half_m, (n_compounds, 2))
    # Compounds are listed district by district, as in a register.
    middles = middles[np.lexsort(np.floor(middles.T / 1000.0))]
    homes = np.repeat(middles, COMPOUND, axis=0)[:n_residences]
    homes = homes + rng.uniform(-COMPOUND_M, COMPOUND_M, homes.shape)
    people = np.ceil(rng.lognormal(2.5, 1.1, n_residences))
    sites = homes[rng.choice(n_residences, SITES, replace=False)]
    starts = np.round(rng.uniform(-half_m, half_m, (STREETS, 2)) / STREET_M) * STREET_M
    step = np.where(rng.random((STREETS, 1)) < 0.5, [[STREET_M, 0.0]], [[0.0, STREET_M]])
    bend = starts + step / 2 + rng.normal(0.0, 4.0, starts.shape)
    return City(homes, people, sites, np.stack([starts, bend, starts + step], axis=1), half_m)


def degrees(metres: np.ndarray) -> np.ndarray:
    """Lay metres about the middle of the made city, to the accuracy that a drawing needs."""
    per_degree = 111_320.0
    scale = [1 / (per_degree * math.cos(math.radians(LAT))), 1 / per_degree]
    return metres * scale + [LON, LAT]


def walk_pairs(city: City) -> WalkPairs:
    """Every residence within 25 minutes of each site."""
    reach_m = NEAR_LIMIT_S * SPEED_M_S / DETOUR
    rows = KDTree(city.homes).query_ball_point(city.sites, reach_m, return_sorted=True)
    indptr = np.cumsum([0, *map(len, rows)])
    home = np.concatenate(rows).astype(np.int32)
    site = np.repeat(np.arange(len(rows)), np.diff(indptr))
    straight_m = np.hypot(*(city.homes[home] - city.sites[site]).T)
    return WalkPairs(indptr=indptr, residence=home, walk_s=straight_m * DETOUR / SPEED_M_S)


def judged(near: NearSites, usable: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nearest usable site of each residence, -1 where there is none, and the walk in seconds."""
    n = len(near.indptr) - 1
    row = np.repeat(np.arange(n), np.diff(near.indptr))
    entries = np.flatnonzero(usable[near.site])
    first, place = np.unique(row[entries], return_index=True)
    site, walk_s = np.full(n, -1), np.full(n, np.inf)
    site[first] = near.site[entries[place]]
    walk_s[first] = near.walk_steps[entries[place]] * float(near.step_s)
    return site, walk_s


def make_result(city: City) -> Result:
    """Dress a city up as a finished run."""
    rank = np.arange(SITES)
    near = by_residence(
        walk_pairs(city), n_residences=len(city.homes), site_rank=rank, limit_s=NEAR_LIMIT_S
    )
    ids = np.array([f"S{number:03d}" for number in rank])
    suggested = rank >= SITES - SUGGESTED
    lon, lat = degrees(city.homes).T
    side = 2 * city.half_m / ZONES_A_SIDE
    cell = np.clip((city.homes + city.half_m) // side, 0, ZONES_A_SIDE - 1).astype(int)
    residences = pd.DataFrame(
        {
            "residence_id": [f"w{number}" for number in range(FIRST_ID, FIRST_ID + len(lon))],
            "name": None,
            "people": city.people,
            "zone_id": [f"Z{east}{north}" for east, north in cell],
            "stage": "all",
            "lon": lon,
            "lat": lat,
        }
    )
    for suffix, usable in (("", ~suggested), ("_after", rank >= 0)):
        site, walk_s = judged(near, usable)
        residences[f"walk_s{suffix}"] = walk_s
        residences[f"site_id{suffix}"] = np.where(site >= 0, ids[site], None)
        verdict = np.where(walk_s <= LIMIT_S, "covered", "too_far")
        residences[f"verdict{suffix}"] = np.where(np.isinf(walk_s), "no_site", verdict)
    stages = pd.DataFrame({"name": ["all"], "sites_added": [SUGGESTED]})
    summary = summarise(residences)
    for key in ("covered_share", "covered_share_after"):
        stages[key] = summary[key]
    return Result(
        plan=Plan(plan=About(name="made city"), stages=(Stage(max_sites=SUGGESTED),)),
        residences=points(residences),
        sites=points(site_table(city, ids, suggested, residences)),
        rollout=rollout(city, ids[suggested], summary),
        zones=zone_table(city, residences),
        stages=stages,
        band=pd.DataFrame(),
        gap_areas=gpd.GeoDataFrame({"gap_id": []}, geometry=[], crs=WGS84),
        closures=pd.DataFrame(),
        remedies=pd.DataFrame(),
        isochrones=bands(city),
        streets=street_table(city),
        summary=summary,
        near_sites=near,
    )


def points(table: pd.DataFrame) -> gpd.GeoDataFrame:
    """Put a table on the map."""
    return gpd.GeoDataFrame(table, geometry=shapely.points(table["lon"], table["lat"]), crs=WGS84)


def summarise(residences: pd.DataFrame) -> dict[str, Any]:
    """Write what a map reads of a summary."""
    people = residences["people"]
    summary: dict[str, Any] = {"people": float(people.sum()), "distance_only": True}
    for suffix in ("", "_after"):
        verdict = residences[f"verdict{suffix}"]
        covered = float(people[verdict == "covered"].sum())
        summary[f"covered_people{suffix}"] = covered
        summary[f"covered_share{suffix}"] = covered / summary["people"]
        summary[f"gap_people{suffix}"] = summary["people"] - covered
        n_sites = SITES if suffix else SITES - SUGGESTED
        summary[f"people_per_site{suffix}"] = summary["people"] / n_sites
        summary[f"verdicts{suffix}"] = {
            name: {"residences": len(rows), "people": float(rows.sum())}
            for name, rows in people.groupby(verdict)
        }
    counts = {"open": SITES - SUGGESTED, "closed": 0, "planned": 0, "suggested": SUGGESTED}
    return summary | {"sites": counts}


def site_table(
    city: City, ids: np.ndarray, suggested: np.ndarray, residences: pd.DataFrame
) -> pd.DataFrame:
    """List the sites."""
    lon, lat = degrees(city.sites).T
    table = pd.DataFrame({"site_id": ids, "name": None, "lon": lon, "lat": lat})
    table["origin"] = np.where(suggested, "suggested", "existing")
    table["status"] = np.where(suggested, "suggested", "open")
    table["stage"] = np.where(suggested, "all", None)
    table["order"] = np.where(suggested, np.arange(SITES) - (SITES - SUGGESTED) + 1, np.nan)
    for suffix in ("", "_after"):
        served = residences.groupby(f"site_id{suffix}")["people"].sum()
        table[f"people_served{suffix}"] = served.reindex(ids).fillna(0.0).to_numpy()
    table["people_gained"] = np.where(suggested, table["people_served_after"], np.nan)
    return table


def rollout(city: City, ids: np.ndarray, summary: dict[str, Any]) -> pd.DataFrame:
    """List the suggested sites as if each won as many people."""
    lon, lat = degrees(city.sites[-SUGGESTED:]).T
    before, after = summary["covered_people"], summary["covered_people_after"]
    covered = np.linspace(before, after, SUGGESTED + 1)[1:]
    table = pd.DataFrame({"site_id": ids, "lon": lon, "lat": lat, "covered_people": covered})
    table["order"], table["stage"] = np.arange(1, SUGGESTED + 1), "all"
    table["near"], table["zone_name"] = "", ""
    table["people_gained"] = (after - before) / SUGGESTED
    table["covered_share"] = covered / summary["people"]
    return table


def zone_table(city: City, residences: pd.DataFrame) -> gpd.GeoDataFrame:
    """Cut the city into square zones."""
    edges = np.linspace(-city.half_m, city.half_m, ZONES_A_SIDE + 1)
    rows, boxes = [], []
    for east in range(ZONES_A_SIDE):
        for north in range(ZONES_A_SIDE):
            own = residences[residences["zone_id"] == f"Z{east}{north}"]
            row: dict[str, Any] = {"zone_id": f"Z{east}{north}", "name": f"Zone {east}{north}"}
            row |= {"parent_id": None, "stage": "all", "people": own["people"].sum()}
            for suffix in ("", "_after"):
                covered = own["people"][own[f"verdict{suffix}"] == "covered"].sum()
                row[f"covered_people{suffix}"] = covered
                row[f"covered_share{suffix}"] = covered / row["people"]
                row[f"gap_people{suffix}"] = row["people"] - covered
            rows.append(row)
            corners = degrees(np.array([[edges[east], edges[north]],
                                        [edges[east + 1], edges[north + 1]]]))  # fmt: skip
            boxes.append(shapely.box(*corners.ravel()))
    return gpd.GeoDataFrame(pd.DataFrame(rows), geometry=boxes, crs=WGS84)


def bands(city: City) -> gpd.GeoDataFrame:
    """Draw walking bands as dissolved circles."""
    rings, inner = [], shapely.Polygon()
    for minutes in (5.0, 10.0, 15.0):
        radius_m = minutes * 60 * SPEED_M_S / DETOUR
        outer = shapely.union_all(shapely.buffer(shapely.points(city.sites), radius_m, quad_segs=6))
        rings.append(shapely.transform(outer.difference(inner), degrees))
        inner = outer
    minutes_to = [5.0, 10.0, 15.0]
    table = {"minutes_from": [0.0, 5.0, 10.0], "minutes_to": minutes_to}
    return gpd.GeoDataFrame(table, geometry=rings, crs=WGS84)


def street_table(city: City) -> gpd.GeoDataFrame:
    """Name a tenth of the streets."""
    number = np.arange(len(city.streets))
    kinds = np.array(["secondary", "residential", "residential", "footway"])
    table = {
        "name": np.where(number % 10 == 0, [f"Street {n % 997}" for n in number], None),
        "highway": kinds[number % len(kinds)],
        "private": False,
    }
    lines = shapely.linestrings(degrees(city.streets.reshape(-1, 2)).reshape(city.streets.shape))
    return gpd.GeoDataFrame(table, geometry=lines, crs=WGS84)


class Measured(NamedTuple):
    """Figures of one visit, in milliseconds, and what the page shows."""

    ready: float
    pan: float
    state: float
    toggle: float
    shown: tuple[int, ...]


def classes(result: Result, suffix: str = "") -> np.ndarray:
    """Class of each residence in the legend, by its walk to the sites of today, or of after."""
    return np.searchsorted(CLASS_LIMITS_S, result.residences[f"walk_s{suffix}"].to_numpy())


def counted(result: Result, suffix: str = "") -> tuple[int, ...]:
    """Residences in each class."""
    return tuple(np.bincount(classes(result, suffix), minlength=len(COLOURS)).tolist())


def visit(browser: Any, path: Path, *, own: bool) -> Measured:
    """Open a page and work in it."""
    context = browser.new_context(viewport=SIZE, offline=True)
    page = context.new_page()
    page.set_default_timeout(300_000)
    start = time.perf_counter()
    page.goto(path.as_uri(), wait_until="commit")
    page.wait_for_selector(READY, state="attached")
    # Ready, and the frame that shows it.
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)))")
    ready = 1000 * (time.perf_counter() - start)
    page.wait_for_timeout(500)
    state = toggle = math.nan
    if own:
        state = page.evaluate(CLICK, "input[name=when][value=after]")
        # The what-if begins with what was shown before: all sites are built.
        page.evaluate(CLICK, "input[name=when][value=whatif]")
        shown = page.evaluate(OWN_CLASSES)
        boxes = [f"#whatif-sites tbody tr:nth-child({row}) input" for row in (3, 50, 120, 199, 250)]
        toggle = statistics.median(page.evaluate(CLICK, box) for box in boxes)
        page.evaluate(CLICK, "input[name=when][value=before]")
    else:
        shown = page.evaluate(PEER_CLASSES, list(COLOURS))
    pan = float(np.percentile(page.evaluate(PAN, LEGS), 95))
    context.close()
    return Measured(ready, pan, state, toggle, tuple(shown))


def peer_page(result: Result, draw: Callable[[Result, folium.Map], None]) -> str:
    """Draw with folium's own layers on a page that needs no network either."""
    page = OfflineMap(location=[LAT, LON], zoom_start=12, tiles=None, prefer_canvas=True)
    root = figure_of(page)
    root.header.add_child(Verbatim(f"<script>{asset('leaflet.js')}</script>"))
    root.header.add_child(Verbatim(f"<style>{leaflet_css()}</style>"))
    draw(result, page)
    html = root.render()
    ready = f"window.peerMap = {page.get_name()}; document.documentElement.dataset.ready = true;"
    return html.replace("</html>", f"<script>{ready}</script></html>")


def geojson_points(result: Result, page: folium.Map) -> None:
    """Draw residences as GeoJSON with a style function."""
    table = result.residences[["residence_id", "people", "geometry"]]
    folium.GeoJson(
        table.assign(colour=np.array(COLOURS)[classes(result)]),
        marker=folium.CircleMarker(radius=3),
        style_function=lambda feature: {"color": feature["properties"]["colour"]},
    ).add_to(page)


def circle_markers(result: Result, page: folium.Map) -> None:
    """Draw residences as a loop of markers."""
    rows = zip(
        result.residences["lat"], result.residences["lon"], classes(result).tolist(), strict=True
    )
    for lat, lon, which in rows:
        folium.CircleMarker([lat, lon], radius=3, color=COLOURS[which]).add_to(page)


def geojson_streets(result: Result, page: folium.Map) -> None:
    """Draw streets as GeoJSON."""
    folium.GeoJson(result.streets[["highway", "geometry"]]).add_to(page)


def whole_page(result: Result, page: folium.Map) -> None:
    """Draw residences, streets, bands and sites."""
    folium.GeoJson(result.isochrones[["minutes_to", "geometry"]]).add_to(page)
    geojson_streets(result, page)
    circle_markers(result, page)
    for lat, lon in zip(result.sites["lat"], result.sites["lon"], strict=True):
        # Leaflet's default icon would be loaded from the net.
        folium.Marker([lat, lon], icon=folium.DivIcon(html="■")).add_to(page)


def show(
    name: str,
    html: str,
    build_s: float,
    browser: Any,
    runs: int,
    *,
    own: bool,
    wanted: tuple[int, ...],
) -> bool:
    """Open a page several times and print a row: medians, and the spread of `ready`; is it true."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.html"
        path.write_text(html, encoding="utf-8", newline="")
        size_mb = path.stat().st_size / 1e6
        seen = [visit(browser, path, own=own) for _ in range(runs)]
    middle = [statistics.median(column) for column in zip(*(one[:4] for one in seen), strict=True)]
    ready = [one.ready / 1000 for one in seen]
    print(
        f"{name:34} {size_mb:6.2f} MB  built {build_s:5.1f} s  "
        f"ready {middle[0] / 1000:5.2f} s ({min(ready):.2f}-{max(ready):.2f})  "
        f"pan p95 {middle[1]:6.1f} ms  state {middle[2]:5.0f} ms  toggle {middle[3]:5.0f} ms  "
        f"load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    wrong = {one.shown for one in seen} - {wanted}
    for shown in sorted(wrong):
        print(f"DIFFERS: {name} shows {shown}, the city has {wanted}")
    return not wrong


def bench(sizes: Iterable[int], peer: int, runs: int, seed: int, browser: Any) -> bool:
    """Print a row for each page; whether all show what the city has."""
    true = True
    for n in sizes:
        result = make_result(make_city(n, seed))
        near = result.near_sites
        n_pairs = len(near.site) if near is not None else 0
        start = time.perf_counter()
        html = build_map(result)
        name = f"walkcover {n:,}, {n_pairs / 1e6:.1f}M pairs"
        build_s = time.perf_counter() - start
        wanted = counted(result, "_after")
        true &= show(name, html, build_s, browser, runs, own=True, wanted=wanted)
    if not peer:
        return true
    result = make_result(make_city(peer, seed))
    homes, nothing = counted(result), (0,) * len(COLOURS)
    for name, draw, wanted in (
        (f"folium GeoJson {peer:,}", geojson_points, (*homes, 0)),
        (f"folium CircleMarker {peer:,}", circle_markers, (*homes, 0)),
        (f"folium GeoJson {STREETS:,} streets", geojson_streets, (*nothing, STREETS)),
        (f"folium, all layers, {peer:,}", whole_page, (*homes, STREETS)),
    ):
        start = time.perf_counter()
        html = peer_page(result, draw)
        build_s = time.perf_counter() - start
        true &= show(name, html, build_s, browser, runs, own=False, wanted=wanted)
    return true


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description="Measure the map in a browser.")
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000, 500_000])
    parser.add_argument("--peer", type=int, default=10_000, help="residences of peers; 0 for none")
    parser.add_argument("--runs", type=int, default=5, help="visits of each page")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    path = shutil.which("chromium")
    if path is None:
        sys.exit("chromium is not installed: there is no browser to measure in")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        options = ["--no-sandbox", "--disable-gpu"]
        browser = running.chromium.launch(executable_path=path, args=options)
        print(f"Chromium {browser.version}, {os.cpu_count()} processors, seed {args.seed}")
        true = bench(args.sizes, args.peer, args.runs, args.seed, browser)
        browser.close()
    if not true:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
