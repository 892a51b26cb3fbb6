"""Regions: rectangles that part the area of a plan into pieces of about as many residences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from walkcover._errors import InputError
from walkcover.network import Floats, Ints


@dataclass(frozen=True)
class Regions:
    """
    Rectangles that part a plane, as the leaves of a k-d tree.

    Parameters
    ----------
    box
        West, south, east and north of each region, shape (n, 4); outer regions end with the area,
        but count for whatever lies beyond it too.
    axis, cut
        By inner node of the tree: what it cuts, 0 for x and 1 for y, and where.
    low, high
        By inner node: the node below and from the cut on; ``-1 - r`` is region r.
    """

    box: Floats
    axis: Ints
    cut: Floats
    low: Ints
    high: Ints

    @property
    def n(self) -> int:
        """Number of regions."""
        return len(self.box)

    def of(self, xy: Floats) -> Ints:
        """
        Tell in which region points lie; every point lies in one.

        Parameters
        ----------
        xy
            Points, shape (k, 2).

        Returns
        -------
        region
            Shape (k,).
        """
        node = np.full(len(xy), 0 if len(self.axis) else -1, dtype=np.int64)
        inner = np.flatnonzero(node >= 0)
        while len(inner):
            at = node[inner]
            ahead = xy[inner, self.axis[at]] >= self.cut[at]
            node[inner] = np.where(ahead, self.high[at], self.low[at])
            inner = inner[node[inner] >= 0]
        return -1 - node


def part_regions(xy: Floats, *, most: int, margin_m: float = 0.0) -> Regions:
    """
    Part the area of some points so that no region holds more of them than asked for.

    The longer side is cut in the middle of its points, again and again. Points that lie in one
    place stay together, however many they are.

    Parameters
    ----------
    xy
        Points, shape (k, 2), in metres.
    most
        Points in a region, from 1.
    margin_m
        How far outer regions go beyond the points.

    Returns
    -------
    regions
        At least one; which they are does not depend on the order of the points.

    Raises
    ------
    InputError
        If there is no point, or `most` is below 1.

    Examples
    --------
    >>> xy = np.array([[0.0, 0.0], [1.0, 5.0], [2.0, 0.0], [9.0, 1.0]])
    >>> regions = part_regions(xy, most=2)
    >>> regions.of(xy).tolist(), regions.box[0].tolist()
    ([0, 0, 1, 1], [0.0, 0.0, 1.5, 5.0])
    """
    if most < 1 or not len(xy):
        msg = f"{len(xy)} points, at most {most} in a region: expected 1 or more of both"
        raise InputError(msg)
    boxes: list[Floats] = []
    nodes: list[tuple[int, float]] = []
    links: dict[tuple[int, int], int] = {}
    whole = np.concatenate([xy.min(axis=0) - margin_m, xy.max(axis=0) + margin_m])
    waiting = [(np.arange(len(xy)), whole, (-1, 0))]
    while waiting:
        rows, box, above = waiting.pop()
        found = _cut(xy[rows]) if len(rows) > most else None
        if found is None:
            links[above] = -1 - len(boxes)
            boxes.append(box)
            continue
        axis, cut = found
        links[above] = node = len(nodes)
        nodes.append(found)
        ahead = xy[rows, axis] >= cut
        below, beyond = box.copy(), box.copy()
        below[2 + axis] = beyond[axis] = cut
        waiting.append((rows[ahead], beyond, (node, 1)))
        waiting.append((rows[~ahead], below, (node, 0)))
    sides = [[links[node, side] for node in range(len(nodes))] for side in (0, 1)]
    return Regions(
        box=np.array(boxes),
        axis=np.array([axis for axis, _ in nodes], dtype=np.int64),
        cut=np.array([cut for _, cut in nodes], dtype=np.float64),
        low=np.array(sides[0], dtype=np.int64),
        high=np.array(sides[1], dtype=np.int64),
    )


def _cut(xy: Floats) -> tuple[int, float] | None:
    """Where to cut points into halves, across their longer side; None if they are one place."""
    spans = np.ptp(xy, axis=0)
    for axis in sorted((0, 1), key=lambda one: -spans[one]):
        values = np.unique(xy[:, axis])
        if len(values) > 1:
            # Between two values, so that no point lies on the cut.
            middle = np.searchsorted(values, np.median(xy[:, axis]), side="left")
            k = int(np.clip(middle, 1, len(values) - 1))
            return axis, float((values[k - 1] + values[k]) / 2)
    return None
