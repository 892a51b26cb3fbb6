"""What two engines make of the same walks, as a table, a record and a sentence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from walkcover.network import Floats

# How far two engines may be apart: lengths from node to node, and walks of residences.
ALLOWED_M = 0.005
ALLOWED_S = 0.05
SHOWN = 5
_GAPS = ("median", "p99", "largest")


@dataclass(frozen=True)
class SecondOpinion:
    """
    What two other engines say.

    Parameters
    ----------
    nodes
        A row per pair of nodes: from_node, to_node, length_m (own search) and second_m (pandana).
    walks
        A row per residence of the sample: residence_id, walk_s (own search), second_s (networkx),
        within and second_within (whether the walk is within the limit).
    table
        A row per engine: compared, unit, allowed, pairs, unreached (by both), one_only (found by
        one engine only), median, p99 and largest of the differences, flips (verdicts that change).
    agrees
        Whether every difference is allowed, nothing is found by one engine only, and no verdict
        flips.
    text
        The same as a sentence.
    """

    nodes: pd.DataFrame
    walks: pd.DataFrame
    table: pd.DataFrame
    agrees: bool
    text: str


def compare(nodes: pd.DataFrame, walks: pd.DataFrame) -> SecondOpinion:
    """
    Sum up what two engines say.

    Parameters
    ----------
    nodes, walks
        As in `SecondOpinion`.

    Returns
    -------
    opinion
        With the table, the verdict and its sentence.

    Examples
    --------
    >>> nodes = pd.DataFrame({"from_node": [0], "to_node": [7], "length_m": [812.5],
    ...                       "second_m": [812.5]})
    >>> walks = pd.DataFrame({"residence_id": ["R1"], "walk_s": [900.0], "second_s": [900.001],
    ...                       "within": [True], "second_within": [False]})
    >>> opinion = compare(nodes, walks)
    >>> opinion.agrees, opinion.table["flips"].tolist()
    (False, [0, 1])
    >>> print(opinion.text)
    The engines do not agree (1 of 1 walks: R1): find out why before relying on verdicts.
    """
    flips = (walks["within"] != walks["second_within"]).to_numpy()
    own = [nodes["length_m"].to_numpy(np.float64), walks["walk_s"].to_numpy(np.float64)]
    second = [nodes["second_m"].to_numpy(np.float64), walks["second_s"].to_numpy(np.float64)]
    apart = [_apart(*pair) for pair in zip(own, second, strict=True)]
    wrong = [apart[0] > ALLOWED_M, (apart[1] > ALLOWED_S) | flips]
    labels = [
        ("node to node, pandana", "m", ALLOWED_M, 0),
        ("residence to site, networkx", "s", ALLOWED_S, int(flips.sum())),
    ]
    table = pd.DataFrame(
        [
            {
                "compared": name,
                "unit": unit,
                "allowed": allowed,
                "pairs": len(gap),
                "unreached": int((np.isinf(a) & np.isinf(b)).sum()),
                "one_only": int(np.isinf(gap).sum()),
                **_spread_of(gap[np.isfinite(a) & np.isfinite(b)]),
                "flips": n_flips,
            }
            for (name, unit, allowed, n_flips), a, b, gap in zip(
                labels, own, second, apart, strict=True
            )
        ]
    )
    names = [
        nodes["from_node"].astype(str) + "-" + nodes["to_node"].astype(str),
        walks["residence_id"].astype(str),
    ]
    agrees = not any(bad.any() for bad in wrong)
    return SecondOpinion(nodes, walks, table, agrees, _sentence(table, names, wrong))


def opinion_table(opinion: SecondOpinion) -> str:
    """
    Lay out the table of an opinion as text.

    Parameters
    ----------
    opinion
        What two other engines say.

    Returns
    -------
    text
        A line of headings and one per engine.
    """
    lines = [
        f"{'compared':<28}{'pairs':>7}{'no path':>9}{'one only':>10}{'median':>13}{'99 %':>13}"
        f"{'largest':>13}{'flips':>7}"
    ]
    for row in opinion.table.to_dict("records"):
        gaps = "".join(f"{_with_unit(row[k], row['unit']):>13}" for k in _GAPS)
        lines.append(
            f"{row['compared']:<28}{row['pairs']:>7,}{row['unreached']:>9,}{row['one_only']:>10,}"
            f"{gaps}{row['flips']:>7,}"
        )
    return "\n".join(lines)


def opinion_record(opinion: SecondOpinion) -> dict[str, object]:
    """
    Make plain values of an opinion, for JSON.

    Parameters
    ----------
    opinion
        What two other engines say.

    Returns
    -------
    record
        agrees, text, comparisons (the rows of the table, None where nothing was compared), and
        differing (the residences that differ, None where there is no path).
    """
    walks = opinion.walks
    wrong = (_apart(walks["walk_s"].to_numpy(), walks["second_s"].to_numpy()) > ALLOWED_S) | (
        walks["within"] != walks["second_within"]
    ).to_numpy()
    rows = opinion.table.to_dict("records")
    return {
        "agrees": opinion.agrees,
        "text": opinion.text,
        "comparisons": [{k: _plain(v) for k, v in row.items()} for row in rows],
        "differing": [
            {k: _plain(v) for k, v in row.items()} for row in walks[wrong].to_dict("records")
        ],
    }


def _apart(own: Floats, second: Floats) -> Floats:
    """Differences; inf where one engine finds a path and the other none, 0 where neither does."""
    both = np.isfinite(own) & np.isfinite(second)
    gap = np.where(np.isfinite(own) == np.isfinite(second), 0.0, np.inf)
    gap[both] = np.abs(own[both] - second[both])
    return gap


def _spread_of(gap: Floats) -> dict[str, float]:
    """Median, 99th percentile and largest of differences; NaN where there are none."""
    if not len(gap):
        return dict.fromkeys(_GAPS, float("nan"))
    median, p99 = np.percentile(gap, [50, 99])
    return {"median": float(median), "p99": float(p99), "largest": float(gap.max())}


def _with_unit(gap: float, unit: str) -> str:
    return "-" if np.isnan(gap) else f"{gap:.6f} {unit}"


def _plain(value: object) -> object:
    """A value as JSON knows it; it knows no NaN and no inf."""
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def _sentence(table: pd.DataFrame, names: list[pd.Series], wrong: list[np.ndarray]) -> str:
    if not any(bad.any() for bad in wrong):
        nodes, walks = table.to_dict("records")
        return (
            f"Both engines agree: {nodes['pairs']} lengths from node to node by pandana within "
            f"{ALLOWED_M * 1000:g} mm, {walks['pairs']} walks by networkx within {ALLOWED_S:g} s, "
            "and no verdict flips."
        )
    parts = []
    for noun, ids, bad in zip(("lengths between nodes", "walks"), names, wrong, strict=True):
        if bad.any():
            first = ", ".join(ids[bad].iloc[:SHOWN])
            more = ", …" if bad.sum() > SHOWN else ""
            parts.append(f"{bad.sum()} of {len(bad)} {noun}: {first}{more}")
    told = "; ".join(parts)
    return f"The engines do not agree ({told}): find out why before relying on verdicts."
