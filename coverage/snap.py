"""Join places to the walking network at the nearest point of an edge."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import shapely

from walkcover.barriers import Barriers, crosses, legs_in_view
from walkcover.joins import Joins, joined_part
from walkcover.network import GEOD, Bools, Floats, Ints, segment_at
from walkcover.street_index import Shapes, StreetIndex

SNAP_LIMIT_M = 250.0
# A join point this near to an end of its edge is the node there: rounding, not distance.
AT_NODE_M = 1e-6
# Planar distances differ from geodesic ones by up to a few parts in a thousand.
PLANAR_SLACK = 1.01
# An entrance node of an outline is one of its vertices; this allows for rounded coordinates.
ON_OUTLINE_M = 0.1
# Places are joined so many at a time: what is made of them on the way takes 1 kB each.
PLACES_AT_ONCE = 65_536
# Most places have a street within this; to measure the lines so near is twice as fast as to search
# for the nearest one.
FIRST_LOOK_M = 40.0
# Planar ends of an access leg.
LEG_COLUMNS = ("begin_x", "begin_y", "end_x", "end_y")


def snap(
    places: Shapes,
    index: StreetIndex,
    *,
    limit_m: float = SNAP_LIMIT_M,
    from_inside: Bools | None = None,
    barriers: Barriers | None = None,
) -> Joins:
    """
    Join places to the network.

    Edges of non-islands at grade come first, then any edge of a non-island, then islands; of
    equally near ones public before private, then the smaller edge. A polygon joins from its
    outline, from its representative point where an edge crosses it, and from its entrances where
    the extract has some: then the way from the representative point to the entrance counts too.

    With barriers, a leg that would cross one gives way to the shortest that does not: straight to
    another piece of street, or by a gate of the barrier, in the same order of preference. Streets
    that cross a barrier are bridges or gates and stay as they are.

    Parameters
    ----------
    places
        Points and polygons in WGS84 degrees, shape (n,).
    index
        The streets.
    limit_m
        Longest access leg in metres, straight line.
    from_inside
        Polygons that are left from their representative point, not from their outline.
    barriers
        What access legs may not cross, in the CRS of `index`.

    Returns
    -------
    joins
        Joins of all places; those without any within the limit have none.
    """
    planar = index.to_metric(places)
    is_polygon = ~_is_point(planar)
    hearts = planar.copy()
    hearts[is_polygon] = index.to_metric(shapely.point_on_surface(places[is_polygon]))
    inside = np.zeros(len(places), dtype=bool) if from_inside is None else from_inside
    door_place, door, extra_m = _entrance_doors(planar, hearts, is_polygon, index)
    entered = _join(door, door, index, limit_m=limit_m, barriers=barriers)
    entered["place"] = door_place[entered["row"]]
    entered["leg_m"] += extra_m[entered["row"]]
    by_entrance = np.isin(np.arange(len(places)), door_place)
    rest = np.flatnonzero(~by_entrance)
    shapes = np.where((is_polygon & inside)[rest], hearts[rest], planar[rest])
    others = _join(shapes, hearts[rest], index, limit_m=limit_m, barriers=barriers)
    others["place"] = rest[others["row"]]
    table = pd.concat([entered, others]).sort_values(["place", "leg_m", "edge"], kind="stable")
    return _joins(table, by_entrance, index)


def behind_barriers(
    places: Shapes,
    index: StreetIndex,
    joins: Joins,
    *,
    limit_m: float = SNAP_LIMIT_M,
    from_inside: Bools | None = None,
) -> Bools:
    """
    Flag places that join nothing because every leg within the limit crosses a barrier.

    Parameters
    ----------
    places
        Points and polygons in WGS84 degrees, shape (n,).
    index
        The streets.
    joins
        What `snap` made of the places with barriers.
    limit_m, from_inside
        As given to `snap`.

    Returns
    -------
    behind
        Shape (n,): places without a join that have one where nothing bars the way.
    """
    lost = np.flatnonzero(np.isnan(joins.snap_m))
    inside = None if from_inside is None else from_inside[lost]
    freely = snap(places[lost], index, limit_m=limit_m, from_inside=inside)
    behind = np.zeros(len(places), dtype=bool)
    behind[lost[~np.isnan(freely.snap_m)]] = True
    return behind


def _entrance_doors(
    planar: Shapes, hearts: Shapes, is_polygon: Bools, index: StreetIndex
) -> tuple[Ints, Shapes, Floats]:
    """Entrances on outlines: their place, point, and metres from the representative point."""
    polygon = np.flatnonzero(is_polygon)
    points = index.to_metric(shapely.points(index.network.entrances))
    which, entrance = shapely.STRtree(points).query(
        shapely.boundary(planar[polygon]), predicate="dwithin", distance=ON_OUTLINE_M
    )
    place, door = polygon[which], points[entrance]
    way = shapely.get_coordinates(hearts[place]), shapely.get_coordinates(door)
    return place, door, _length_m(index, *way)


def _length_m(index: StreetIndex, begin: Floats, end: Floats) -> Floats:
    """Geodesic distance between planar places, shape (k, 2) each, in metres."""
    start, stop = index.to_degrees(begin), index.to_degrees(end)
    return np.asarray(GEOD.inv(*start.T, *stop.T)[2], dtype=np.float64)


def _join(
    doors: Shapes, hearts: Shapes, index: StreetIndex, *, limit_m: float, barriers: Barriers | None
) -> pd.DataFrame:
    """Find the join of each planar shape; a row per shape that joins something."""
    table = _join_straight(doors, hearts, index, limit_m)
    if barriers is not None:
        legs = table[list(LEG_COLUMNS)].to_numpy(dtype=np.float64)
        barred = crosses(barriers, legs[:, :2], legs[:, 2:])
        row = table.loc[barred, "row"].to_numpy()
        around = _join_around(doors[row], hearts[row], index, barriers, limit_m)
        around["row"] = row[around["row"]]
        table = pd.concat([table[~barred], around], ignore_index=True)
    return table.drop(columns=list(LEG_COLUMNS))


def _join_straight(
    doors: Shapes, hearts: Shapes, index: StreetIndex, limit_m: float
) -> pd.DataFrame:
    """Join planar shapes to what lies nearest, whatever lies between."""
    waiting = np.arange(len(doors))
    found = [_empty_table().drop(columns="crossed")]
    for edges, tree in index.ranks:
        table = _join_all(doors[waiting], edges, tree, index, limit_m)
        # Where a street crosses a building nobody knows the door: start from its heart.
        crossed = table.pop("crossed").to_numpy(dtype=bool)
        row = table.loc[crossed, "row"].to_numpy()
        again = _join_all(hearts[waiting[row]], edges, tree, index, limit_m)
        again["row"] = row[again["row"]]
        table = pd.concat([table[~crossed], again.drop(columns="crossed")])
        table["row"] = waiting[table["row"]]
        found.append(table)
        waiting = np.setdiff1d(waiting, table["row"].to_numpy())
    return pd.concat(found, ignore_index=True)


def _join_around(
    doors: Shapes, hearts: Shapes, index: StreetIndex, barriers: Barriers, limit_m: float
) -> pd.DataFrame:
    """Join planar shapes by the shortest leg that crosses no barrier."""
    waiting = np.arange(len(doors))
    found = [_empty_table().drop(columns="crossed")]
    for edges, tree in index.ranks:
        starts = doors[waiting]
        row, hit = tree.query(starts, predicate="intersects")
        crossed = np.unique(row[~_only_touches(starts[row], index.lines[edges[hit]])])
        starts[crossed] = hearts[waiting[crossed]]
        legs = legs_in_view(
            starts,
            index.lines,
            edges,
            tree,
            barriers,
            private=index.network.private,
            reach_m=limit_m * PLANAR_SLACK,
        )
        to_gate_m = _length_m(index, legs.begin, legs.gate)
        leg_m = to_gate_m + _length_m(index, legs.gate, legs.end)
        table = _leg_table(legs.row, legs.edge, legs.begin, legs.end, leg_m, index)
        table = table[table["leg_m"] <= limit_m]
        table["row"] = waiting[table["row"]]
        found.append(table)
        waiting = np.setdiff1d(waiting, table["row"].to_numpy())
    return pd.concat(found, ignore_index=True)


def _empty_table() -> pd.DataFrame:
    kinds = {"row": np.int64, "edge": np.int64, "crossed": np.bool_}
    names = ("row", "edge", "offset_m", "leg_m", "lon", "lat", *LEG_COLUMNS, "crossed")
    return pd.DataFrame({name: np.empty(0, dtype=kinds.get(name, np.float64)) for name in names})


def _join_all(
    doors: Shapes, edges: Ints, tree: shapely.STRtree, index: StreetIndex, limit_m: float
) -> pd.DataFrame:
    """Join planar shapes as `_join_to` does, in chunks over threads; no join hangs on another."""
    starts = range(0, len(doors), PLACES_AT_ONCE)
    if len(starts) < 2:
        return _join_to(doors, edges, tree, index, limit_m)

    def work(start: int) -> pd.DataFrame:
        part = doors[start : start + PLACES_AT_ONCE]
        table = _join_to(part, edges, tree, index, limit_m)
        table["row"] += start
        return table

    # What is worked out at first use must not be so in two threads at once.
    _ = index.planar_at_m
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return pd.concat(pool.map(work, starts), ignore_index=True)


def _join_to(
    doors: Shapes, edges: Ints, tree: shapely.STRtree, index: StreetIndex, limit_m: float
) -> pd.DataFrame:
    """Join planar shapes to the nearest of some edges within the limit."""
    if not len(doors) or not len(edges):
        return _empty_table()
    row, hit = _nearest(doors, tree, reach_m=limit_m * PLANAR_SLACK)
    edge = edges[hit]
    # A street runs through shapes with an inside only.
    inside = np.flatnonzero(~_is_point(doors)[row])
    through = row[inside[~_only_touches(doors[row[inside]], index.lines[edge[inside]])]]
    order = np.lexsort([edge, index.network.private[edge], row])
    row, edge = row[order], edge[order]
    first = np.unique(row, return_index=True)[1]
    row, edge = row[first], edge[first]
    ends = shapely.get_coordinates(shapely.shortest_line(doors[row], index.lines[edge]))
    begin, end = ends[::2], ends[1::2]
    table = _leg_table(row, edge, begin, end, _length_m(index, begin, end), index)
    table["crossed"] = np.isin(row, through)
    return table[table["leg_m"] <= limit_m]


def _nearest(doors: Shapes, tree: shapely.STRtree, *, reach_m: float) -> tuple[Ints, Ints]:
    """Pair each shape with the lines nearest to it, all of those that are equally near."""
    near_m = min(FIRST_LOOK_M, reach_m)
    row, line = tree.query(doors, predicate="dwithin", distance=near_m)
    distance_m = shapely.distance(doors[row], tree.geometries[line])
    least_m = np.full(len(doors), np.inf)
    np.minimum.at(least_m, row, distance_m)
    # On the very rim of the first look rounding might hide another line as near.
    done = least_m <= near_m - AT_NODE_M
    best = done[row] & (distance_m == least_m[row])
    rest = np.flatnonzero(~done)
    far, far_line = tree.query_nearest(doors[rest], max_distance=reach_m, all_matches=True)
    return np.concatenate([row[best], rest[far]]), np.concatenate([line[best], far_line])


def _leg_table(
    row: Ints, edge: Ints, begin: Floats, end: Floats, leg_m: Floats, index: StreetIndex
) -> pd.DataFrame:
    """Joins of access legs from `begin` to `end`, planar, shape (k, 2) each."""
    place = index.to_degrees(end)
    along = shapely.line_locate_point(index.lines[edge], shapely.points(end))
    columns = {
        "row": row,
        "edge": edge,
        "offset_m": _offset_m(edge, along, index),
        "leg_m": leg_m,
        "lon": place[:, 0],
        "lat": place[:, 1],
    }
    legs = zip(LEG_COLUMNS, (*begin.T, *end.T), strict=True)
    return pd.DataFrame(columns | dict(legs))


def _is_point(shapes: Shapes) -> Bools:
    return np.asarray(shapely.get_type_id(shapes) == shapely.GeometryType.POINT)


def _only_touches(doors: Shapes, lines: Shapes) -> Bools:
    """Flag doors that their edge does not run through: points, and outlines it stays outside of."""
    is_point = _is_point(doors)
    beside = shapely.disjoint(doors, lines) | shapely.touches(doors, lines)
    return np.asarray(is_point | beside, dtype=bool)


def _offset_m(edge: Ints, along: Floats, index: StreetIndex) -> Floats:
    """Turn planar metres along an edge into geodesic ones: the same fraction of the segment."""
    net, at = index.network, index.planar_at_m
    k = segment_at(at, net.indptr, edge, along)
    span = at[k + 1] - at[k]
    fraction = np.divide(along - at[k], span, out=np.zeros(len(k)), where=span > 0)
    offset = net.at_m[k] + np.clip(fraction, 0.0, 1.0) * (net.at_m[k + 1] - net.at_m[k])
    length = net.length_m[edge]
    offset = np.where(offset < AT_NODE_M, 0.0, offset)
    return np.where(offset > length - AT_NODE_M, length, offset)


def _joins(table: pd.DataFrame, by_entrance: Bools, index: StreetIndex) -> Joins:
    columns: dict[str, Any] = {str(name): table[name].to_numpy() for name in table if name != "row"}
    n_places = len(by_entrance)
    snap_m = np.full(n_places, np.nan)
    snap_to = np.full(n_places, None, dtype=object)
    place, first = np.unique(columns["place"], return_index=True)
    snap_m[place] = columns["leg_m"][first]
    snap_to[place] = joined_part(columns["edge"][first], index)
    return Joins(
        n_places=n_places, snap_m=snap_m, snap_to=snap_to, by_entrance=by_entrance, **columns
    )
