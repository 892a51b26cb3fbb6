"""Read streets from line layers: GeoPackage, GeoJSON, Shapefile, and osmnx GraphML."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from scipy.spatial import cKDTree

from walkcover._errors import InputError
from walkcover.network import Lines, connected_pieces
from walkcover.tags import STREET_COLUMNS, is_walkable, street_row

# GDAL's OSM driver writes the remaining tags as "key"=>"value" pairs.
HSTORE_PAIR = re.compile(r'"((?:[^"\\]|\\.)*)"=>"((?:[^"\\]|\\.)*)"')

# Vertices nearer than this are one place: rounding in some file format, never a step on foot.
SAME_PLACE_M = 1e-4
# A line that comes this near to another's vertex passes through it.
ON_LINE_M = 0.01

log = logging.getLogger("walkcover")


def read_lines(path: Path, *, layer: str = "") -> Lines:
    """
    Read walkable lines of a layer; lines meet where they share a coordinate.

    A line is also joined where it passes through the vertex of another one without a vertex of
    its own, unless one of the two runs on a bridge or in a tunnel.

    Parameters
    ----------
    path
        GeoPackage, GeoJSON or Shapefile with a column ``highway``; the remaining tags stand in
        columns of their names, or all together in ``other_tags``.
    layer
        Layer to read, where the file holds several.

    Returns
    -------
    lines
        Walkable lines.

    Raises
    ------
    InputError
        If the layer or the column is missing, the file names no coordinate system, or no line is
        walkable.
    """
    frame = _read_layer(path, layer)
    if "highway" not in frame.columns:
        msg = (
            f"{path}: no column 'highway' (it has {', '.join(map(str, frame.columns))}); expected "
            "the kind of street as in OpenStreetMap"
        )
        raise InputError(msg)
    frame = frame.explode(index_parts=False)
    is_line = frame.geom_type == "LineString"
    if not is_line.all():
        log.info("%s: %d shapes that are no lines left out", path.name, (~is_line).sum())
    tags = [_row_tags(row) for row in frame.drop(columns="geometry").to_dict("records")]
    keep = np.fromiter((is_walkable(t) for t in tags), dtype=bool, count=len(tags)) & is_line
    if not keep.any():
        msg = f"{path}: none of its {len(frame)} shapes is a line that people may walk along"
        raise InputError(msg)
    metric = frame.geometry[keep].estimate_utm_crs()
    shapes = frame.geometry[keep].to_crs(4326).to_numpy()
    planar = frame.geometry[keep].to_crs(metric).to_numpy()
    table = _tag_table([t for t, k in zip(tags, keep, strict=True) if k])
    return _join_lines(shapes, planar, table)


def read_graphml(path: Path) -> Lines:
    """
    Read the walkable edges of a graph that osmnx saved.

    Parameters
    ----------
    path
        ``.graphml`` or ``.graphml.gz``.

    Returns
    -------
    lines
        Walkable lines; they meet at the nodes of the graph.

    Raises
    ------
    InputError
        If the file is no such graph, or no edge is walkable.
    """
    import osmnx

    try:
        graph = osmnx.load_graphml(path)
        nodes, edges = osmnx.graph_to_gdfs(graph)
    except Exception as error:  # whatever a broken XML file sets off inside three libraries
        msg = f"{path}: not a graph as osmnx.save_graphml writes it ({error})"
        raise InputError(msg) from error
    if nodes.crs != "EPSG:4326":
        msg = f"{path}: the graph is in {nodes.crs}; expected an unprojected one in EPSG:4326"
        raise InputError(msg)
    edges = edges.reset_index()
    # osmnx stores a street that is walked both ways as two edges, the second marked reversed.
    edges = edges[[value is not True and value != "True" for value in _column(edges, "reversed")]]
    tags = [_row_tags(row) for row in edges.drop(columns="geometry").to_dict("records")]
    keep = np.fromiter((is_walkable(t) for t in tags), dtype=bool, count=len(tags))
    if not keep.any():
        msg = f"{path}: none of its {len(edges)} edges is a street that people may walk along"
        raise InputError(msg)
    if not any("foot" in t for t in tags):
        log.warning(
            "%s: no street says whether people may walk there; save the graph with foot, access, "
            "oneway:foot and foot:backward among osmnx's useful_tags_way, or take an extract",
            path.name,
        )
    table = _tag_table([t for t, k in zip(tags, keep, strict=True) if k])
    edges = edges[keep]
    coordinates, line = shapely.get_coordinates(edges.geometry.to_numpy(), return_index=True)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(line))])
    # Inner vertices get numbers of their own, so that edges meet at graph nodes only.
    point = -1 - np.arange(len(line), dtype=np.int64)
    code = pd.factorize(np.concatenate([edges["u"].to_numpy(), edges["v"].to_numpy()]))[0]
    point[indptr[:-1]], point[indptr[1:] - 1] = code[: len(edges)], code[len(edges) :]
    return Lines(indptr, coordinates[:, 0], coordinates[:, 1], point, table)


def _read_layer(path: Path, layer: str) -> gpd.GeoDataFrame:
    try:
        known = pyogrio.list_layers(path)[:, 0].tolist()
        if layer and layer not in known:
            msg = f"{path}: no layer {layer!r}; it has {', '.join(known)}"
            raise InputError(msg)
        if not layer and len(known) > 1:
            msg = f"{path}: holds {len(known)} layers ({', '.join(known)}); name one with `layer`"
            raise InputError(msg)
        frame = gpd.read_file(path, layer=layer or known[0])
    except pyogrio.errors.DataSourceError as error:
        msg = f"{path}: cannot be read as a map layer ({error})"
        raise InputError(msg) from error
    if not isinstance(frame, gpd.GeoDataFrame):
        msg = f"{path}: layer {layer or known[0]!r} holds no shapes"
        raise InputError(msg)
    if frame.crs is None:
        msg = f"{path}: names no coordinate system; expected one, as a .prj file beside a .shp"
        raise InputError(msg)
    return frame


def _column(frame: pd.DataFrame, name: str) -> list[Any]:
    return frame[name].tolist() if name in frame.columns else [None] * len(frame)


def _row_tags(row: Mapping[str, Any]) -> dict[str, str]:
    """Tags of a row: its columns and what ``other_tags`` holds; of merged streets the strictest."""
    tags = {}
    for key, value in row.items():
        if isinstance(value, list):
            tags[str(key)] = _strictest(str(key), [str(v) for v in value])
        elif isinstance(value, str):
            tags[str(key)] = value
    for key, value in HSTORE_PAIR.findall(tags.pop("other_tags", "")):
        tags.setdefault(key, value.replace('\\"', '"').replace("\\\\", "\\"))
    return tags


def _strictest(key: str, values: list[str]) -> str:
    """Of the values that a simplified edge carries, the one that lets the fewest people walk."""
    if key == "highway":
        return next((v for v in values if not is_walkable({"highway": v})), values[0])
    return next((v for v in ("no", "private") if v in values), values[0])


def _tag_table(tags: list[dict[str, str]]) -> pd.DataFrame:
    """Rows of `Lines.tags`."""
    return pd.DataFrame([street_row(t) for t in tags], columns=list(STREET_COLUMNS))


def _join_lines(shapes: np.ndarray, planar: np.ndarray, tags: pd.DataFrame) -> Lines:
    """Give vertices at one place one number, and lines a vertex where they pass through one."""
    lonlat, line = shapely.get_coordinates(shapes, return_index=True)
    xy = shapely.get_coordinates(planar)
    point = _same_points(xy)
    raised = tags["raised"].to_numpy(dtype=bool)
    segment, touched, share = _passed_vertices(xy, line, point, raised)
    if len(segment):
        log.info("%d lines pass through another's vertex and are joined there", len(segment))
        # Behind the first vertex of its segment, ordered along it.
        position = np.concatenate([np.arange(len(line)), segment + 0.5])
        order = np.lexsort([np.concatenate([np.zeros(len(line)), share]), position])
        lonlat = np.concatenate([lonlat, lonlat[touched]])[order]
        point = np.concatenate([point, point[touched]])[order]
        line = np.concatenate([line, line[segment]])[order]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(line, minlength=len(tags)))])
    return Lines(indptr.astype(np.int64), lonlat[:, 0], lonlat[:, 1], point, tags)


def _same_points(xy: np.ndarray) -> np.ndarray:
    """Number places: those nearer than a tenth of a millimetre are one."""
    unique, inverse = np.unique(xy, axis=0, return_inverse=True)
    pairs = cKDTree(unique).query_pairs(SAME_PLACE_M, output_type="ndarray")
    return connected_pieces(pairs[:, 0], pairs[:, 1], len(unique))[inverse.ravel()]


def _passed_vertices(
    xy: np.ndarray, line: np.ndarray, point: np.ndarray, raised: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find segments that pass through a vertex: segment start, vertex, position on the segment."""
    start = np.flatnonzero(line[1:] == line[:-1])
    segments = shapely.linestrings(np.stack([xy[start], xy[start + 1]], axis=1))
    vertex = np.unique(point, return_index=True)[1]
    found, segment = shapely.STRtree(segments).query(
        shapely.points(xy[vertex]), predicate="dwithin", distance=ON_LINE_M
    )
    vertex, segment = vertex[found], start[segment]
    is_end = (point[vertex] == point[segment]) | (point[vertex] == point[segment + 1])
    # A street under a viaduct does not meet it, wherever its vertices lie.
    at_grade = np.isin(point, point[~raised[line]])
    meets = ~is_end & ~raised[line[segment]] & at_grade[vertex]
    vertex, segment = vertex[meets], segment[meets]
    along = xy[segment + 1] - xy[segment]
    share = ((xy[vertex] - xy[segment]) * along).sum(axis=1) / (along**2).sum(axis=1)
    beside = (share > 0) & (share < 1)
    return segment[beside], vertex[beside], share[beside]
