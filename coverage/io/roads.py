"""Read the roads of an OpenStreetMap extract: what a van may drive along, and how fast."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import osmium
import pandas as pd

from walkcover._errors import InputError
from walkcover.driving import ROAD_COLUMNS, is_drivable, road_directions, road_kmh
from walkcover.io.extracts import node_runs, things
from walkcover.network import Lines
from walkcover.plan_operations import ROAD_KMH
from walkcover.tags import is_raised_or_sunk


def read_roads(path: Path, *, speeds_kmh: Mapping[str, float] = ROAD_KMH) -> Lines:
    """
    Read the drivable ways of an extract.

    A reference to a node that the extract lacks drops the segments that touch it, not the way.

    Parameters
    ----------
    path
        ``.osm.pbf``, ``.osm`` or ``.osm.gz``, nodes before ways as usual.
    speeds_kmh
        Mean speed by kind of road.

    Returns
    -------
    lines
        They meet where they share a node; tags are those of `walkcover.driving.ROAD_COLUMNS`.

    Raises
    ------
    InputError
        If the file is cut off or no extract, or holds no road.
    """
    refs: list[int] = []
    places: list[tuple[float, float]] = []
    sizes: list[int] = []
    rows: list[tuple[object, ...]] = []
    keys = osmium.filter.KeyFilter("highway")
    processor = osmium.FileProcessor(str(path)).with_locations().with_filter(keys)
    for way in things(path, lambda: processor):
        if not way.is_way():
            continue
        tags = dict(way.tags)
        kmh = road_kmh(tags, speeds_kmh)
        if not is_drivable(tags) or kmh <= 0.0:
            continue
        named = (tags.get("name", ""), tags["highway"], False, is_raised_or_sunk(tags))
        for run in node_runs(way):
            refs += [node.ref for node in run]
            places += [(node.lon, node.lat) for node in run]
            sizes.append(len(run))
            rows.append((*named, *road_directions(tags), kmh))
    if not sizes:
        msg = f"{path}: the extract holds no road that a van may drive along"
        raise InputError(msg)
    lon, lat = np.array(places).T
    return Lines(
        indptr=np.append(0, np.cumsum(sizes)).astype(np.int64),
        lon=lon,
        lat=lat,
        point=np.array(refs, dtype=np.int64),
        tags=pd.DataFrame(rows, columns=list(ROAD_COLUMNS)),
    )
