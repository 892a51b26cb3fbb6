"""Pack the drives of teams and vehicles, and choose the colours in which they are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from walkcover.maps.packing import deltas, pack_ints, to_units

# Told apart on the pale ground of the map by those who see no red or no green as well; a colour
# that comes again is dashed.
DRIVE_COLOURS = ("#3c28b8", "#27966e", "#7d0f2c", "#b565cf", "#94780c")
# What is nearer to the straight line than this many units, some two metres, cannot be seen.
SIMPLIFY_UNITS = 4.0

PlainData = dict[str, Any]


def drive_data(lines: Sequence[shapely.Geometry | None] | np.ndarray[Any, Any]) -> PlainData:
    """
    Pack the lines of drives.

    Parameters
    ----------
    lines
        A line, several or none for each drive, in WGS84 degrees, shape (n,).

    Returns
    -------
    data
        `parts`: packed numbers of lines of each drive; `lengths`: places of each line; their `x`
        and `y`, as differences.

    Examples
    --------
    >>> line = shapely.LineString([(112, 37), (112.05, 37.0), (112.1, 37)])
    >>> data = drive_data([line, None])
    >>> data["parts"]["bytes"], data["lengths"]["bytes"], data["x"]["bytes"]
    (2, 1, 7)
    """
    shapes = np.empty(len(lines), dtype=object)
    shapes[:] = list(lines)
    units = shapely.transform(
        shapes, lambda lonlat: np.column_stack(to_units(*lonlat.T)).astype(np.float64)
    )
    parts, drive = shapely.get_parts(
        shapely.simplify(units, SIMPLIFY_UNITS, preserve_topology=False), return_index=True
    )
    drawn = shapely.get_num_coordinates(parts) > 0
    parts, drive = parts[drawn], drive[drawn]
    coords = np.rint(shapely.get_coordinates(parts)).astype(np.int64)
    return {
        "parts": pack_ints(np.bincount(drive, minlength=len(lines))),
        "lengths": pack_ints(shapely.get_num_coordinates(parts)),
        "x": pack_ints(deltas(coords[:, 0])),
        "y": pack_ints(deltas(coords[:, 1])),
    }
