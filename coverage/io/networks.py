"""Read a walking network from any kind of street file, save it and load it again."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from walkcover._errors import InputError, MissingFileError
from walkcover.network import (
    EDGE_COLUMNS,
    MIN_COMPONENT_M,
    POINT_KINDS,
    Floats,
    Lines,
    Network,
    build_network,
    network_from_edges,
)
from walkcover.restrict import network_lines

OSM_SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.gz")
LINE_SUFFIXES = (".gpkg", ".geojson", ".shp")
GRAPHML_SUFFIXES = (".graphml", ".graphml.gz")
PARQUET_SUFFIXES = (".parquet",)
# Raised when the columns change, so that an old file is refused and not misread.
FORMAT = 2
META_KEY = b"walkcover"

log = logging.getLogger("walkcover")


def is_extract(path: Path) -> bool:
    """Tell whether a street file is an OpenStreetMap extract, which may hold buildings too."""
    return path.name.lower().endswith(OSM_SUFFIXES)


def read_network(
    path: Path,
    *,
    layer: str = "",
    min_component_m: float = MIN_COMPONENT_M,
    plazas: bool = False,
) -> Network:
    """
    Read a walking network.

    Parameters
    ----------
    path
        ``.osm.pbf``, ``.osm``, ``.osm.gz``; ``.gpkg``, ``.geojson``, ``.shp``; ``.graphml``,
        ``.graphml.gz`` of osmnx; or ``.parquet`` of `save_network`.
    layer
        Layer of a GeoPackage.
    min_component_m
        Street length in metres below which a connected piece is an island. A saved network keeps
        the one it was built with.
    plazas
        Whether people cross pedestrian areas in a straight line; see
        `walkcover.plazas.cross_plazas`. Only extracts hold areas; a saved network keeps what it
        was built with.

    Returns
    -------
    network
        The network.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If its kind is unknown, it cannot be read, or plazas are asked of a kind that holds none.
    """
    if path.name.lower().endswith(PARQUET_SUFFIXES) and path.is_file():
        return load_network(path, min_component_m=min_component_m, plazas=plazas)
    lines, points = read_street_lines(path, layer=layer, plazas=plazas)
    return build_network(lines, min_component_m=min_component_m, points=points)


def read_street_lines(
    path: Path,
    *,
    layer: str = "",
    min_component_m: float = MIN_COMPONENT_M,
    plazas: bool = False,
) -> tuple[Lines, dict[str, Floats]]:
    """
    Read the walkable lines of a street file, before they are a network.

    Parameters
    ----------
    path, layer, min_component_m, plazas
        As of `read_network`.

    Returns
    -------
    lines
        Walkable lines; of a saved network its edges, those it holds as private tagged so.
    points
        Lon and lat, shape (k, 2), by kind, as `walkcover.network.build_network` takes them.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If its kind is unknown, it cannot be read, or plazas are asked of a kind that holds none.
    """
    if not path.is_file():
        msg = f"{path}: there is no such street file ([network] source)"
        raise MissingFileError(msg)
    name = path.name.lower()
    if name.endswith(PARQUET_SUFFIXES):
        network = load_network(path, min_component_m=min_component_m, plazas=plazas)
        every = np.ones(network.n_edges, dtype=bool)
        points = {kind: getattr(network, kind) for kind in POINT_KINDS}
        return network_lines(network, every), points
    if name.endswith(OSM_SUFFIXES):
        from walkcover.io.osm import read_streets

        return read_streets(path, plazas=plazas)
    if plazas and name.endswith(LINE_SUFFIXES + GRAPHML_SUFFIXES):
        msg = (
            f"{path}: holds no pedestrian areas to cross (plazas); only extracts do: give one of "
            f"{', '.join(OSM_SUFFIXES)}, or leave plazas out"
        )
        raise InputError(msg)
    if name.endswith(LINE_SUFFIXES):
        from walkcover.io.lines import read_lines

        return read_lines(path, layer=layer), {}
    if name.endswith(GRAPHML_SUFFIXES):
        from walkcover.io.lines import read_graphml

        return read_graphml(path), {}
    known = ", ".join(OSM_SUFFIXES + LINE_SUFFIXES + GRAPHML_SUFFIXES + PARQUET_SUFFIXES)
    msg = f"{path}: street files of this kind are not known; expected one of {known}"
    raise InputError(msg)


def save_network(
    network: Network,
    path: Path,
    *,
    min_component_m: float = MIN_COMPONENT_M,
    plazas: bool = False,
) -> None:
    """
    Save a network as one Parquet file: an edge a row.

    Parameters
    ----------
    network
        The network.
    path
        File to write.
    min_component_m, plazas
        What the network was built with; loading checks it.
    """
    offsets = pa.array(network.indptr, type=pa.int32())
    columns = {name: pa.array(getattr(network, name)) for name in EDGE_COLUMNS}
    columns |= {
        name: pa.ListArray.from_arrays(offsets, pa.array(getattr(network, name)))
        for name in ("lon", "lat", "at_m")
    }
    meta = {
        "format": FORMAT,
        "min_component_m": min_component_m,
        "plazas": plazas,
        "points": {kind: getattr(network, kind).tolist() for kind in POINT_KINDS},
    }
    table = pa.table(columns).replace_schema_metadata({META_KEY: json.dumps(meta)})
    pq.write_table(table, path, compression="zstd")


def load_network(
    path: Path, *, min_component_m: float = MIN_COMPONENT_M, plazas: bool = False
) -> Network:
    """
    Load a network that `save_network` wrote.

    Parameters
    ----------
    path
        The Parquet file.
    min_component_m, plazas
        Must be what the network was built with.

    Returns
    -------
    network
        The network, equal to the saved one.

    Raises
    ------
    InputError
        If the file is another kind of Parquet file, or was built with other values of these.
    """
    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        msg = f"{path}: cannot be read as Parquet ({error})"
        raise InputError(msg) from error
    meta = json.loads((table.schema.metadata or {}).get(META_KEY, b"{}"))
    if meta.get("format") != FORMAT:
        msg = f"{path}: not a network saved by this version of walkcover; build it again"
        raise InputError(msg)
    for name, wanted in (("min_component_m", min_component_m), ("plazas", plazas)):
        if meta[name] != wanted:
            msg = (
                f"{path}: was built with {name} = {meta[name]}, the plan says {wanted}; build it "
                "again or change the plan"
            )
            raise InputError(msg)
    shapes = {name: table[name].combine_chunks() for name in ("lon", "lat", "at_m")}
    return network_from_edges(
        {name: table[name].to_numpy() for name in EDGE_COLUMNS},
        indptr=shapes["lon"].offsets.to_numpy().astype(np.int64),
        lon=shapes["lon"].values.to_numpy(),
        lat=shapes["lat"].values.to_numpy(),
        at_m=shapes["at_m"].values.to_numpy(),
        points={
            kind: np.array(places, dtype=np.float64).reshape(-1, 2)
            for kind, places in meta["points"].items()
        },
    )
