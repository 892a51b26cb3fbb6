"""
A second, slow implementation of the walk and its verdict, sharing no code with the package.

It works on single segments instead of edges: every vertex of every way is a node, so nothing can go
wrong in building edges, and every place is inserted into the graph before networkx searches it.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import osmium
import pandas as pd
import pyogrio
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

GEOD = pyproj.Geod(ellps="WGS84")
WGS84 = "EPSG:4326"
# Vertices this near to the inside of a segment of another line are joined to it.
T_JUNCTION_M = 0.01
# Entrances this near to an outline lie on it.
ON_OUTLINE_M = 0.01
# Below this, two distances are equal and a point is at the end of its segment.
SAME_M = 1e-6
TIE_S = 0.001
# How far the package may be off; a search in whole millimetres would be off by less.
TOLERANCE_S = 0.02
TOLERANCE_M = 0.01

NOT_WALKED = frozenset(
    {
        *("abandoned", "bus_guideway", "construction", "corridor", "elevator", "escalator"),
        *("motorway", "motorway_link", "no", "planned", "platform", "proposed", "raceway"),
        *("razed", "rest_area", "services"),
    }
)
FOOT_ALLOWED = frozenset({"yes", "designated", "permissive"})
# A walk is a private run, a public run and a private run; each is a copy of the graph.
FIRST_RUN, PUBLIC_RUN, LAST_RUN = 0, 1, 2
HSTORE_PAIR = re.compile(r'"((?:[^"\\]|\\.)*)"=>"((?:[^"\\]|\\.)*)"')

Tags = dict[str, str]
# The metres on the flat that take as long as a stretch of a segment, walked along it and against
# it. The stretch is given by the segment's number and metres from its start.
Effort = Callable[[int, float, float], tuple[float, float]]


@dataclass(frozen=True)
class Streets:
    """
    Walkable segments; m of them on n vertices.

    Parameters
    ----------
    ends
        Vertex numbers of start and end, shape (m, 2).
    way
        Number of the way of each segment, shape (m,); the segments of a way follow each other.
    xy
        Vertices in `crs`, in metres, shape (n, 2).
    lonlat
        The same in WGS84, shape (n, 2).
    length_m
        Geodesic lengths, shape (m,).
    forward, backward
        Whether one may walk along or against the segment, shape (m,).
    private, overpass, island
        Whether the segment is private (by tag or by position), bridge or tunnel, on an island;
        shape (m,).
    component
        Number of the connected piece of each segment, shape (m,).
    doors
        Points of entrances and gates in WGS84.
    crs
        The metric CRS.
    lines, tree
        The segments in `crs`, shape (m,), and their search tree.
    """

    ends: np.ndarray
    way: np.ndarray
    xy: np.ndarray
    lonlat: np.ndarray
    length_m: np.ndarray
    forward: np.ndarray
    backward: np.ndarray
    private: np.ndarray
    overpass: np.ndarray
    island: np.ndarray
    component: np.ndarray
    doors: np.ndarray
    crs: pyproj.CRS
    lines: np.ndarray
    tree: shapely.STRtree


@dataclass(frozen=True)
class Join:
    """
    Where a place joins the network.

    `leg_m` is the whole access leg, on the ellipsoid like every length; `unsure` says that another
    equally near point would do too.
    """

    segment: int
    fraction: float
    leg_m: float
    unsure: bool = False


@dataclass(frozen=True)
class _Line:
    """One way: a key per vertex (None where the file lacks it) and its tags."""

    keys: list
    tags: Tags


def walks(tags: Tags) -> bool:
    """Tell whether people walk on a way."""
    highway = tags.get("highway")
    foot_allowed = tags.get("foot") in FOOT_ALLOWED
    if not highway or highway in NOT_WALKED or tags.get("area") == "yes":
        return False
    if tags.get("foot") == "no" or (tags.get("access") == "no" and not foot_allowed):
        return False
    return highway != "cycleway" or foot_allowed


def private_by_tag(tags: Tags) -> bool:
    marks = (tags.get("access"), tags.get("foot"), tags.get("service"))
    return "private" in marks and tags.get("foot") not in FOOT_ALLOWED


def passes_over_or_under(tags: Tags) -> bool:
    bridge = tags.get("bridge", "no") != "no"
    return bridge or tags.get("tunnel", "no") not in ("no", "building_passage")


def directions(tags: Tags) -> tuple[bool, bool]:
    """Tell whether people may walk along and against the direction of a way."""
    oneway = tags.get("oneway:foot")
    forward = oneway not in ("-1", "reverse")
    backward = oneway not in ("yes", "true", "1") and tags.get("foot:backward") != "no"
    return forward, backward


def read_streets(path: Path, *, layer: str = "", min_component_m: float = 1000.0) -> Streets:
    """Read the walking network of an OSM extract or of a layer of lines."""
    if path.suffix in (".gpkg", ".geojson", ".shp"):
        lines, lonlat = _read_layer(path, layer)
        doors = np.empty((0, 2))
    else:
        lines, lonlat, doors = _read_extract(path)
    return _streets(lines, lonlat, doors, min_component_m)


def _read_extract(path: Path) -> tuple[list[_Line], dict, np.ndarray]:
    """Read ways, then the nodes they use; entrances and gates on the way."""
    ways = osmium.FileProcessor(str(path), osmium.osm.WAY)
    tagged = (({t.k: t.v for t in w.tags}, [n.ref for n in w.nodes]) for w in ways)
    lines = [_Line(refs, tags) for tags, refs in tagged if walks(tags)]
    wanted = {ref for line in lines for ref in line.keys}
    lonlat, doors = {}, []
    for node in osmium.FileProcessor(str(path), osmium.osm.NODE):
        if not node.location.valid():
            continue
        place = (node.location.lon, node.location.lat)
        if node.id in wanted:
            lonlat[node.id] = place
        if "entrance" in node.tags or node.tags.get("barrier") == "gate":
            doors.append(place)
    known = [_Line([r if r in lonlat else None for r in line.keys], line.tags) for line in lines]
    return known, lonlat, np.array(doors).reshape(-1, 2)


def _read_layer(path: Path, layer: str) -> tuple[list[_Line], dict]:
    """Read lines whose vertices are named by their coordinates, and join T-junctions."""
    table = pyogrio.read_dataframe(path, layer=layer or None).to_crs(WGS84)
    lines = []
    for row in table.to_dict("records"):
        geometry = row.pop("geometry")
        tags = {k: str(v) for k, v in row.items() if isinstance(v, str) and v}
        tags |= dict(HSTORE_PAIR.findall(tags.pop("other_tags", "")))
        if not walks(tags) or geometry is None:
            continue
        for part in shapely.get_parts(geometry):
            lines.append(_Line([tuple(c[:2]) for c in part.coords], tags))
    lines = _join_t_junctions(lines)
    return lines, {key: key for line in lines for key in line.keys}


def _join_t_junctions(lines: list[_Line]) -> list[_Line]:
    """Insert vertices of other lines that lie on the inside of a segment, at grade only."""
    crs = _metric_crs(np.array([key for line in lines for key in line.keys]))
    to_metric = pyproj.Transformer.from_crs(WGS84, crs, always_xy=True).transform
    flat = [i for i, line in enumerate(lines) if not passes_over_or_under(line.tags)]
    xy = {i: np.column_stack(to_metric(*np.array(lines[i].keys).T)) for i in flat}
    spans = [(i, k) for i in flat for k in range(len(lines[i].keys) - 1)]
    tree = shapely.STRtree([shapely.LineString(xy[i][k : k + 2]) for i, k in spans])
    vertices = [(i, k) for i in flat for k in range(len(lines[i].keys))]
    points = shapely.points([xy[i][k] for i, k in vertices])
    inserts: dict = {}
    for p, s in tree.query(points, predicate="dwithin", distance=T_JUNCTION_M).T:
        (other, vertex), (line, k) = vertices[p], spans[s]
        key = lines[other].keys[vertex]
        fraction = _fraction(xy[line][k], xy[line][k + 1], xy[other][vertex])
        if other != line and key not in lines[line].keys[k : k + 2] and 0 < fraction < 1:
            inserts.setdefault(line, {}).setdefault(k, set()).add((fraction, key))
    return [_with_inserts(line, inserts.get(i, {})) for i, line in enumerate(lines)]


def _with_inserts(line: _Line, inserts: dict) -> _Line:
    keys = []
    for k, key in enumerate(line.keys):
        keys.append(key)
        keys += [new for _, new in sorted(inserts.get(k, ()))]
    return _Line(keys, line.tags)


def _metric_crs(lonlat: np.ndarray) -> pyproj.CRS:
    """Give the UTM zone of the middle of the bounding box."""
    lon, lat = (lonlat.min(axis=0) + lonlat.max(axis=0)) / 2
    return pyproj.CRS.from_epsg((32600 if lat >= 0 else 32700) + int((lon + 180) // 6) + 1)


def _streets(
    lines: list[_Line], lonlat: dict, doors: np.ndarray, min_component_m: float
) -> Streets:
    number = {key: i for i, key in enumerate(lonlat)}
    ends, tags, way = [], [], []
    for w, line in enumerate(lines):
        for a, b in itertools.pairwise(line.keys):
            if a is not None and b is not None:
                ends.append((number[a], number[b]))
                tags.append(line.tags)
                way.append(w)
    ends = np.array(ends)
    places = np.array(list(lonlat.values()))
    crs = _metric_crs(places[np.unique(ends)])
    to_metric = pyproj.Transformer.from_crs(WGS84, crs, always_xy=True).transform
    xy = np.column_stack(to_metric(*places.T))
    length_m = GEOD.inv(*places[ends[:, 0]].T, *places[ends[:, 1]].T)[2]
    length_m = np.asarray(length_m)
    component, private = _pieces(ends, length_m, np.array([private_by_tag(t) for t in tags]))
    street_m = np.bincount(component, weights=length_m)
    ways = np.array([directions(t) for t in tags])
    segments = shapely.linestrings(xy[ends])
    return Streets(
        ends=ends,
        way=np.array(way),
        xy=xy,
        lonlat=places,
        length_m=length_m,
        forward=ways[:, 0],
        backward=ways[:, 1],
        private=private,
        overpass=np.array([passes_over_or_under(t) for t in tags]),
        island=street_m[component] < min_component_m,
        component=component,
        doors=doors,
        crs=crs,
        lines=segments,
        tree=shapely.STRtree(segments),
    )


def _pieces(
    ends: np.ndarray, length_m: np.ndarray, tagged: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Number the connected pieces, and make private all but the longest public part of each."""
    component = _components(ends)
    part = np.full(len(ends), -1)
    part[~tagged] = _components(ends[~tagged])
    private = np.ones(len(ends), dtype=bool)
    frame = pd.DataFrame({"component": component, "part": part, "length_m": length_m})[~tagged]
    totals = frame.groupby(["component", "part"])["length_m"].sum()
    longest = [p for _, p in totals.groupby("component").idxmax()]
    private[np.isin(part, longest) & ~tagged] = False
    return component, private


