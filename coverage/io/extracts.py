"""Go through OpenStreetMap extracts, also those whose ways have lost nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import osmium
import shapely

from walkcover._errors import InputError

# Strip around an area that belongs into its extract: people at the rim walk outside of it, 15
# minutes at brisk pace (1,175 m) and the snap limit.
MARGIN_M = 1500.0


def things(path: Path, reader: Callable[[], Iterable[Any]]) -> Iterator[Any]:
    """
    Go through what a reader finds, turning its complaints into ours.

    Parameters
    ----------
    path
        The extract, for the message.
    reader
        Makes the reader; some open the file already when they are made.

    Yields
    ------
    thing
        A node, way, relation or area.

    Raises
    ------
    InputError
        If the file is cut off or no extract.
    """
    try:
        yield from reader()
    except RuntimeError as error:
        msg = (
            f"{path}: the extract cannot be read to its end ({error}); expected a whole "
            ".osm.pbf, .osm or .osm.gz: download or cut it again"
        )
        raise InputError(msg) from error


def node_runs(way: osmium.osm.Way) -> Iterator[list[osmium.osm.NodeRef]]:
    """
    Break a way where the extract lacks a node; one node alone is no run.

    Parameters
    ----------
    way
        A way whose nodes have their places, where the extract holds them.

    Yields
    ------
    run
        Two or more nodes that follow each other.
    """
    for is_there, nodes in groupby(way.nodes, key=lambda node: node.location.valid()):
        run = [*nodes] if is_there else []
        if len(run) > 1:
            yield run


def way_lines(way: osmium.osm.Way) -> Iterator[shapely.LineString]:
    """
    Draw a way as lines, broken where the extract lacks a node.

    Parameters
    ----------
    way
        As for `node_runs`.

    Yields
    ------
    line
        In WGS84 degrees.
    """
    for run in node_runs(way):
        yield shapely.LineString([(node.lon, node.lat) for node in run])
