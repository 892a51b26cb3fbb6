"""Files of regions: what a task reads, and what it leaves for the others."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from walkcover.io.networks import load_network, save_network
from walkcover.joins import Joins
from walkcover.network import Floats, Ints, Network
from walkcover.speed import WalkCosts

# Raised when the files change, so that those of an older version are not gone on with.
FORMAT = 1
STREETS, PLACES, BARRIERS = "streets.parquet", "places.parquet", "barriers.parquet"
EDGES, COSTS, SETTINGS = "edges.npy", "costs.npz", "settings.json"
# Names of what a place joined, in the order of their codes; none is -1.
PARTS = np.array(["main", "private", "island", None], dtype=object)
BY_PLACE = ("snap_m", "snap_to", "by_entrance")


@dataclass(frozen=True)
class RegionFiles:
    """
    The folder of a region.

    Parameters
    ----------
    folder
        Folder, on a disk that everybody who works on the region sees.
    """

    folder: Path

    def path(self, name: str) -> Path:
        """A file of the region."""
        return self.folder / name

    def has(self, name: str) -> bool:
        """Whether a file is there; files are whole or not there."""
        return self.path(name).is_file()

    @property
    def settings(self) -> dict[str, Any]:
        """Plain values that the tasks of the region need."""
        return dict(json.loads(self.path(SETTINGS).read_text(encoding="utf-8")))

    def network(self) -> Network:
        """The streets of the region and around it."""
        settings = self.settings
        return load_network(
            self.path(STREETS),
            min_component_m=settings["min_component_m"],
            plazas=settings["plazas"],
        )

    def edges(self) -> Ints:
        """Which edges of the whole network they are."""
        return np.asarray(np.load(self.path(EDGES)), dtype=np.int64)

    def costs(self) -> WalkCosts:
        """Seconds along them."""
        values = load_arrays(self.path(COSTS))
        return WalkCosts(**values, flat=self.settings["flat"])

    def crs(self) -> CRS:
        """The metric CRS of nearest-point searches."""
        return CRS.from_wkt(self.settings["crs"])

    def write(
        self,
        *,
        network: Network,
        edges: Ints,
        costs: WalkCosts,
        places: gpd.GeoDataFrame,
        barriers: gpd.GeoSeries | None,
        settings: Mapping[str, Any],
    ) -> None:
        """
        Write what the tasks of the region read; settings come last and say that all is there.

        Parameters
        ----------
        network, edges, costs
            The streets, which of the whole network they are, and seconds along them.
        places
            Places of the region: kind, row (of its table), from_inside, in EPSG:4326.
        barriers
            Barriers in and around the region in EPSG:4326, None where nothing bars.
        settings
            Plain values.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        limit = {name: settings[name] for name in ("min_component_m", "plazas")}
        save_network(network, self.path(STREETS), **limit)
        save_array(self.path(EDGES), edges)
        named = {f.name: getattr(costs, f.name) for f in dataclasses.fields(WalkCosts)}
        named.pop("flat")
        save_arrays(self.path(COSTS), named)
        places.to_parquet(self.path(PLACES))
        if barriers is not None:
            barriers.to_frame("geometry").to_parquet(self.path(BARRIERS))
        text = json.dumps(dict(settings), sort_keys=True)
        _write_whole(self.path(SETTINGS), text.encode())


def run_key(parameters: Mapping[str, Any], sha256: Mapping[str, str], version: str) -> str:
    """
    Name the work of a run: another plan, another file or another version has another name.

    Parameters
    ----------
    parameters
        All parameters in force.
    sha256
        Checksums of all inputs.
    version
        Of walkcover.

    Returns
    -------
    key
        Twelve letters and digits.

    Examples
    --------
    >>> run_key({"a": 1}, {}, "1.0") == run_key({"a": 2}, {}, "1.0")
    False
    """
    text = json.dumps([FORMAT, version, dict(parameters), dict(sha256)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def save_joins(path: Path, joins: Joins, *, rows: Ints, edges: Ints) -> None:
    """
    Save joins of some places of a table.

    Parameters
    ----------
    path
        File to write.
    joins
        Joins on the streets of a region.
    rows
        Row of each place in its table, ascending.
    edges
        Which edge of the whole network each street is.
    """
    values = {f.name: getattr(joins, f.name) for f in dataclasses.fields(Joins)}
    del values["n_places"]
    codes = {name: code for code, name in enumerate(PARTS)}
    values["snap_to"] = np.array([codes[part] for part in joins.snap_to], dtype=np.int8)
    values["place"], values["edge"] = rows[joins.place], edges[joins.edge]
    save_arrays(path, values | {"rows": rows})


def load_joins(paths: Sequence[Path]) -> tuple[Ints, Joins]:
    """
    Put joins of a table together again.

    Parameters
    ----------
    paths
        Files of `save_joins`, in any order; no row stands in two of them.

    Returns
    -------
    rows
        Rows of the table that they hold, ascending.
    joins
        Joins of these on the whole network.
    """
    parts = [load_arrays(path) for path in paths]
    names = [f.name for f in dataclasses.fields(Joins) if f.name != "n_places"]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in (*names, "rows")}
    columns["snap_to"] = PARTS[columns["snap_to"]]
    order = np.argsort(columns["rows"], kind="stable")
    rows = columns.pop("rows")[order]
    columns |= {name: columns[name][order] for name in BY_PLACE}
    order = np.argsort(columns["place"], kind="stable")
    columns |= {name: columns[name][order] for name in names if name not in BY_PLACE}
    columns["place"] = np.searchsorted(rows, columns["place"])
    return rows, Joins(n_places=len(rows), **columns)


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Save arrays by name in one file, whole or not at all."""
    beside = _beside(path)
    with beside.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    beside.replace(path)


def load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Load arrays of `save_arrays`."""
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def save_array(path: Path, array: NDArray[Any]) -> None:
    """Save one array, of which parts can be read without the rest."""
    beside = _beside(path)
    with beside.open("wb") as file:
        np.save(file, array)
    beside.replace(path)


def open_array(path: Path) -> Floats | Ints:
    """Open an array of `save_array`, read only where it is looked at."""
    opened: NDArray[Any] = np.load(path, mmap_mode="r")
    return opened


def save_object(path: Path, thing: object) -> None:
    """Save what only walkcover reads again, whole or not at all."""
    _write_whole(path, pickle.dumps(thing, protocol=5))


def load_object(path: Path) -> Any:
    """Load what `save_object` wrote; files of a run are as trustworthy as its plan."""
    return pickle.loads(path.read_bytes())


def _beside(path: Path) -> Path:
    """A name for a file that is not whole yet; another worker may write the same file."""
    return path.with_name(f"{path.name}.{os.getpid()}.part")


def _write_whole(path: Path, content: bytes) -> None:
    beside = _beside(path)
    beside.write_bytes(content)
    beside.replace(path)
