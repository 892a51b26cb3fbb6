"""Join places to the walking network at the nearest point of an edge."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from walkcover.barriers import Barriers, crosses, legs_in_view
from walkcover.network import GEOD, Bools, Floats, Ints, Network, metric_geometry

SNAP_LIMIT_M = 250.0
# A join point this near to an end of its edge is the node there: rounding, not distance.
AT_NODE_M = 1e-6
# Planar distances differ from geodesic ones by up to a few parts in a thousand.
PLANAR_SLACK = 1.01
# An entrance node of an outline is one of its vertices; this allows for rounded coordinates.
ON_OUTLINE_M = 0.1
# Planar ends of an access leg.
LEG_COLUMNS = ("begin_x", "begin_y", "end_x", "end_y")

Shapes = NDArray[np.object_]


@dataclass(frozen=True)
class StreetIndex:
    """
    Streets ready for nearest-point searches.

    Parameters
    ----------
    network
        The walking network.
    crs
        The metric CRS of the searches.
    """

    network: Network
    crs: CRS

    @cached_property
    def lines(self) -> Shapes:
        """Edges as planar lines, shape (m,)."""
        return metric_geometry(self.network, self.crs)

    @cached_property
    def ranks(self) -> list[tuple[Ints, shapely.STRtree]]:
        """Edges by order of preference: streets at grade, any street, islands."""
        net = self.network
        wanted = (~net.island & ~net.raised, ~net.island, net.island)
        edges = [np.flatnonzero(flags) for flags in wanted]
        return [(e, shapely.STRtree(self.lines[e])) for e in edges]

    @cached_property
    def planar_at_m(self) -> Floats:
        """Planar distance of each vertex from the first vertex of all, along all edges."""
        xy = shapely.get_coordinates(self.lines)
        step = np.zeros(len(xy))
        step[1:] = np.hypot(*np.diff(xy, axis=0).T)
        step[self.network.indptr[:-1]] = 0.0
        return np.cumsum(step)

    def to_metric(self, shapes: Shapes) -> Shapes:
        """Shapes in WGS84 degrees as planar shapes."""
        transformer = Transformer.from_crs(4326, self.crs, always_xy=True)
        return _transform(shapes, transformer)

    def to_degrees(self, xy: Floats) -> Floats:
        """Planar coordinates, shape (k, 2), as lon and lat."""
        transformer = Transformer.from_crs(self.crs, 4326, always_xy=True)
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))


@dataclass(frozen=True)
class Joins:
    """
    Where places join the network; a place may have several doors, each with a join.

    Parameters
    ----------
    n_places
        Number of places, joined or not.
    place
        Shape (k,), ascending: the place that a join belongs to.
    edge
        Edge of the join.
    offset_m
        Geodesic distance of the join from the first vertex of its edge.
    leg_m
        Length of the access leg, from the place to the join.
    lon, lat
        The join point in WGS84 degrees.
    snap_m
        Shape (n_places,): the shortest access leg; NaN where a place joins nothing.
    snap_to
        Shape (n_places,): what the shortest access leg joins, ``main``, ``private``, ``island``,
        or None.
    by_entrance
        Shape (n_places,): places that are left through entrances of the extract.
    """

    n_places: int
    place: Ints
    edge: Ints
    offset_m: Floats
    leg_m: Floats
    lon: Floats
    lat: Floats
    snap_m: Floats
    snap_to: NDArray[np.object_]
    by_entrance: Bools


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
    hearts = index.to_metric(shapely.point_on_surface(places))
    is_polygon = shapely.get_type_id(planar) != shapely.GeometryType.POINT
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


def _transform(shapes: Shapes, transformer: Transformer) -> Shapes:
    def change(xy: Floats) -> Floats:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))

    return np.asarray(shapely.transform(shapes, change), dtype=object)


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
        table = _join_to(doors[waiting], edges, tree, index, limit_m)
        # Where a street crosses a building nobody knows the door: start from its heart.
        crossed = table.pop("crossed").to_numpy(dtype=bool)
        row = table.loc[crossed, "row"].to_numpy()
        again = _join_to(hearts[waiting[row]], edges, tree, index, limit_m)
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


def _join_to(
    doors: Shapes, edges: Ints, tree: shapely.STRtree, index: StreetIndex, limit_m: float
) -> pd.DataFrame:
    """Join planar shapes to the nearest of some edges within the limit."""
    if not len(doors) or not len(edges):
        return _empty_table()
    row, hit = tree.query_nearest(doors, max_distance=limit_m * PLANAR_SLACK, all_matches=True)
    edge = edges[hit]
    through = row[~_only_touches(doors[row], index.lines[edge])]
    order = np.lexsort([edge, index.network.private[edge], row])
    row, edge = row[order], edge[order]
    first = np.unique(row, return_index=True)[1]
    row, edge = row[first], edge[first]
    ends = shapely.get_coordinates(shapely.shortest_line(doors[row], index.lines[edge]))
    begin, end = ends[::2], ends[1::2]
    table = _leg_table(row, edge, begin, end, _length_m(index, begin, end), index)
    table["crossed"] = np.isin(row, through)
    return table[table["leg_m"] <= limit_m]


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


def _only_touches(doors: Shapes, lines: Shapes) -> Bools:
    """Flag doors that their edge does not run through: points, and outlines it stays outside of."""
    is_point = shapely.get_type_id(doors) == shapely.GeometryType.POINT
    beside = shapely.disjoint(doors, lines) | shapely.touches(doors, lines)
    return np.asarray(is_point | beside, dtype=bool)


def _offset_m(edge: Ints, along: Floats, index: StreetIndex) -> Floats:
    """Turn planar metres along an edge into geodesic ones: the same fraction of the segment."""
    net, at = index.network, index.planar_at_m
    target = at[net.indptr[edge]] + along
    last = net.indptr[edge + 1] - 2
    k = np.clip(np.searchsorted(at, target, side="right") - 1, net.indptr[edge], last)
    span = at[k + 1] - at[k]
    fraction = np.divide(target - at[k], span, out=np.zeros(len(k)), where=span > 0)
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


def joined_part(edge: Ints, index: StreetIndex) -> NDArray[np.object_]:
    """
    Say which part of the network edges belong to.

    Parameters
    ----------
    edge
        Edges, shape (k,).
    index
        The streets.

    Returns
    -------
    part
        ``main``, ``private`` or ``island``, shape (k,).
    """
    net = index.network
    part = np.select([net.island[edge], net.private[edge]], ["island", "private"], default="main")
    return part.astype(object)


def on_network(edge: Ints, offset_m: Floats, index: StreetIndex) -> Joins:
    """
    Joins of places that lie on edges, without access legs.

    Parameters
    ----------
    edge
        Edges, shape (k,).
    offset_m
        Geodesic distance from the first vertex of each.
    index
        The streets.

    Returns
    -------
    joins
        A join per place, in the order given.
    """
    degrees = index.to_degrees(points_on_edges(edge, offset_m, index))
    n = len(edge)
    return Joins(
        n_places=n,
        place=np.arange(n),
        edge=edge,
        offset_m=offset_m,
        leg_m=np.zeros(n),
        lon=degrees[:, 0],
        lat=degrees[:, 1],
        snap_m=np.zeros(n),
        snap_to=joined_part(edge, index),
        by_entrance=np.zeros(n, dtype=bool),
    )


def points_on_edges(edge: Ints, offset_m: Floats, index: StreetIndex) -> Floats:
    """
    Find places on edges.

    Parameters
    ----------
    edge
        Edges, shape (k,).
    offset_m
        Geodesic distance from the first vertex of each.
    index
        The streets.

    Returns
    -------
    xy
        Planar coordinates, shape (k, 2).
    """
    net = index.network
    xy = shapely.get_coordinates(index.lines)
    # Distances along all edges, one after the other, are one ascending list.
    base = np.concatenate([[0.0], np.cumsum(net.length_m)])
    at = net.at_m + np.repeat(base[:-1], np.diff(net.indptr))
    k = np.searchsorted(at, base[edge] + offset_m, side="right") - 1
    k = np.clip(k, net.indptr[edge], net.indptr[edge + 1] - 2)
    span = net.at_m[k + 1] - net.at_m[k]
    share = np.divide(offset_m - net.at_m[k], span, out=np.zeros(len(k)), where=span > 0)
    return np.asarray(xy[k] + np.clip(share, 0, 1)[:, None] * (xy[k + 1] - xy[k]))


def concatenate(first: Joins, second: Joins) -> Joins:
    """
    Put places of two tables behind each other.

    Parameters
    ----------
    first, second
        Joins on the same network.

    Returns
    -------
    joins
        The places of `first`, then those of `second`.
    """
    parts = {
        f.name: np.concatenate([getattr(first, f.name), getattr(second, f.name)])
        for f in dataclasses.fields(Joins)
        if f.name not in ("n_places", "place")
    }
    return Joins(
        n_places=first.n_places + second.n_places,
        place=np.concatenate([first.place, second.place + first.n_places]),
        **parts,
    )


def take_places(joins: Joins, rows: Ints) -> Joins:
    """
    Pick places.

    Parameters
    ----------
    joins
        Joins of places.
    rows
        Places to keep, without repetition, in their new order.

    Returns
    -------
    joins
        The joins of the places picked, numbered anew.
    """
    number = np.full(joins.n_places, -1)
    number[rows] = np.arange(len(rows))
    place = number[joins.place]
    order = np.argsort(place, kind="stable")
    order = order[place[order] >= 0]
    by_place = ("snap_m", "snap_to", "by_entrance")
    by_join = ("edge", "offset_m", "leg_m", "lon", "lat")
    return Joins(
        n_places=len(rows),
        place=place[order],
        **{name: getattr(joins, name)[rows] for name in by_place},
        **{name: getattr(joins, name)[order] for name in by_join},
    )
