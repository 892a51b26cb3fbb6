"""Draw the example town: smooth lines, uneven outlines, blocks cut in parts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import shapely
from scipy.interpolate import CubicSpline
from shapely import LineString, Point, Polygon
from shapely.ops import split

GRID_M = 0.1  # coordinates are rounded to this, so that ways meet in identical points
JOIN_M = 0.5  # an end this near to another street is a junction


def curve(points_km: Sequence[tuple[float, float]], *, closed: bool = False) -> LineString:
    """Draw a smooth line through points in kilometres; the line is in metres."""
    points = np.array([*points_km, points_km[0]] if closed else points_km) * 1_000
    along = np.r_[0, np.hypot(*np.diff(points, axis=0).T).cumsum()]
    spline = CubicSpline(along, points, bc_type="periodic" if closed else "natural")
    return LineString(spline(np.linspace(0, along[-1], int(along[-1] / 25) + 2))).simplify(0.8)


def blob(x_m: float, y_m: float, radius_m: float, rng: np.random.Generator) -> Polygon:
    """Draw an uneven round outline."""
    angle = np.linspace(0, 2 * math.pi, 48, endpoint=False)
    radius = np.full(48, float(radius_m))
    for wave in (2, 3, 5):
        size, turn = rng.uniform(0.03, 0.16), rng.uniform(0, 2 * math.pi)
        radius *= 1 + size * np.cos(wave * angle + turn)
    return Polygon(np.c_[x_m + radius * np.cos(angle), y_m + radius * np.sin(angle)])


def pieces(shape: shapely.Geometry) -> list[LineString]:
    """List the lines of a geometry, in a fixed order."""
    parts = [g for g in shapely.get_parts(shape) if isinstance(g, LineString)]
    return [g for g in parts if g.length > JOIN_M]


def long_axis(shape: Polygon) -> tuple[np.ndarray, float, float]:
    """Give the unit vector of the longer side, and both sides, of the tightest rectangle."""
    corners = shapely.get_coordinates(shape.minimum_rotated_rectangle)
    sides = np.diff(corners[:3], axis=0)
    lengths = np.hypot(*sides.T)
    longer = int(lengths.argmax())
    return sides[longer] / lengths[longer], lengths[longer], lengths[1 - longer]


def bent_cut(block: Polygon, rng: np.random.Generator) -> LineString:
    """Draw a slightly bent line across the longer side of a block."""
    axis, length, width = long_axis(block)
    turn = math.pi / 2 + rng.normal(0, 0.1)
    across = np.array(
        [
            axis[0] * math.cos(turn) - axis[1] * math.sin(turn),
            axis[0] * math.sin(turn) + axis[1] * math.cos(turn),
        ]
    )
    middle = np.array(block.centroid.coords[0]) + axis * length * rng.uniform(-0.1, 0.1)
    step = np.linspace(-1, 1, 11)[:, None]
    bow = axis * width * rng.normal(0, 0.07) * (1 - step**2)
    return LineString(middle + across * step * length + bow)


def divide(
    block: Polygon, size_m2: float, rng: np.random.Generator, depth: int = 0
) -> tuple[list[Polygon], list[tuple[LineString, int]]]:
    """Cut a block until its parts are about `size_m2`: the parts, and the cuts with their depth."""
    if block.area < size_m2 * rng.uniform(0.8, 1.7):
        return [block], []
    for _ in range(8):
        cut = bent_cut(block, rng)
        parts = sorted(split(block, cut).geoms, key=lambda part: part.bounds)
        if len(parts) > 1 and min(part.area for part in parts) > 0.2 * block.area:
            break
    else:
        return [block], []
    leaves: list[Polygon] = []
    cuts = [(piece, depth) for piece in pieces(cut.intersection(block))]
    for part in parts:
        more_leaves, more_cuts = divide(part, size_m2, rng, depth + 1)
        leaves += more_leaves
        cuts += more_cuts
    return leaves, cuts


def insert(line: np.ndarray, points: Iterable[tuple[float, float]]) -> np.ndarray:
    """Insert points that lie on a line as vertices, in order along it."""
    shape = LineString(line)
    along = np.r_[0, np.hypot(*np.diff(line, axis=0).T).cumsum()]
    places = [(float(a), tuple(map(float, p))) for a, p in zip(along, line, strict=True)]
    places += [(float(shape.project(Point(p))), tuple(map(float, p))) for p in points]
    first, last, inner = places[0], places[len(line) - 1], places[1 : len(line) - 1]
    inner += places[len(line) :]
    ordered = [first[1], *(p for _, p in sorted(inner)), last[1]]
    kept = [ordered[0]]
    kept += [p for before, p in pairwise(ordered) if p != before]
    return np.array(kept)


def with_points(shape: Polygon, points: Iterable[Point]) -> Polygon:
    """Add points of its outline to a polygon as vertices."""
    return Polygon(insert(shapely.get_coordinates(shape.exterior), [p.coords[0] for p in points]))


def rounded(points: np.ndarray) -> np.ndarray:
    """Round coordinates in metres to the drawing grid."""
    return np.asarray(np.round(points / GRID_M) * GRID_M)


def node_key(point: Iterable[float]) -> tuple[int, int]:
    """Give the place of a point on the drawing grid; equal places are one node."""
    x, y = point
    return round(x / GRID_M), round(y / GRID_M)


def wind(line: LineString) -> LineString:
    """Let a lane wind; one smooth field moves all lanes, so that those that met still meet."""
    x, y = shapely.get_coordinates(line.segmentize(10.0)).T
    return LineString(
        np.c_[
            x + 9 * np.sin(y / 31 + x / 90) + 4 * np.sin(y / 13),
            y + 8 * np.sin(x / 27 - y / 70) + 4 * np.sin(x / 12),
        ]
    ).simplify(0.2)


def smooth(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Round the corners of a path twice (Chaikin), after shifting its inner points a little."""
    points = points.copy()
    points[1:-1] += rng.uniform(-22, 22, points[1:-1].shape)
    for _ in range(2):
        cut = np.empty((2 * len(points) - 2, 2))
        cut[0::2] = 0.75 * points[:-1] + 0.25 * points[1:]
        cut[1::2] = 0.25 * points[:-1] + 0.75 * points[1:]
        points = np.r_[points[:1], cut, points[-1:]]
    return points