def _components(ends: np.ndarray) -> np.ndarray:
    graph = nx.Graph()
    graph.add_edges_from(ends.tolist())
    number = {v: i for i, piece in enumerate(nx.connected_components(graph)) for v in piece}
    return np.array([number[a] for a in ends[:, 0].tolist()], dtype=int)


def _fraction(start: np.ndarray, end: np.ndarray, point: np.ndarray) -> float:
    """Give the planar position of the point of a segment that is nearest to a point, 0 to 1."""
    along = end - start
    square = float(along @ along)
    return float(np.clip((point - start) @ along / square, 0.0, 1.0)) if square > 0 else 0.0


def _preferred(streets: Streets, near: np.ndarray) -> np.ndarray:
    """Keep the segments of the best class: at grade, then any of the main network, then islands."""
    rank = np.where(streets.island[near], 2, np.where(streets.overpass[near], 1, 0))
    return near[rank == rank.min()] if len(near) else near


def join(streets: Streets, shape: BaseGeometry, *, limit_m: float) -> Join | None:
    """Snap a point or polygon in metric coordinates; None where nothing lies within the limit."""
    near = np.sort(streets.tree.query(shape, predicate="dwithin", distance=limit_m))
    near = _preferred(streets, near)
    if not len(near):
        return None
    distance = shapely.distance(streets.lines[near], shape)
    ties = near[distance <= distance.min() + SAME_M]
    best = min(ties.tolist(), key=lambda s: (streets.private[s], s))
    rivals = ties[streets.private[ties] == streets.private[best]].tolist()
    fractions = {s: _nearest_fraction(streets, s, shape) for s in rivals}
    nodes = {_node(streets, s, fraction) for s, fraction in fractions.items()}
    overlap_m = shapely.length(shapely.intersection(streets.lines[ties], shape))
    unsure = len(nodes) > 1 or bool((overlap_m > SAME_M).any())
    leg_m = _geodesic_m(streets, *_leg(streets, best, shape).coords)
    return Join(best, fractions[best], leg_m, unsure)


