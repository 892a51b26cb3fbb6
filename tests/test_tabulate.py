"""Sums by zone against each zone looked at by itself."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from walkcover.tabulate import zone_table

INF = float("inf")
# A county of two towns, one of which has villages; a town by itself; nobody in the last.
PARENTS = {
    "county": None, "t1": "county", "t2": "county", "v1": "t2", "v2": "t2", "lone": None,
    "empty": "county",
}  # fmt: skip
INSIDE = {
    "county": {"t1", "v1", "v2"}, "t1": {"t1"}, "t2": {"v1", "v2"}, "v1": {"v1"}, "v2": {"v2"},
    "lone": {"lone"}, "empty": set(), "outside": {"outside"},
}  # fmt: skip
SPOTS = {"t1": 0, "v1": 1, "v2": 2, "lone": 3, "empty": 4}


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 7, 2_000_000]))
def test_each_zone_adds_up_those_in_it_and_below(seed, rows_at_once):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 60))
    zone = rng.choice(["t1", "v1", "v2", "lone", "outside"], n)
    homes = gpd.GeoDataFrame(
        {
            "zone_id": zone,
            "people": rng.uniform(0, 9, n).round(1) * (rng.random(n) < 0.8),
            "walk_s": np.where(rng.random(n) < 0.1, INF, rng.uniform(0, 1800, n)),
            "verdict": rng.choice(["covered", "too_far", "no_people"], n),
        },
        geometry=gpd.points_from_xy([SPOTS.get(one, 9) + 0.5 for one in zone], np.full(n, 0.5)),
        crs=4326,
    )
    homes["lon"], homes["lat"] = homes.geometry.x, homes.geometry.y
    zones = gpd.GeoDataFrame(
        {"zone_id": list(PARENTS), "name": list(PARENTS), "parent_id": list(PARENTS.values()),
         "stage": None},
        geometry=[shapely.box(SPOTS[z], 0, SPOTS[z] + 1, 1) if z in SPOTS else None
                  for z in PARENTS],
        crs=4326,
    )  # fmt: skip
    sites = gpd.GeoDataFrame(
        {"status": ["open", "closed", "open"]},
        geometry=gpd.points_from_xy([1.5, 1.5, 3.5], [0.5] * 3), crs=4326,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("walkcover.tabulate.ROWS_AT_ONCE", rows_at_once)
        table = zone_table(zones, homes, sites).set_index("zone_id")
    outside = ["outside"] if (zone == "outside").any() else []
    assert table.index.tolist() == [*PARENTS, *outside]
    for name, row in table.iterrows():
        part = homes[homes["zone_id"].isin(INSIDE[name])]
        walking = part[np.isfinite(part["walk_s"]) & (part["people"] > 0)]
        covered = part.loc[part["verdict"] == "covered", "people"].sum()
        person_s = (walking["people"] * walking["walk_s"]).sum()
        expected = {
            "residences": len(part),
            "people": part["people"].sum(),
            "covered_people": covered,
            "covered_share": covered / part["people"].sum() if part["people"].any() else np.nan,
            "gap_people": part.loc[part["verdict"] == "too_far", "people"].sum(),
            "unreached_people": part.loc[np.isinf(part["walk_s"]), "people"].sum(),
            "mean_walk_s": person_s / walking["people"].sum() if len(walking) else np.nan,
            "worst_walk_s": walking["walk_s"].max(),
            "sites": {"county": 1, "t2": 1, "v1": 1, "lone": 1}.get(name, 0),
        }
        for column, value in expected.items():
            assert row[column] == pytest.approx(value, rel=1e-12, nan_ok=True), (name, column)
        per_site = row["people"] / row["sites"] if row["sites"] else np.nan
        assert row["people_per_site"] == pytest.approx(per_site, nan_ok=True)
    assert table["sites"].dtype == np.int64


def test_sums_are_the_same_to_the_bit_however_many_rows_at_a_time():
    rng = np.random.default_rng(3)
    zone = rng.choice(["t1", "v1", "v2"], 500)
    homes = gpd.GeoDataFrame(
        {"zone_id": zone, "people": rng.uniform(0, 9, 500), "walk_s": rng.uniform(0, 1800, 500),
         "verdict": rng.choice(["covered", "too_far"], 500)},
        geometry=gpd.points_from_xy(np.full(500, 0.5), np.full(500, 0.5)), crs=4326,
    )  # fmt: skip
    homes["lon"], homes["lat"] = 0.5, 0.5
    zones = gpd.GeoDataFrame(
        {"zone_id": list(PARENTS), "name": "", "parent_id": list(PARENTS.values()), "stage": None},
        geometry=[None] * len(PARENTS), crs=4326,
    )  # fmt: skip
    sites = homes.iloc[:3][["lon", "lat", "geometry"]].assign(status="open")
    whole = zone_table(zones, homes, sites)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("walkcover.tabulate.ROWS_AT_ONCE", 50)
        pd.testing.assert_frame_equal(zone_table(zones, homes, sites), whole, check_exact=True)
