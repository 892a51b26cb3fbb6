"""Streets ready for nearest-point searches."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from walkcover.network import Floats, Ints, Network, metric_geometry, row_of

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
        """Planar distance of each vertex from the first vertex of its edge, in metres."""
        xy = shapely.get_coordinates(self.lines)
        step = np.zeros(len(xy))
        step[1:] = np.hypot(*np.diff(xy, axis=0).T)
        step[self.network.indptr[:-1]] = 0.0
        # Summed edge by edge: what joins an edge must not hang on the edges before it.
        along = pd.Series(step).groupby(row_of(self.network.indptr), sort=False).cumsum()
        return np.asarray(along, dtype=np.float64)

    def to_metric(self, shapes: Shapes) -> Shapes:
        """Shapes in WGS84 degrees as planar shapes."""
        transformer = Transformer.from_crs(4326, self.crs, always_xy=True)
        return _transform(shapes, transformer)

    def to_metric_xy(self, lon: Floats, lat: Floats) -> Floats:
        """Places in WGS84 degrees, shape (k,) each, as planar coordinates, shape (k, 2)."""
        transformer = Transformer.from_crs(4326, self.crs, always_xy=True)
        return np.column_stack(transformer.transform(lon, lat))

    def to_degrees(self, xy: Floats) -> Floats:
        """Planar coordinates, shape (k, 2), as lon and lat."""
        transformer = Transformer.from_crs(self.crs, 4326, always_xy=True)
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))


def _transform(shapes: Shapes, transformer: Transformer) -> Shapes:
    def change(xy: Floats) -> Floats:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))

    return np.asarray(shapely.transform(shapes, change), dtype=object)