def _leg(streets: Streets, segment: int, shape: BaseGeometry) -> shapely.LineString:
    """Give the straight leg from a point, or the outline of a polygon, to a segment."""
    outline = shape if shape.geom_type == "Point" else shape.boundary
    return shapely.shortest_line(outline, streets.lines[segment])


def _nearest_fraction(streets: Streets, segment: int, shape: BaseGeometry) -> float:
    nearest = np.array(_leg(streets, segment, shape).coords[1])
    return _fraction(*streets.xy[streets.ends[segment]], nearest)


def _geodesic_m(streets: Streets, start: tuple, end: tuple) -> float:
    """Measure on the ellipsoid between two points that are given in the metric CRS."""
    to_lonlat = pyproj.Transformer.from_crs(streets.crs, WGS84, always_xy=True).transform
    return float(GEOD.inv(*to_lonlat(*start), *to_lonlat(*end))[2])


def _node(streets: Streets, segment: int, fraction: float) -> int | tuple[int, float]:
    """Name a point of a segment: the vertex where it lies on one, else segment and metres."""
    length_m = float(streets.length_m[segment])
    at = fraction * length_m
    if min(at, length_m - at) <= SAME_M:
        return int(streets.ends[segment, 0 if at <= length_m - at else 1])
    return segment, round(at, 6)


