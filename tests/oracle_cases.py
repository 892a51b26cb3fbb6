"""
Small towns whose walks are worked by hand, and the files that carry them to a run.

A town is drawn in metres east and north of `ORIGIN`. There the scale of UTM zone 49 is 1 within
some millionths, so that what is near in the plane is as near on the ellipsoid. At 4 km/h one metre
takes exactly 0.9 s; 1,000 m take 900 s.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

GEOD = pyproj.Geod(ellps="WGS84")
ORIGIN = (113.052, 37.87)
SECONDS_PER_METRE = 0.9

Spot = tuple[float, float] | tuple[float, float, str]


@dataclass(frozen=True)
class Way:
    """
    A way through spots (east, north) in metres.

    A third member tells apart nodes at the same place; None is a reference to a missing node.
    """

    spots: list[Spot | None]
    tags: dict[str, str] = field(default_factory=lambda: {"highway": "residential"})


@dataclass(frozen=True)
class Expected:
    """What a residence is to come to; `walk_m` counts the whole walk in metres."""

    verdict: str
    walk_m: float = math.inf
    snap_m: float = math.nan
    snap_to: str | None = "main"
    site_id: str | None = None

    @property
    def walk_s(self) -> float:
        return self.walk_m * SECONDS_PER_METRE


@dataclass(frozen=True)
class Home:
    """A residence: a spot, or the corners of a polygon; random ones expect nothing."""

    spots: list[Spot]
    expected: Expected | None = None
    people: int = 10


@dataclass(frozen=True)
class Town:
    """One case; `formats` are those in which it can be told."""

    ways: list[Way]
    homes: dict[str, Home]
    sites: dict[str, Spot]
    closed: tuple[str, ...] = ()
    doors: dict[Spot, dict[str, str]] = field(default_factory=dict)
    formats: tuple[str, ...] = ("osm", "gpkg")


def lonlat(spot: Spot) -> tuple[float, float]:
    """Go north along the meridian of the origin, then at a right angle east."""
    east_m, north_m = spot[:2]
    lon, lat, _ = GEOD.fwd(*ORIGIN, 0.0, north_m)
    lon, lat, _ = GEOD.fwd(lon, lat, 90.0, east_m)
    return lon, lat


def shape(spots: list[Spot]) -> BaseGeometry:
    places = [lonlat(spot) for spot in spots]
    return shapely.Point(places[0]) if len(places) == 1 else shapely.Polygon(places)


def write_town(town: Town, folder: Path, kind: str) -> Path:
    """Write network, residences, sites and plan; give the path of the network."""
    network = folder / f"network.{kind}"
    (_write_osm if kind == "osm" else _write_layer)(town, network)
    write_plan(folder, network, residences=residences(town), sites=sites(town))
    return network


def residences(town: Town) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"residence_id": list(town.homes), "people": [h.people for h in town.homes.values()]},
        geometry=[shape(home.spots) for home in town.homes.values()],
        crs="EPSG:4326",
    )


def sites(town: Town) -> gpd.GeoDataFrame:
    status = ["closed" if site in town.closed else "open" for site in town.sites]
    return gpd.GeoDataFrame(
        {"site_id": list(town.sites), "status": status},
        geometry=[shape([spot]) for spot in town.sites.values()],
        crs="EPSG:4326",
    )


def write_plan(
    folder: Path,
    network: Path,
    *,
    residences: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    layer: str = "",
) -> None:
    """Write residences, sites (where there are any) and the plan that names them."""
    residences.to_file(folder / "residences.gpkg")
    plan = [
        "[network]",
        f'source = "{network}"',
        f'layer = "{layer}"',
        "[residences]",
        'source = "residences.gpkg"',
        'crs = "wgs84"',
    ]
    if len(sites):
        sites.to_file(folder / "sites.gpkg")
        plan += ["[sites]", 'source = "sites.gpkg"', 'crs = "wgs84"']
    (folder / "plan.toml").write_text("\n".join(plan) + "\n", encoding="utf-8")


def _write_osm(town: Town, path: Path) -> None:
    root = ET.Element("osm", version="0.6")
    ways = list(town.ways)
    if town.doors:
        corners = [home.spots for home in town.homes.values() if len(home.spots) > 1]
        ways += [Way([*spots, spots[0]], {"building": "yes"}) for spots in corners]
    spots = dict.fromkeys(spot for way in ways for spot in way.spots if spot is not None)
    number = {spot: i for i, spot in enumerate(spots, start=1)}
    for spot, i in number.items():
        lon, lat = lonlat(spot)
        node = ET.SubElement(root, "node", id=str(i), lon=f"{lon:.7f}", lat=f"{lat:.7f}")
        _add_tags(node, town.doors.get(spot, {}))
    for i, way in enumerate(ways, start=1):
        element = ET.SubElement(root, "way", id=str(i))
        for spot in way.spots:
            ET.SubElement(element, "nd", ref=str(number.get(spot, 999_999)))
        _add_tags(element, way.tags)
    for element in root:
        element.set("version", "1")
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _add_tags(element: ET.Element, tags: dict[str, str]) -> None:
    for key, value in tags.items():
        ET.SubElement(element, "tag", k=key, v=value)


def _write_layer(town: Town, path: Path) -> None:
    rest = [{k: v for k, v in way.tags.items() if k != "highway"} for way in town.ways]
    gpd.GeoDataFrame(
        {
            "highway": [way.tags["highway"] for way in town.ways],
            "other_tags": pd.Series(
                [",".join(f'"{k}"=>"{v}"' for k, v in tags.items()) for tags in rest], dtype="str"
            ),
        },
        geometry=[shapely.LineString([lonlat(s) for s in way.spots]) for way in town.ways],
        crs="EPSG:4326",
    ).to_file(path)


MAIN_STREET = Way([(0, 0), (2000, 0)])


def same_edge() -> Town:
    # One residence, one site, no vertex between them: 20 m to the street, 400 m along, 10 m.
    walk = Expected("covered", 20 + 400 + 10, snap_m=20, site_id="s")
    return Town([MAIN_STREET], {"a": Home([(300, 20)], walk)}, {"s": (700, -10)})


def past_the_site() -> Town:
    # "b" lies beyond the site; a search from the ends of the edge would add detours of 400 m.
    homes = {
        "a": Home([(1500, 20)], Expected("too_far", 20 + 1300 + 5, snap_m=20, site_id="s")),
        "b": Home([(50, 8)], Expected("covered", 8 + 150 + 5, snap_m=8, site_id="s")),
    }
    return Town([MAIN_STREET], homes, {"s": (200, 5)})


def exact_limit() -> Town:
    # 1,000 m are 900.000 s. 0.5 mm more are 900.00045 s, which is 900.000 in milliseconds; 1.2 mm
    # more are 900.00108 s, which is 900.001. Only coordinates in full can say so.
    street = Way([(0, 0), (1000, 0), (1000.0005, 0), (1000.0012, 0), (2000, 0)])
    homes = {
        "at": Home([(1000, 0)], Expected("covered", 1000, snap_m=0, site_id="s")),
        "hair": Home([(1000.0005, 0)], Expected("covered", 1000.0005, snap_m=0, site_id="s")),
        "over": Home([(1000.0012, 0)], Expected("too_far", 1000.0012, snap_m=0, site_id="s")),
    }
    return Town([street], homes, {"s": (0, 0)}, formats=("gpkg",))


def polygons() -> Town:
    # "beside": the lowest corner (310, 12) is the point of the outline nearest to the street.
    # "across": the street runs through, so the middle (305, 10) counts.
    # "passage": a building passage is at grade; the middle (1005, 35) lies 5 m beside it, and its
    # foot 35 m along it from the street.
    beside = [(310, 12), (330, 20), (310, 40), (290, 20)]
    across = [(280, -10), (330, -10), (330, 30), (280, 30)]
    passage = [(980, 20), (1030, 20), (1030, 50), (980, 50)]
    homes = {
        "beside": Home(beside, Expected("covered", 12 + 390, snap_m=12, site_id="s")),
        "across": Home(across, Expected("covered", 10 + 395, snap_m=10, site_id="s")),
        "passage": Home(passage, Expected("covered", 5 + 35 + 300, snap_m=5, site_id="s")),
    }
    street = Way([(0, 0), (1000, 0), (2000, 0)])
    passage_way = Way(
        [(1000, 0), (1000, 100)], {"highway": "footway", "tunnel": "building_passage"}
    )
    return Town([street, passage_way], homes, {"s": (700, 0)})


def doors() -> Town:
    # The middle of each building is 20 m from each corner.
    # "entrance": its only door is the back corner (310, 50). From there 8 m to the lane, along it
    # 310 m west, 58 m down, 700 m along the street. By the front corner it would be 10 + 390.
    # "gate": the front corner (1010, 10), 10 m from the street.
    # "two": doors at the back (410, 50) and in front (410, 10). The walk by the front one is the
    # least, 20 + 10 + 290; the leg that is told is the shortest, 20 + 8 at the back.
    lane = Way([(0, 0), (0, 58), (2000, 58)])
    diamond = [(0, 10), (20, 30), (0, 50), (-20, 30)]
    at_310, at_410, at_1010 = ([(x + dx, y) for dx, y in diamond] for x in (310, 410, 1010))
    by_lane = Expected("too_far", 28 + 310 + 58 + 700, snap_m=20 + 8, site_id="s")
    homes = {
        "entrance": Home(at_310, by_lane),
        "gate": Home(at_1010, Expected("covered", 30 + 310, snap_m=20 + 10, site_id="s")),
        "two": Home(at_410, Expected("covered", 30 + 290, snap_m=20 + 8, site_id="s")),
    }
    marks = {
        at_310[2]: {"entrance": "yes"},
        at_1010[0]: {"barrier": "gate"},
        at_410[2]: {"entrance": "service"},
        at_410[0]: {"entrance": "main"},
    }
    return Town([MAIN_STREET, lane], homes, {"s": (700, 0)}, doors=marks, formats=("osm",))


def islands() -> Town:
    # Two streets of 800 m and 400 m hang on nothing: islands, as they have less than 1,000 m.
    # "alone": on the first, 600 m from the main street.
    # "main_first": 5 m from the second, but 200 m from the main street, which is preferred.
    apart = Way([(0, 600), (800, 600)])
    near = Way([(900, 205), (1300, 205)])
    homes = {
        "alone": Home([(100, 620)], Expected("island", snap_m=20, snap_to="island")),
        "main_first": Home([(1000, 200)], Expected("covered", 300, snap_m=200, site_id="s")),
    }
    return Town([MAIN_STREET, apart, near], homes, {"s": (1100, 0)})


def site_on_island() -> Town:
    # "with_it" shares the island with site "i"; "main" is 580 m from it as the crow flies.
    apart = Way([(0, 600), (800, 600)])
    covered = Expected("covered", 20 + 300, snap_m=20, snap_to="island", site_id="i")
    homes = {
        "with_it": Home([(100, 620)], covered),
        "main": Home([(100, 20)], Expected("no_site", snap_m=20)),
    }
    return Town([MAIN_STREET, apart], homes, {"i": (400, 600)})


def _compound(homes: dict[str, Home], formats: tuple[str, ...]) -> Town:
    # A gated stub at each end, and between them an untagged footway, which counts as private as
    # nothing public leads to it. The back street meets the main street at (1500, 0) only.
    ways = [
        Way([(0, 0), (500, 0), (1500, 0), (2000, 0)]),
        Way([(500, 0), (500, 50)], {"highway": "service", "access": "private"}),
        Way([(500, 50), (500, 150)], {"highway": "footway"}),
        Way([(500, 150), (500, 200)], {"highway": "service", "foot": "private"}),
        Way([(0, 200), (500, 200), (1500, 200), (1500, 0)]),
    ]
    return Town(ways, homes, {"s": (600, 0)}, formats=formats)


def compound() -> Town:
    # "inside": out by the south gate: 10 m, 100 m to the street, 100 m along it.
    # "behind": not through the compound: 1,200 m east, 200 m down, 900 m back west to the site.
    inside = Expected("covered", 10 + 100 + 100, snap_m=10, snap_to="private", site_id="s")
    behind = Expected("too_far", 10 + 1200 + 200 + 900, snap_m=10, site_id="s")
    homes = {"inside": Home([(510, 100)], inside), "behind": Home([(300, 210)], behind)}
    return _compound(homes, ("osm", "gpkg"))


def compound_gate() -> Town:
    # The join point is exactly the gate's node, which public and private streets share: public
    # comes first in the name, and the private run of the walk may start right there: 200 m
    # through the compound, then 100 m.
    at_gate = Expected("covered", 200 + 100, snap_m=0, site_id="s")
    return _compound({"at_gate": Home([(500, 200)], at_gate)}, ("gpkg",))


def two_compounds() -> Town:
    # Out of one private way and into another: 30 m down, 400 m along, 40 m up to the site.
    # "neighbour" leaves and enters the same one: 10 m along it, never leaving.
    drive = {"highway": "service", "service": "private"}
    ways = [
        Way([(0, 0), (300, 0), (700, 0), (2000, 0)]),
        Way([(300, 0), (300, 100)], drive),
        Way([(700, 0), (700, 100)], drive),
    ]
    there = Expected("covered", 5 + 30 + 400 + 40, snap_m=5, snap_to="private", site_id="s")
    neighbour = Expected("covered", 5 + 10, snap_m=5, snap_to="private", site_id="s")
    homes = {"there": Home([(305, 30)], there), "neighbour": Home([(705, 50)], neighbour)}
    return Town(ways, homes, {"s": (700, 40)})


def viaduct() -> Town:
    # A bridge 100 m north of the street, on a ramp at its west end.
    # "under": stands below the bridge, joins the street 100 m away.
    # "only": 240 m from the bridge, 340 m from the street, 384 m from the ramp: the bridge it is,
    # 300 m along it, 100 m down the ramp, 700 m along the street.
    ways = [
        MAIN_STREET,
        Way([(0, 0), (0, 100)]),
        Way([(0, 100), (2000, 100)], {"highway": "primary", "bridge": "viaduct"}),
    ]
    only = Expected("too_far", 240 + 300 + 100 + 700, snap_m=240, site_id="s")
    homes = {
        "under": Home([(300, 100)], Expected("covered", 100 + 400, snap_m=100, site_id="s")),
        "only": Home([(300, 340)], only),
    }
    return Town(ways, homes, {"s": (700, 0)})


def snap_limit() -> Town:
    # 249.9 m is within 250 m, 250.1 m is not; site "far" joins nothing, so it serves nobody.
    homes = {
        "in": Home([(300, 249.9)], Expected("covered", 249.9 + 400, snap_m=249.9, site_id="s")),
        "out": Home([(300, 250.1)], Expected("not_snapped", snap_to=None)),
    }
    return Town([MAIN_STREET], homes, {"s": (700, 0), "far": (300, 300)})


def no_site() -> Town:
    # No site at all: a valid start. Verdicts in their order: people, snap, island, no site.
    homes = {
        "main": Home([(300, 20)], Expected("no_site", snap_m=20)),
        "island": Home([(100, 620)], Expected("island", snap_m=20, snap_to="island")),
        "off": Home([(300, 300)], Expected("not_snapped", snap_to=None)),
        "empty": Home([(300, 300)], Expected("no_people", snap_to=None), people=0),
    }
    return Town([MAIN_STREET, Way([(0, 600), (800, 600)])], homes, {})


def closed_site() -> Town:
    # The nearer site is closed: 20 m and 600 m to the open one. Nobody lives in "empty".
    homes = {
        "a": Home([(300, 20)], Expected("covered", 20 + 600, snap_m=20, site_id="open")),
        "empty": Home([(900, 20)], Expected("no_people", 20, snap_m=20, site_id="open"), people=0),
    }
    return Town([MAIN_STREET], homes, {"shut": (310, 0), "open": (900, 0)}, closed=("shut",))


def ties() -> Town:
    # "between": 500 m to "10" and to "9" alike; as text "10" is the smaller.
    # "beside": "30" and "4" stand on the same spot.
    # "not_a_tie": "10" is 400 m away and "9" 600 m; the smaller id has no say when it is farther.
    street = Way([(0, 0), (500, 0), (1000, 0), (1500, 0), (3000, 0)])
    homes = {
        "between": Home([(1000, 0)], Expected("covered", 500, snap_m=0, site_id="10")),
        "beside": Home([(2900, 0)], Expected("covered", 100, snap_m=0, site_id="30")),
        "nearer": Home([(1100, 0)], Expected("covered", 400, snap_m=0, site_id="10")),
        "farther": Home([(900, 0)], Expected("covered", 400, snap_m=0, site_id="9")),
    }
    sites = {"9": (500, 0), "10": (1500, 0), "4": (3000, 0), "30": (3000, 0)}
    return Town([street], homes, sites, formats=("gpkg",))


def _ring(tags: dict[str, str]) -> Town:
    # The south side runs east only. "with": 300 m along it. "against": on to its end (1,000 m),
    # up 100 m, back 2,000 m, down 100 m, and 500 m along to the site.
    ways = [
        Way([(0, 0), (2000, 0)], {"highway": "residential"} | tags),
        Way([(2000, 0), (2000, 100), (0, 100), (0, 0)]),
    ]
    against = Expected("too_far", 10 + 1000 + 100 + 2000 + 100 + 500, snap_m=10, site_id="s")
    homes = {
        "with": Home([(200, 10)], Expected("covered", 10 + 300, snap_m=10, site_id="s")),
        "against": Home([(1000, 10)], against),
    }
    return Town(ways, homes, {"s": (500, 0)})


def oneway_foot() -> Town:
    return _ring({"oneway:foot": "yes"})


def foot_backward_no() -> Town:
    return _ring({"foot:backward": "no", "oneway": "-1"})


def oneway_for_cars() -> Town:
    # The sign for cars binds nobody on foot: 500 m back to the site.
    way = Way([(0, 0), (2000, 0)], {"highway": "residential", "oneway": "yes"})
    walk = Expected("covered", 10 + 500, snap_m=10, site_id="s")
    return Town([way], {"a": Home([(1000, 10)], walk)}, {"s": (500, 0)})


def oneway_reversed() -> Town:
    # Against the drawing: "a" walks west to the site. "b" may not walk east, and nothing leads
    # round, so that no path exists though a site stands on its piece.
    way = Way([(0, 0), (2000, 0)], {"highway": "footway", "oneway:foot": "-1"})
    homes = {
        "a": Home([(1000, 10)], Expected("covered", 10 + 500, snap_m=10, site_id="s")),
        "b": Home([(300, 10)], Expected("no_site", snap_m=10)),
    }
    return Town([way], homes, {"s": (500, 0)})


def broken_reference() -> Town:
    # The missing node takes away what lies between (1200, 0) and (1400, 0), nothing else.
    # "gap": 90 m and 100 m from the end at (1200, 0), then 200 m.
    # "behind": the other half is 1,400 m long, no island, and has no site.
    way = Way([(0, 0), (1200, 0), None, (1400, 0), (2800, 0)])
    leg_m = math.hypot(90, 100)
    homes = {
        "before": Home([(100, 20)], Expected("covered", 20 + 900, snap_m=20, site_id="s")),
        "gap": Home([(1290, 100)], Expected("covered", leg_m + 200, snap_m=leg_m, site_id="s")),
        "behind": Home([(2000, 20)], Expected("no_site", snap_m=20)),
    }
    return Town([way], homes, {"s": (1000, 0)}, formats=("osm",))


def parallel_edges() -> Town:
    # Two ways between (0, 0) and (1000, 0): straight, and by (500, 300) where the site is; each
    # half of the latter is hypot(500, 300) m. "straight" goes by the east end: 400 m, not 600 m.
    half_m = math.hypot(500, 300)
    walk = Expected("covered", 10 + 400 + half_m, snap_m=10, site_id="s")
    ways = [Way([(0, 0), (1000, 0)]), Way([(0, 0), (500, 300), (1000, 0)])]
    return Town(ways, {"straight": Home([(600, -10)], walk)}, {"s": (500, 300)})


def twin_edges() -> Town:
    # The same street drawn twice is neither longer nor shorter for it.
    walk = Expected("covered", 20 + 400, snap_m=20, site_id="s")
    return Town([MAIN_STREET, MAIN_STREET], {"a": Home([(300, 20)], walk)}, {"s": (700, 0)})


def self_loop() -> Town:
    # A triangle that starts and ends at (1000, 0), sides hypot(100, 200), 200, hypot(100, 200).
    # "top": 10 m along the top and down the west side, then 100 m along the street.
    # "foot": 20 m from the node up the west side; site "t" 20 m up the east side: 40 m by the
    # node, not 607 m round the loop.
    side_m = math.hypot(100, 200)
    dx, dy = 20 * 100 / side_m, 20 * 200 / side_m
    ways = [
        Way([(0, 0), (1000, 0), (2000, 0)]),
        Way([(1000, 0), (900, 200), (1100, 200), (1000, 0)], {"highway": "footway"}),
    ]
    top = Expected("covered", 10 + 10 + side_m + 20, snap_m=10, site_id="t")
    homes = {
        "top": Home([(910, 210)], top),
        "foot": Home([(1000 - dx, dy)], Expected("covered", 40, snap_m=0, site_id="t")),
    }
    return Town(ways, homes, {"t": (1000 + dx, dy)})


def zero_length() -> Town:
    # Two nodes on one spot: once inside a way, once as a way of its own that holds the halves
    # together. Either way 20 m + 900 m.
    ways = [
        Way([(0, 0), (300, 0), (300, 0, "again"), (1000, 0)]),
        Way([(1000, 0), (1000, 0, "again")], {"highway": "steps"}),
        Way([(1000, 0, "again"), (2000, 0)]),
    ]
    walk = Expected("covered", 20 + 900, snap_m=20, site_id="s")
    return Town(ways, {"a": Home([(200, 20)], walk)}, {"s": (1100, 0)})


def t_junction() -> Town:
    # Lines without node ids. The side street ends on the inside of the main street's segment,
    # which has no vertex there: joined. The bridge that starts 600 m farther east is not: it hangs
    # on nothing and is an island of 400 m.
    ways = [
        MAIN_STREET,
        Way([(300, 0), (300, 400)]),
        Way([(900, 0), (900, 400)], {"highway": "footway", "bridge": "yes"}),
    ]
    homes = {
        "side": Home([(310, 200)], Expected("covered", 10 + 200 + 200, snap_m=10, site_id="s")),
        "bridge": Home([(910, 300)], Expected("island", snap_m=10, snap_to="island")),
    }
    return Town(ways, homes, {"s": (500, 0)}, formats=("gpkg",))


def bridge_end() -> Town:
    # A bridge and a street at grade start on one vertex on the inside of the main street's segment.
    # The street is joined there, and with it the bridge: 10 m, 200 m down, 400 m along.
    ways = [
        MAIN_STREET,
        Way([(900, 0), (900, -300)], {"highway": "footway", "bridge": "yes"}),
        Way([(900, 0), (900, 300)]),
    ]
    walk = Expected("covered", 10 + 200 + 400, snap_m=10, site_id="s")
    return Town(ways, {"a": Home([(910, 200)], walk)}, {"s": (500, 0)}, formats=("gpkg",))


def crossing_without_vertex() -> Town:
    # Lines that cross without a common vertex are not joined: the side street, long enough to be
    # no island, has no site.
    ways = [MAIN_STREET, Way([(300, -200), (300, 900)])]
    homes = {"side": Home([(310, 600)], Expected("no_site", snap_m=10))}
    return Town(ways, homes, {"s": (500, 0)})


def not_walked() -> Town:
    # Nobody joins a motorway, a plain cycleway, a plaza or a closed way; a cycleway for people
    # counts: "b" is 10 m from it, at its 60 m, and 300 m from the site.
    ways = [
        Way([(0, 0), (1000, 0), (2000, 0)]),
        Way([(0, 50), (1900, 50)], {"highway": "motorway"}),
        Way([(0, 52), (1900, 52)], {"highway": "cycleway"}),
        Way([(0, 54), (1900, 54)], {"highway": "pedestrian", "area": "yes"}),
        Way([(0, 56), (1900, 56)], {"highway": "footway", "access": "no"}),
        Way([(0, 58), (1900, 58)], {"highway": "track", "foot": "no"}),
        Way([(1000, 0), (1000, -100)], {"highway": "cycleway", "foot": "designated"}),
    ]
    homes = {
        "a": Home([(300, 60)], Expected("covered", 60 + 400, snap_m=60, site_id="s")),
        "b": Home([(1010, -60)], Expected("covered", 10 + 60 + 300, snap_m=10, site_id="s")),
    }
    return Town(ways, homes, {"s": (700, 0)})


STREET_KINDS: tuple[dict[str, str], ...] = (
    *({"highway": "residential"},) * 6,
    {"highway": "footway", "access": "private"},
    {"highway": "service", "service": "private"},
    {"highway": "service", "access": "private", "foot": "yes"},
    {"highway": "footway", "oneway:foot": "yes"},
    {"highway": "footway", "foot:backward": "no"},
    {"highway": "footway", "bridge": "yes"},
    {"highway": "footway", "tunnel": "yes"},
    {"highway": "footway", "tunnel": "building_passage"},
    {"highway": "motorway"},
)


def random_town(seed: int) -> Town:
    """
    Draw a town of ways that share, cross and branch off each other, of every kind.

    Ways hop between the corners of a bent lattice, no hop twice (which of two equal edges is joined
    would be a matter of taste); every fifth starts in the middle of a hop of another way, where
    that has no vertex.
    """
    rng = np.random.default_rng(seed)
    lattice = np.mgrid[0:8, 0:8].reshape(2, -1).T * 120.0 + rng.integers(-30, 31, (64, 2))
    corners = [tuple(corner) for corner in lattice.tolist()]
    hops: set[frozenset[Spot]] = set()
    ways: list[Way] = []
    for number in range(34):
        spots = [corners[rng.integers(64)]]
        for _ in range(rng.integers(1, 6)):
            away = np.hypot(*(lattice - spots[-1]).T)
            step = corners[rng.choice(np.argsort(away)[1:6])]
            if frozenset((spots[-1], step)) not in hops:
                hops.add(frozenset((spots[-1], step)))
                spots.append(step)
        if number % 5 == 4:
            first, second = ways[rng.integers(len(ways))].spots[:2]
            if spots[0] not in (first, second):
                spots.insert(0, tuple(np.mean([first, second], axis=0).tolist()))
        if len(spots) > 1:
            ways.append(Way(spots, STREET_KINDS[rng.integers(len(STREET_KINDS))]))
    places = [tuple(place) for place in rng.uniform(-200, 1100, (36, 2)).round(2).tolist()]
    homes = {f"point {i}": Home([place]) for i, place in enumerate(places[:20])}
    for i, (x, y) in enumerate(places[20:30]):
        size = float(rng.integers(3, 30))
        outline = [(x, y - size), (x + size, y), (x + 1, y + size), (x - size, y + 2)]
        homes[f"building {i}"] = Home(outline, people=int(rng.integers(0, 5)))
    sites = {str(i): place for i, place in enumerate(places[30:], start=7)}
    doors = {home.spots[0]: {"entrance": "yes"} for home in list(homes.values())[25:]}
    return Town(ways, homes, sites, doors=doors)


TOWNS = (
    same_edge,
    past_the_site,
    exact_limit,
    polygons,
    doors,
    islands,
    site_on_island,
    compound,
    compound_gate,
    two_compounds,
    viaduct,
    snap_limit,
    no_site,
    closed_site,
    ties,
    oneway_foot,
    foot_backward_no,
    oneway_for_cars,
    oneway_reversed,
    broken_reference,
    parallel_edges,
    twin_edges,
    self_loop,
    zero_length,
    t_junction,
    bridge_end,
    crossing_without_vertex,
    not_walked,
)
