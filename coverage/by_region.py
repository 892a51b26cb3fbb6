"""A plan done region by region: what is heavy is computed for each region alone."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from walkcover._errors import PlanError
from walkcover.assessment import Assessment, judge, ready_streets
from walkcover.barriers import make_barriers
from walkcover.gaps import check_people
from walkcover.io.inputs import Inputs
from walkcover.io.region_files import SETTINGS, RegionFiles, load_joins, run_key
from walkcover.joins import Joins
from walkcover.network import Floats, Ints, Network
from walkcover.network_cut import fastest_m_per_s, take_costs, take_edges
from walkcover.plan import Plan
from walkcover.region_tasks import CANDIDATES, HOMES, JOINS, SITES, join_places
from walkcover.regions import Regions, part_regions
from walkcover.residences import is_compound
from walkcover.runners import OneByOne, Runner
from walkcover.search import SearchGraph
from walkcover.street_index import StreetIndex
from walkcover.timing import step

# Planar distances differ from geodesic ones by up to a few parts in a thousand.
PLANAR_SLACK = 1.01
# Degrees around a box, for rounding.
DEGREES_SLACK = 1e-6


@dataclass(frozen=True)
class Regional:
    """
    Who does the tasks of regions, and where.

    Parameters
    ----------
    runner
        Who does the tasks.
    work
        Folder for the files of all runs, on a disk that everybody who does tasks sees. A run goes
        on with what an interrupted one of the same plan, inputs and version left there.
    """

    runner: Runner
    work: Path


@contextmanager
def regional_way(plan: Plan, given: Regional | None) -> Iterator[Regional | None]:
    """
    Tell who does the tasks of a plan that is done by region, and where.

    Parameters
    ----------
    plan
        The plan.
    given
        What the caller wants; None for this process and a folder that goes with the block.

    Yields
    ------
    regional
        None where the plan is done in one piece.

    Raises
    ------
    PlanError
        If workers are given to a plan that is done in one piece.
    """
    if not plan.regions.residences:
        if given is not None:
            msg = (
                "the plan is done in one piece, which is no work for several: say how many "
                "residences a region holds, as [regions] residences = 20000"
            )
            raise PlanError(msg)
        yield None
    elif given is not None:
        yield given
    else:
        with tempfile.TemporaryDirectory(prefix="walkcover-") as work:
            yield Regional(OneByOne(), Path(work))


@dataclass(frozen=True)
class RegionWork:
    """
    The regions of a run, cut and ready for tasks.

    Parameters
    ----------
    folders
        Folder of each region.
    box
        West, south, east and north of what each region holds, margin included, in metres, shape
        (n, 4).
    tile
        The same of its own places, without margin.
    runner
        Who does the tasks.
    """

    folders: tuple[Path, ...]
    box: Floats
    tile: Floats
    runner: Runner

    def around(self, region: int) -> tuple[str, ...]:
        """Folders of the regions whose places lie in the box of a region."""
        own = self.box[region]
        meets = (self.tile[:, :2] <= own[2:]).all(axis=1) & (self.tile[:, 2:] >= own[:2]).all(
            axis=1
        )
        return tuple(str(self.folders[number]) for number in np.flatnonzero(meets))


def cut_regions(
    inputs: Inputs,
    index: StreetIndex,
    graph: SearchGraph,
    *,
    plan: Plan,
    regional: Regional,
) -> RegionWork:
    """
    Part the places of a plan, and write for each region what its tasks read.

    A region has the streets within its margin too: as far as anybody walks within the limit, and
    to the street. So what is computed for a region alone is what it would be in one piece.

    Parameters
    ----------
    inputs
        Checked inputs.
    index, graph
        The whole network.
    plan
        The plan; `[regions] residences` says how many residences a region holds.
    regional
        Who does the tasks, and where.

    Returns
    -------
    work
        Regions that are cut.
    """
    places = _places(inputs, index)
    home = places["kind"] == HOMES
    xy = places[["x", "y"]].to_numpy(np.float64)
    limit_s = max(plan.walk.limit_s, plan.counted_limit_s)
    # From a candidate, which may be the join of a residence in the region, as far as one walks, to
    # the join of another residence and to itself.
    reach_m = limit_s * fastest_m_per_s(graph.costs) + 2 * plan.walk.snap_limit_m
    reach_m *= PLANAR_SLACK
    regions = part_regions(xy[home], most=plan.regions.residences, margin_m=reach_m)
    region = regions.of(xy)
    tile = _tiles(regions, region, places)
    box = tile + np.array([-1.0, -1.0, 1.0, 1.0]) * reach_m
    key = run_key(plan.parameters(), inputs.sha256, version("walkcover"))
    folders = tuple(regional.work / key / f"region_{number:05d}" for number in range(regions.n))
    edges = _EdgeBoxes.of(inputs.network, index)
    settings = _settings(inputs, index, graph, plan)
    for number, folder in enumerate(folders):
        files = RegionFiles(folder)
        if files.has(SETTINGS):
            continue
        own = edges.within(box[number])
        files.write(
            network=take_edges(inputs.network, own, box=_degrees(box[number], index)),
            edges=own,
            costs=take_costs(graph.costs, own),
            places=places.loc[region == number, ["kind", "row", "from_inside", "geometry"]],
            barriers=_barriers(inputs.walking.barriers, _degrees(box[number], index)),
            settings={**settings, "tile": regions.box[number].tolist()},
        )
    return RegionWork(folders, box, tile, regional.runner)


def assess_regions(
    inputs: Inputs, *, plan: Plan, regional: Regional
) -> tuple[Assessment, RegionWork]:
    """
    Walk from every residence to its nearest open site, places joined region by region.

    Parameters
    ----------
    inputs
        Checked inputs.
    plan, regional
        As of `cut_regions`.

    Returns
    -------
    assessment
        Equal to that of `walkcover.assessment.assess_tables`.
    work
        The regions.
    """
    walking = inputs.walking
    index, graph = ready_streets(inputs.network, plan=plan, heights=walking.heights)
    with step("cutting regions"):
        regions = cut_regions(inputs, index, graph, plan=plan, regional=regional)
    joins = join_regions(regions, inputs)
    walls = None
    if walking.barriers is not None:
        walls = make_barriers(walking.barriers.to_numpy(), inputs.network, index.crs)
    assessment = judge(
        inputs.residences,
        inputs.sites,
        joins[HOMES],
        joins[SITES],
        index,
        graph,
        plan=plan,
        heights=walking.heights,
        barriers=walls,
    )
    return assessment, regions


def join_regions(work: RegionWork, inputs: Inputs) -> dict[str, Joins]:
    """
    Join all places to the network, region by region.

    Parameters
    ----------
    work
        The regions.
    inputs
        Checked inputs that they were cut from.

    Returns
    -------
    joins
        Joins on the whole network by kind of place, equal to those made in one piece.
    """
    with step("joining, by region"):
        work.runner.run(join_places, [(str(folder),) for folder in work.folders], "joining")
    joins = {}
    for kind, table in _tables(inputs).items():
        rows, found = load_joins([folder / JOINS[kind] for folder in work.folders])
        check_people(len(table), len(rows), step=f"joining {kind} by region")
        joins[kind] = found
    return joins


def _tables(inputs: Inputs) -> dict[str, gpd.GeoDataFrame]:
    given = inputs.candidates
    none = inputs.sites.iloc[:0]
    tables = {HOMES: inputs.residences, SITES: inputs.sites}
    return tables | {CANDIDATES: none if given is None else given}


def _places(inputs: Inputs, index: StreetIndex) -> gpd.GeoDataFrame:
    """All places: kind, row, from_inside, x and y, their bounds in metres, and geometry."""
    parts = []
    for kind, table in _tables(inputs).items():
        shapes = table.geometry.to_numpy()
        inside: Any = is_compound(table) if kind == HOMES else False
        points = index.to_metric(shapely.point_on_surface(shapes))
        bounds = shapely.bounds(index.to_metric(shapes))
        columns = {"kind": kind, "row": np.arange(len(table)), "from_inside": inside}
        columns |= {"x": shapely.get_x(points), "y": shapely.get_y(points)}
        columns |= dict(zip(("west", "south", "east", "north"), bounds.T, strict=True))
        parts.append(gpd.GeoDataFrame(columns, geometry=shapes, crs=4326))
    return gpd.GeoDataFrame(pd.concat([p for p in parts if len(p)], ignore_index=True), crs=4326)


def _tiles(regions: Regions, region: Ints, places: gpd.GeoDataFrame) -> Floats:
    """Rectangles of the regions, wide enough for all of each place."""
    bounds = places[["west", "south", "east", "north"]].groupby(region)
    low = bounds[["west", "south"]].min().reindex(range(regions.n))
    high = bounds[["east", "north"]].max().reindex(range(regions.n))
    return np.column_stack(
        [np.fmin(regions.box[:, :2], low), np.fmax(regions.box[:, 2:], high)]
    ).astype(np.float64)


@dataclass(frozen=True)
class _EdgeBoxes:
    """Bounds of all edges in metres, shape (m, 4)."""

    bounds: Floats

    @classmethod
    def of(cls, network: Network, index: StreetIndex) -> _EdgeBoxes:
        """Find the bounds of all edges."""
        transformer = Transformer.from_crs(4326, index.crs, always_xy=True)
        xy = np.column_stack(transformer.transform(network.lon, network.lat))
        first = network.indptr[:-1]
        low, high = np.minimum.reduceat(xy, first), np.maximum.reduceat(xy, first)
        return cls(np.column_stack([low, high]))

    def within(self, box: Floats) -> Ints:
        """Edges whose bounds meet a box."""
        meets = (self.bounds[:, :2] <= box[2:]).all(axis=1)
        found = np.flatnonzero(meets & (self.bounds[:, 2:] >= box[:2]).all(axis=1))
        # Where no street is near, one that is far changes nothing.
        return found if len(found) else np.array([0])


def _degrees(box: Floats, index: StreetIndex) -> Floats:
    transformer = Transformer.from_crs(index.crs, 4326, always_xy=True)
    west, south, east, north = transformer.transform_bounds(*box)
    return np.array([west, south, east, north]) + DEGREES_SLACK * np.array([-1, -1, 1, 1])


def _barriers(barriers: gpd.GeoSeries | None, box: Floats) -> gpd.GeoSeries | None:
    """Barriers that meet a box, whole."""
    if barriers is None:
        return None
    return barriers[barriers.intersects(shapely.box(*box))].reset_index(drop=True)


def _settings(
    inputs: Inputs, index: StreetIndex, graph: SearchGraph, plan: Plan
) -> Mapping[str, Any]:
    return {
        "crs": index.crs.to_wkt(),
        "flat": graph.costs.flat,
        "given_candidates": inputs.candidates is not None,
        "limit_s": plan.walk.limit_s,
        "counted_limit_s": plan.counted_limit_s,
        "min_component_m": plan.walk.min_component_m,
        "plazas": plan.walk.plazas,
        "snap_limit_m": plan.walk.snap_limit_m,
        "spacing_m": plan.candidates.spacing_m,
    }