def starts(streets: Streets, place: BaseGeometry, *, limit_m: float) -> tuple[list[Join], bool]:
    """
    List where a place in WGS84 may join the network, and tell whether it does so by entrances.

    A polygon joins by its entrances; else from its outline; else, where a segment of the preferred
    class runs through it, from its representative point.
    """
    to_metric = pyproj.Transformer.from_crs(WGS84, streets.crs, always_xy=True).transform
    shape = shapely.transform(place, to_metric, interleaved=False)
    if shape.geom_type == "Point":
        return _listed(join(streets, shape, limit_m=limit_m)), False
    inside = shapely.transform(place.representative_point(), to_metric, interleaved=False)
    doors = _doors_on(streets, shape, to_metric)
    if doors:
        found = [(door, join(streets, door, limit_m=limit_m)) for door in doors]
        return [
            Join(
                j.segment,
                j.fraction,
                j.leg_m + _geodesic_m(streets, inside.coords[0], door.coords[0]),
                j.unsure,
            )
            for door, j in found
            if j is not None
        ], True
    near = _preferred(streets, streets.tree.query(shape, predicate="dwithin", distance=limit_m))
    lines = streets.lines[near]
    crossed = bool((shapely.intersects(lines, shape) & ~shapely.touches(lines, shape)).any())
    return _listed(join(streets, inside if crossed else shape, limit_m=limit_m)), False


def _listed(found: Join | None) -> list[Join]:
    return [] if found is None else [found]


def _doors_on(streets: Streets, shape: BaseGeometry, to_metric: Callable) -> list[shapely.Point]:
    if not len(streets.doors):
        return []
    points = shapely.points(np.column_stack(to_metric(*streets.doors.T)))
    return list(points[shapely.distance(points, shape.boundary) <= ON_OUTLINE_M])


def on_the_flat(_: int, start_m: float, end_m: float) -> tuple[float, float]:
    """Give the effort where no street rises: the stretch itself."""
    return end_m - start_m, end_m - start_m


