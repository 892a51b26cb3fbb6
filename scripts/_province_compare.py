"""Made streets beside real ones: the same figures of both, part by part."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from _province_lines import walkable_lines
from _province_measures import measure
from _province_places import CITY, COUNTY_TOWN, TOWN, VILLAGE
from _province_streets import Graph

from walkcover.io.networks import read_network
from walkcover.network import Network, build_network

OUTSIDE = "outside"
# Parts of a province, and the settlements they are made of.
PARTS = {"city": (CITY,), "county_town": (COUNTY_TOWN,), "countryside": (TOWN, VILLAGE, OUTSIDE)}
# Real streets that each part is held against: file and layer.
REAL = {
    "city": {
        "taiyuan_east": ("taiyuan_east/taiyuan_east.gpkg", "ways"),
        "las_palmas": ("las_palmas/las_palmas_20230221.osm.pbf", ""),
    },
    "county_town": {"guixi": ("guixi_county_town/jiangxi_guixi.osm.pbf", "")},
    "countryside": {"puyang": ("puyang_countryside/henan_puyang.osm.pbf", "")},
}

# Made figures lie between the least real one of their part divided by this, and the largest times
# it. Shares of junctions and detours are held closely; lengths in Guixi and Puyang less so, since
# their extracts lack lanes and footways that people there walk along.
BANDS = {
    "node_degree_1": 1.4, "node_degree_3": 1.25, "node_degree_4": 1.35, "dead_ends": 1.45,
    "crossings_of_four": 1.35, "edge_m_q10": 2.2, "edge_m_q25": 1.6, "edge_m_q50": 1.6,
    "edge_m_q75": 1.8, "edge_m_q90": 1.9, "bend_of_edge": 1.1, "street_km_per_km2": 1.25,
    "junctions_per_km2": 1.6, "detour_q50": 1.1, "detour_q90": 1.4,
}  # fmt: skip


def part_network(graph: Graph, settlements: pd.DataFrame, part: str, *, seed: int) -> Network:
    """
    Cut the streets of one part out of a province.

    Parameters
    ----------
    graph, settlements
        The province.
    part
        One of `PARTS`.
    seed
        As for the whole.

    Returns
    -------
    network
        Streets with both ends in the part.
    """
    kind = np.append(settlements["kind"].to_numpy(object), OUTSIDE)
    inside = np.isin(kind.astype(str), PARTS[part])[graph.place]
    links = inside[graph.u] & inside[graph.v]
    return build_network(walkable_lines(graph.take(links), settlements, seed=seed))


def compare(graph: Graph, settlements: pd.DataFrame, folder: Path, *, seed: int) -> pd.DataFrame:
    """
    Measure made and real streets.

    Parameters
    ----------
    graph, settlements
        The made province.
    folder
        Real data.
    seed
        Draws the pairs of the detours.

    Returns
    -------
    table
        A row per figure of `measure`, rounded; each part's real streets, then the made ones.
    """
    columns = {}
    for part, places in REAL.items():
        for name, (path, layer) in places.items():
            columns[name] = measure(read_network(folder / path, layer=layer), seed=seed)
        columns[f"made {part}"] = measure(part_network(graph, settlements, part, seed=seed))
    return pd.DataFrame(columns).round(3)


def outside_bands(table: pd.DataFrame) -> list[str]:
    """
    Name the made figures that lie outside `BANDS`.

    Parameters
    ----------
    table
        As `compare` gives it.

    Returns
    -------
    figures
        A text for each: part, figure, made value and the band.
    """
    found = []
    for part, places in REAL.items():
        real = table[list(places)]
        for figure, factor in BANDS.items():
            low = real.loc[figure].min() / factor
            high = real.loc[figure].max() * factor
            made = table.loc[figure, f"made {part}"]
            if not low <= made <= high:
                found.append(f"{part} {figure}: {made:g}, expected {low:.3g} to {high:.3g}")
    return found
