"""What is computed for a region alone; each task reads the files of the region and leaves one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np

from walkcover.barriers import make_barriers
from walkcover.candidates import make_candidates
from walkcover.io.region_files import (
    BARRIERS,
    PLACES,
    RegionFiles,
    load_arrays,
    load_joins,
    save_array,
    save_joins,
    save_object,
)
from walkcover.joins import Joins
from walkcover.network import Ints
from walkcover.network_cut import rows_of
from walkcover.pairs import CoverPairs
from walkcover.reach import walk_pairs
from walkcover.regional_siting import RegionCase
from walkcover.search import search_graph
from walkcover.snap import snap
from walkcover.street_index import StreetIndex

# Kinds of places, and the files of their joins.
HOMES, SITES, CANDIDATES = "homes", "sites", "candidates"
JOINS = {HOMES: "homes.npz", SITES: "sites.npz", CANDIDATES: "candidates.npz"}
# What a stage counts and builds: people, who is covered already, and codes of its candidates.
PEOPLE, COVERED, CODES = "people.npy", "covered.npy", "codes.npy"
# Stage and cost of each place of a region where one could build, and the number of the first.
BUILDS = "builds.npz"
# Where one could build, the pointers of its pairs, and the residences within reach.
PLACES_TO_BUILD, POINTERS, REACHED = "to_build.npz", "pointers.npy", "reached.npy"


def join_places(folder: str) -> None:
    """
    Join the places of a region to its streets.

    Parameters
    ----------
    folder
        Folder of the region. What was done before is not done again.
    """
    files = RegionFiles(Path(folder))
    if all(files.has(name) for name in JOINS.values()):
        return
    settings, network = files.settings, files.network()
    index = StreetIndex(network, files.crs())
    walls = None
    if files.has(BARRIERS):
        shapes = gpd.read_parquet(files.path(BARRIERS)).geometry.to_numpy()
        walls = make_barriers(shapes, network, index.crs)
    table, edges = gpd.read_parquet(files.path(PLACES)), files.edges()
    for kind, name in JOINS.items():
        places = table[table["kind"] == kind]
        joins = snap(
            places.geometry.to_numpy(),
            index,
            limit_m=settings["snap_limit_m"],
            from_inside=places["from_inside"].to_numpy(bool),
            barriers=walls,
        )
        save_joins(files.path(name), joins, rows=places["row"].to_numpy(np.int64), edges=edges)


def reach_residences(folder: str, around: tuple[str, ...]) -> None:
    """
    Find where one could build in a region, and who is within reach of these places.

    Parameters
    ----------
    folder
        Folder of the region. What was done before is not done again.
    around
        Folders of the regions with residences that may be within reach, this one among them.
    """
    files = RegionFiles(Path(folder))
    if files.has(PLACES_TO_BUILD):
        return
    settings, edges, network = files.settings, files.edges(), files.network()
    graph = search_graph(network, files.costs())
    rows, homes = _joins_on(edges, [RegionFiles(Path(one)).path(JOINS[HOMES]) for one in around])
    own, given = _joins_on(edges, [files.path(JOINS[CANDIDATES])])
    if settings["given_candidates"]:
        places = given
    else:
        places = make_candidates(
            _joins_on(edges, [files.path(JOINS[HOMES])])[1],
            StreetIndex(network, files.crs()),
            graph,
            limit_s=settings["limit_s"],
            spacing_m=settings["spacing_m"],
            box=np.array(settings["tile"]),
        )
        own = np.arange(places.n_places)
    pairs = walk_pairs(
        homes, places, graph, limit_s=settings["counted_limit_s"], with_walks=False, threads=1
    )
    save_array(files.path(POINTERS), pairs.indptr)
    save_array(files.path(REACHED), rows[pairs.residence].astype(np.int32))
    save_joins(files.path(PLACES_TO_BUILD), places, rows=own, edges=edges)


def site_region(folder: str, stage: str, ask: Callable[[RegionCase], object], name: str) -> None:
    """
    Ask a region something about a stage, and leave what it says as a pickle.

    Parameters
    ----------
    folder
        Folder of the region. What was asked before is not asked again.
    stage
        Folder of the stage.
    ask
        What to ask of the region.
    name
        Of the question.
    """
    files = RegionFiles(Path(folder))
    answer = answer_path(folder, stage, name)
    if not answer.is_file():
        save_object(answer, ask(_case(files, Path(stage))))


def answer_path(folder: str, stage: str, name: str) -> Path:
    """Where a region leaves what it says of a stage."""
    return Path(folder) / f"{Path(stage).name}_{name}.pickle"


def _case(files: RegionFiles, stage: Path) -> RegionCase:
    """What the region brings to a stage: the people who count, and where the stage builds."""
    people, is_covered = np.load(stage / PEOPLE), np.load(stage / COVERED)
    builds = load_arrays(files.path(BUILDS))
    codes = np.load(stage / CODES)
    candidate = np.flatnonzero(np.isin(builds["stage"], codes))
    indptr, entry = rows_of(np.load(files.path(POINTERS)), candidate)
    reached = np.load(files.path(REACHED))[entry].astype(np.int64)
    counts = people[reached] > 0
    indptr = np.concatenate([[0], np.cumsum(counts)])[indptr]
    reached = reached[counts]
    own = load_arrays(files.path(JOINS[HOMES]))["rows"]
    rows = np.union1d(own[people[own] > 0], reached)
    costs = builds["cost"][candidate] if "cost" in builds else None
    return RegionCase(
        row_ids=rows,
        people=people[rows],
        is_own=np.isin(rows, own),
        is_covered=is_covered[rows],
        pairs=CoverPairs.from_csr(indptr, np.searchsorted(rows, reached), n_residences=len(rows)),
        candidate_ids=builds["first"] + candidate,
        costs=costs,
    )


def _joins_on(edges: Ints, paths: Sequence[Path]) -> tuple[Ints, Joins]:
    """Rows of tables, and their joins on some edges of the whole network, which are ascending."""
    rows, whole = load_joins(paths)
    at = np.searchsorted(edges, whole.edge)
    on = edges[np.minimum(at, len(edges) - 1)] == whole.edge
    by_join = {
        name: getattr(whole, name)[on] for name in ("place", "offset_m", "leg_m", "lon", "lat")
    }
    return rows, dataclasses.replace(whole, edge=at[on], **by_join)