def _graph(streets: Streets, nodes: list, effort: Effort) -> nx.MultiDiGraph:
    """
    Build the reversed three-run graph with the nodes of all joins in it.

    The graph is reversed so that one search from a site finds the walks of all residences to it.
    """
    graph = nx.MultiDiGraph()
    stops: dict[int, set] = {}
    for node in nodes:
        if isinstance(node, tuple):
            stops.setdefault(node[0], set()).add((node[1], node))
    for s, (a, b) in enumerate(streets.ends.tolist()):
        chain = [(0.0, a), *sorted(stops.get(s, ())), (float(streets.length_m[s]), b)]
        runs = (FIRST_RUN, LAST_RUN) if streets.private[s] else (PUBLIC_RUN,)
        for (at, u), (to, v) in itertools.pairwise(chain):
            along_m, against_m = effort(s, at, to)
            for run in runs:
                if streets.forward[s]:
                    graph.add_edge((v, run), (u, run), weight=along_m)
                if streets.backward[s]:
                    graph.add_edge((u, run), (v, run), weight=against_m)
    for v in np.unique(streets.ends[streets.private]).tolist():
        graph.add_edge((v, PUBLIC_RUN), (v, FIRST_RUN), weight=0.0)
        graph.add_edge((v, LAST_RUN), (v, PUBLIC_RUN), weight=0.0)
    return graph


def _paths(graph: nx.MultiDiGraph, site_node: object) -> Iterator[tuple[object, float]]:
    """Give the distance in metres from each node and run to a site's node, in any of its runs."""
    target = ("target",)
    for run in (FIRST_RUN, PUBLIC_RUN, LAST_RUN):
        if (site_node, run) in graph:
            graph.add_edge(target, (site_node, run), weight=0.0)
    found = nx.single_source_dijkstra_path_length(graph, target)
    graph.remove_node(target)
    return ((node[0], metres) for node, metres in found.items() if node != target)


def assess(
    streets: Streets,
    residences: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    *,
    flat_kmh: float = 4.0,
    limit_s: float = 900.0,
    snap_limit_m: float = 250.0,
    effort: Effort = on_the_flat,
) -> pd.DataFrame:
    """
    Give every residence its walk and its verdict.

    Parameters
    ----------
    residences
        residence_id, people and geometry (points or polygons) in WGS84.
    sites
        site_id, geometry (points) in WGS84 and, where some are not open, status.
    effort
        What a stretch of a segment costs; access legs cost their length.

    Returns
    -------
    verdicts
        A row per residence in the order given: residence_id, walk_s, site_id, snap_m, snap_to,
        verdict; and `unsure` (equally near join points, its own or a site's: only the leg is sure),
        `by_entrance`, `site_unsure` (sites about a millisecond apart).
    """
    if "status" in sites:
        sites = sites[sites["status"] == "open"]
    home = [starts(streets, place, limit_m=snap_limit_m) for place in residences.geometry]
    booth = [starts(streets, place, limit_m=snap_limit_m)[0] for place in sites.geometry]
    walk_m = _walks_m(streets, [found for found, _ in home], booth, effort)
    served = {int(streets.component[j.segment]) for found in booth for j in found}
    ids = [str(i) for i in sites["site_id"]]
    rows = []
    for (found, by_entrance), metres, people in zip(
        home, walk_m, residences["people"], strict=True
    ):
        row = _row(streets, found, metres / (flat_kmh / 3.6), ids, by_entrance=by_entrance)
        on_site_piece = any(int(streets.component[j.segment]) in served for j in found)
        row["unsure"] |= any(j.unsure for ends in booth for j in ends)
        row["verdict"] = _verdict(row, people, limit_s, on_site_piece=on_site_piece)
        rows.append(row)
    verdicts = pd.DataFrame(rows)
    verdicts.insert(0, "residence_id", residences["residence_id"].to_numpy())
    return verdicts


