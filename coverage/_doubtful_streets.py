"""Doubtful streets: pieces, islands, and slopes that cannot be."""

from __future__ import annotations

import numpy as np
import pandas as pd

from walkcover.findings import DOUBTFUL, NOTE, Finding, find
from walkcover.network import Network

# Below this share of all street in one piece, something that joins the pieces may be missing.
MOST_STREET = 0.90


def piece_findings(network: Network, homes: pd.DataFrame, sites: pd.DataFrame) -> list[Finding]:
    """
    Say into how many pieces the street network falls.

    Parameters
    ----------
    network
        The walking network.
    homes, sites
        With people (residences) and snap_to.

    Returns
    -------
    findings
        One where there are several pieces.
    """
    figures = street_figures(network)
    if figures["pieces"] < 2:
        return []
    on_island = homes["snap_to"] == "island"
    return find(
        "pieces",
        NOTE if figures["largest_share"] >= MOST_STREET else DOUBTFUL,
        count=int(figures["pieces"]),
        people=float(homes["people"][on_island].sum()),
        largest=percent(figures["largest_share"]),
        street_km=f"{figures['street_km']:,.1f}",
        islands=f"{figures['islands']:,.0f}",
        island_km=f"{figures['island_km']:,.1f}",
        residences=percent(_share(on_island)),
        sites=percent(_share(sites["snap_to"] == "island")),
    )


def street_figures(network: Network) -> dict[str, float]:
    """
    Measure the street network and its pieces.

    Parameters
    ----------
    network
        The walking network.

    Returns
    -------
    figures
        nodes, edges, street_km, private_km, pieces, largest_share (of the street), islands,
        island_km.
    """
    length_km = network.length_m / 1000.0
    piece_of_edge = network.piece[network.u]
    piece_km = np.bincount(piece_of_edge, weights=length_km)
    total_km = float(length_km.sum())
    return {
        "nodes": network.n_nodes,
        "edges": network.n_edges,
        "street_km": total_km,
        "private_km": float(length_km[network.private].sum()),
        "pieces": len(np.unique(piece_of_edge)),
        "largest_share": float(piece_km.max()) / total_km if total_km else 1.0,
        "islands": len(np.unique(piece_of_edge[network.island])),
        "island_km": float(length_km[network.island].sum()),
    }


def steep_findings(steep: pd.DataFrame | None) -> list[Finding]:
    """
    Name edges steeper than streets are.

    Parameters
    ----------
    steep
        Columns edge, length_m and slope (rise over run), a row per edge; None where all is flat.

    Returns
    -------
    findings
        One, or none.

    Examples
    --------
    >>> steep = pd.DataFrame({"edge": [7], "length_m": [20.0], "slope": [0.7]})
    >>> steep_findings(steep)[0].what
    'edges steeper than a street can be (0.02 km, the steepest 70 %)'
    """
    if steep is None or steep.empty:
        return []
    return find(
        "steep_edges",
        DOUBTFUL,
        ids=steep["edge"],
        km=f"{steep['length_m'].sum() / 1000:,.2f}",
        steepest=f"{100 * steep['slope'].abs().max():.0f} %",
    )


def percent(share: float) -> str:
    """
    Write a share, never some as none or most as all.

    Examples
    --------
    >>> percent(0.1234), percent(0.0), percent(0.00001), percent(0.99999)
    ('12.3 %', '0 %', '<0.1 %', '>99.9 %')
    """
    if 0.0 < share < 0.0005:
        return "<0.1 %"
    if 0.9995 <= share < 1.0:
        return ">99.9 %"
    return f"{100 * share:.1f} %" if share not in (0.0, 1.0) else f"{100 * share:.0f} %"


def _share(chosen: pd.Series) -> float:
    return float(chosen.mean()) if len(chosen) else 0.0