def _walks_m(
    streets: Streets, home: list[list[Join]], booth: list[list[Join]], effort: Effort
) -> list[np.ndarray]:
    """Give the metres from each start of each residence to each site, both access legs included."""
    home_nodes = [[_node(streets, j.segment, j.fraction) for j in found] for found in home]
    site_nodes = [[_node(streets, j.segment, j.fraction) for j in found] for found in booth]
    graph = _graph(streets, [node for nodes in home_nodes + site_nodes for node in nodes], effort)
    walk_m = [np.full((len(found), len(booth)), np.inf) for found in home]
    for column, (found, nodes) in enumerate(zip(booth, site_nodes, strict=True)):
        for j, site_node in zip(found, nodes, strict=True):
            path_m: dict = {}
            for node, metres in _paths(graph, site_node):
                path_m[node] = min(metres, path_m.get(node, np.inf))
            for row, (mine, my_nodes) in enumerate(zip(home, home_nodes, strict=True)):
                for k, node in enumerate(my_nodes):
                    whole_m = mine[k].leg_m + path_m.get(node, np.inf) + j.leg_m
                    walk_m[row][k, column] = min(walk_m[row][k, column], whole_m)
    return walk_m


def _row(
    streets: Streets, found: list[Join], walk_s: np.ndarray, ids: list[str], *, by_entrance: bool
) -> dict:
    row = {
        "walk_s": np.inf,
        "site_id": None,
        "snap_m": np.nan,
        "snap_to": None,
        "unsure": any(j.unsure for j in found),
        "by_entrance": by_entrance,
        "site_unsure": False,
    }
    if not found:
        return row
    least = walk_s.min(axis=1, initial=np.inf)
    shortest = min(found, key=lambda join: join.leg_m)
    segment = shortest.segment
    row["walk_s"] = float(least.min())
    row["snap_m"] = shortest.leg_m
    row["snap_to"] = "private" if streets.private[segment] else "main"
    if streets.island[segment]:
        row["snap_to"] = "island"
    if np.isfinite(row["walk_s"]):
        behind_s = walk_s.min(axis=0) - row["walk_s"]
        row["site_id"] = min(i for i, s in zip(ids, behind_s, strict=True) if s <= TIE_S)
        row["site_unsure"] = bool(((behind_s > TIE_S / 2) & (behind_s < TIE_S * 2)).any())
    return row


def _verdict(row: dict, people: float, limit_s: float, *, on_site_piece: bool) -> str:
    if people == 0:
        return "no_people"
    if row["snap_to"] is None:
        return "not_snapped"
    if round(row["walk_s"], 3) <= limit_s:
        return "covered"
    if np.isfinite(row["walk_s"]):
        return "too_far"
    return "island" if row["snap_to"] == "island" and not on_site_piece else "no_site"


def agree(
    found: pd.DataFrame,
    expected: pd.DataFrame,
    *,
    limit_s: float = 900.0,
    within_s: float = TOLERANCE_S,
) -> None:
    """
    Assert row by row that a run comes to what the oracle says.

    Where equally near join points leave a choice, only the leg is compared; where a walk is on the
    limit within the tolerance, not the verdict; where sites are about a millisecond apart, not the
    site.
    """
    shared = {name: f"{name}_oracle" for name in expected.columns if name in found.columns}
    both = found.reset_index(drop=True).join(expected.reset_index(drop=True).rename(columns=shared))
    assert both["residence_id"].tolist() == expected["residence_id"].tolist()
    assert both["unsure"].mean() < 0.05
    sure = both[~both["unsure"]]
    _close(both, "snap_m", TOLERANCE_M)
    _same(sure, "snap_to")
    _close(sure, "walk_s", within_s)
    on_the_line = (sure["walk_s_oracle"] - limit_s).abs() < within_s
    _same(sure[~on_the_line], "verdict")
    _same(sure[~sure["site_unsure"]], "site_id")


def _close(both: pd.DataFrame, column: str, within: float) -> None:
    pair = both[[column, f"{column}_oracle"]].to_numpy(dtype=float)
    close = np.isclose(pair[:, 0], pair[:, 1], rtol=0, atol=within, equal_nan=True)
    assert close.all(), _told(both[~close], column)


def _same(both: pd.DataFrame, column: str) -> None:
    pair = both[[column, f"{column}_oracle"]].astype(object)
    pair = pair.where(pair.notna(), None)
    same = (pair[column] == pair[f"{column}_oracle"]) | pair.isna().all(axis=1)
    assert same.all(), _told(both[~same], column)


def _told(differ: pd.DataFrame, column: str) -> str:
    columns = ["residence_id", column, f"{column}_oracle", "snap_to_oracle", "by_entrance"]
    return f"{column} differs:\n{differ[list(dict.fromkeys(columns))].to_string()}"
