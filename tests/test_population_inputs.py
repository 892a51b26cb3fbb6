"""People of a plan: cells, rasters and zones read, checked and settled in the residences."""

import hashlib
import shutil
import tomllib
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
import town
from pyproj import Geod, Transformer

from walkcover import InputError, MissingFileError
from walkcover.io.inputs import read_inputs
from walkcover.io.plan_file import load_plan
from walkcover.plan_mapping import plan_from_mapping

EXAMPLE = Path(__file__).parents[1] / "data" / "town"


def settled(folder, population, **sections):
    town.change_plan(folder / "plan.toml", population=population, **sections)
    return read_inputs(load_plan(folder / "plan.toml"))


def refused_plan(folder, population, **sections):
    with pytest.raises(InputError) as caught:
        settled(folder, population, **sections)
    return str(caught.value)


def write_cells(path, people, *, south=-250, columns=None):
    """Cells of 500 m on both sides of the street, from the south to the north."""
    edges = [south + 500 * i for i in range(len(people) + 1)]
    corners = [
        [town.place(*xy) for xy in ((-250, low), (250, low), (250, high), (-250, high))]
        for low, high in pairwise(edges)
    ]
    table = {"cell": [f"g{i}" for i in range(len(people))], "inhabitants": people}
    shapes = [shapely.Polygon(ring) for ring in corners]
    gpd.GeoDataFrame(table | (columns or {}), geometry=shapes, crs=4326).to_file(path)


CELLS = {"source": "cells.gpkg", "kind": "cells", "id": "cell", "people": "inhabitants"}


def test_cells_of_a_plan_settle_and_stand_ins_find_zone_and_stage(tmp_path):
    town.make_town(tmp_path)
    # Homes stand at 250, 500, 750, 1250, ... m: on borders of cells but for the one at 500 m.
    write_cells(tmp_path / "cells.gpkg", [1.0, 20.0, 300.0, 4000.0], south=300)
    inputs = settled(tmp_path, {**CELLS, "spread": "even"})
    got = inputs.residences.set_index("residence_id")
    people = got["people"]
    # R13 at 500 m and R02 at 750 m share the first, R03 lies in the second, R04 in the third.
    assert people[people > 0].to_dict() == {
        "R02": 0.5, "R13": 0.5, "R03": 20.0, "R04": 300.0, "R05": 4000.0
    }  # fmt: skip
    assert got["stand_in"].sum() == 0
    assert inputs.settlement.left_out == 0

    rows = [row | {"stage": "countryside"} for row in town.residence_rows()[:-5]]
    town.write_rows(tmp_path / "residences.csv", rows)
    write_cells(tmp_path / "cells.gpkg", [8.0] * 3, south=5800)
    inputs = settled(tmp_path, {**CELLS, "spread": "even"}, zones={"source": ""})
    got = inputs.residences.set_index("residence_id")
    # Without zones the box of the streets counts: up to 6,000 m and the 250 m that one walks.
    assert inputs.settlement.people == 8.0
    assert inputs.settlement.left_out_people == 16.0
    assert got.loc["cell/g0", ["people", "stage", "zone_id"]].tolist() == [
        8.0,
        "countryside",
        "all",
    ]


def test_stand_ins_take_the_stage_of_their_zone_before_that_of_their_neighbour(tmp_path):
    town.make_town(tmp_path)
    # The middle of the first cell lies 10 m within zone 02, its nearest home in zone 01.
    write_cells(tmp_path / "cells.gpkg", [3.0, 4.0, 5.0], south=1760)
    rows = [
        r | {"stage": "countryside"} for r in town.residence_rows() if r["residence_id"] < "R05"
    ]
    town.write_rows(tmp_path / "residences.csv", rows)
    got = settled(tmp_path, {**CELLS, "spread": "even"}).residences.set_index("residence_id")
    assert got.loc["cell/g0", ["zone_id", "stage", "people"]].tolist() == ["02", "county_town", 3.0]
    # Where zones are not drawn, or say no stage, the neighbour is all there is.
    own = [r | {"zone_id": "01"} for r in rows]
    town.write_rows(tmp_path / "residences.csv", own)
    got = settled(tmp_path, {**CELLS, "spread": "even"}, zones={"source": ""}).residences
    got = got.set_index("residence_id")
    assert got.loc["cell/g0", ["zone_id", "stage", "people"]].tolist() == ["01", "countryside", 3.0]


def test_cells_as_points_with_density_or_elderly(tmp_path):
    town.make_town(tmp_path)
    homes = town.residence_rows()[:4]
    town.write_rows(tmp_path / "residences.csv", homes)
    # Cells of 500 m around every home, a third column of elderly.
    rows = [
        {"x": h["lon"], "y": h["lat"], "n": f"{10 * i},000人", "old": 4000 * i}
        for i, h in enumerate(homes, start=1)
    ]
    town.write_rows(tmp_path / "cells.csv", rows)
    section = {
        "source": "cells.csv", "kind": "cells", "crs": "wgs84", "lon": "x", "lat": "y",
        "people": "n", "elderly": "old", "spread": "even", "cell_m": 500,
    }  # fmt: skip
    got = settled(tmp_path, section).residences
    assert got["people"].tolist() == [10_000.0, 20_000.0, 30_000.0, 40_000.0]
    assert got["elderly_people"].tolist() == [4_000.0, 8_000.0, 12_000.0, 16_000.0]
    message = refused_plan(tmp_path, section | {"unit": "people_per_km2"})
    assert "4 cells are points and have no area" in message
    message = refused_plan(tmp_path, section | {"elderly": "n", "people": "old"})
    assert "cells.csv: more elderly than people in 4 rows, first 2 (10000 of 4000)" in message
    assert "column 'people' is missing" in refused_plan(tmp_path, section | {"people": "people"})
    assert "crs is missing" in refused_plan(tmp_path, section | {"crs": ""})


def test_density_of_cells_counts_by_their_area(tmp_path):
    town.make_town(tmp_path)
    write_cells(tmp_path / "cells.gpkg", [1000.0] * 3, columns={"old": [100.0] * 3})
    section = {**CELLS, "unit": "people_per_km2", "spread": "even", "elderly": "old"}
    got = settled(tmp_path, section).residences
    # Three quarters of a square kilometre, but for the bend of the parallels.
    assert got["people"].sum() == pytest.approx(750.0, rel=1e-6)
    assert got["elderly_people"].sum() == pytest.approx(75.0, rel=1e-6)


def test_cells_elsewhere_and_buildings_without_area_are_refused(tmp_path):
    town.make_town(tmp_path)
    write_cells(tmp_path / "cells.gpkg", [5.0], south=90_000)
    assert "cells.gpkg: 5 people in 1 cells, nobody in the study area" in refused_plan(
        tmp_path, CELLS
    )
    write_cells(tmp_path / "cells.gpkg", [5.0])
    assert 'spread = "even"' in refused_plan(tmp_path, CELLS)


def test_elderly_of_zones_are_spread_as_all_people_are(tmp_path):
    town.make_town(tmp_path)
    rows = [
        {"zone_id": zone, "people": people, "old": old}
        for zone, people, old in [("01", 600, 60), ("02", 400, 100), ("03", 40, 4), ("04", 0, 0)]
    ]
    town.write_rows(tmp_path / "zones.csv", rows)
    section = {"source": "zones.csv", "elderly": "old", "spread": "even"}
    inputs = settled(tmp_path, section)
    got = inputs.residences.groupby("zone_id")[["people", "elderly_people"]].sum()
    assert np.allclose(got.loc[["01", "02", "03"]], [[600, 60], [400, 100], [40, 4]], rtol=1e-12)
    assert "stand_in" not in inputs.residences
    assert inputs.settlement is None
    town.write_rows(tmp_path / "zones.csv", [r | {"old": 1000} for r in rows])
    message = refused_plan(tmp_path, section)
    assert "more elderly than people in 4 rows, first 01 (1000 of 600)" in message


def test_files_of_the_population_are_checked_in(tmp_path):
    town.make_town(tmp_path)
    west, north = town.place(-400, 6000)
    with rasterio.open(
        tmp_path / "people.tif", "w", driver="GTiff", width=1, height=1, count=1, dtype="uint16",
        crs="EPSG:4326", transform=rasterio.Affine(0.02, 0, west, 0, -0.055, north),
    ) as raster:  # fmt: skip
        raster.write(np.array([[500]], dtype="uint16"), 1)
    section = {"source": "people.tif", "elderly": "old.tif", "spread": "even"}
    town.change_plan(tmp_path / "plan.toml", population=section)
    with pytest.raises(MissingFileError, match=r"\[population\] elderly = 'old.tif'"):
        read_inputs(load_plan(tmp_path / "plan.toml"))
    shutil.copy(tmp_path / "people.tif", tmp_path / "old.tif")
    inputs = settled(tmp_path, section)
    digest = hashlib.sha256((tmp_path / "old.tif").read_bytes()).hexdigest()
    assert inputs.sha256["people.tif"] == inputs.sha256["old.tif"] == digest
    assert inputs.residences["people"].sum() == pytest.approx(500.0, abs=1e-9)
    assert inputs.residences["elderly_people"].tolist() == inputs.residences["people"].tolist()


def test_raster_of_the_example_town(tmp_path):
    for path in EXAMPLE.iterdir():
        shutil.copy(path, tmp_path / path.name)
    sections = tomllib.loads((EXAMPLE / "plan.toml").read_text(encoding="utf-8"))
    given = read_inputs(load_plan(tmp_path / "plan.toml")).residences
    population = {"source": "population.tif", "spread": "even"}
    town.write_plan(tmp_path / "plan.toml", sections | {"population": population})
    inputs = read_inputs(load_plan(tmp_path / "plan.toml"))
    got = inputs.residences
    with rasterio.open(EXAMPLE / "population.tif") as raster:
        people, place = raster.read(1), raster.transform
    column = ((got.geometry.x - place.c) / place.a).astype(int)
    row = ((got.geometry.y - place.f) / place.e).astype(int)
    by_cell = np.zeros(people.shape)
    np.add.at(by_cell, (row.to_numpy(), column.to_numpy()), got["people"].to_numpy())
    # What is not settled are cells whose middle lies beyond the zones, though a home is not.
    assert ((np.abs(by_cell - people) < 1e-6) | (by_cell == 0)).all()
    left = people[by_cell == 0].sum()
    assert left == inputs.settlement.left_out_people
    assert got["people"].sum() == pytest.approx(given["people"].sum() - left, abs=1e-6)
    assert left < 0.01 * people.sum()
    assert inputs.settlement.stand_ins == 0
    assert got["residence_id"].tolist() == given["residence_id"].tolist()


# Real populations


def plan_of(folder, tmp_path, population, **sections):
    plan = {
        "network": {"source": str(folder)},
        "residences": {"source": "osm"},
        "population": population,
    }
    return plan_from_mapping(plan | sections, folder=tmp_path)


def test_porto_alegre_settles_in_buildings_and_stand_ins(real_data, tmp_path):
    source = real_data / "porto_alegre" / "poa_hexgrid.csv"
    population = {
        "source": str(source), "kind": "cells", "crs": "wgs84", "id": "id", "people": "population",
    }  # fmt: skip
    inputs = read_inputs(plan_of(real_data / "porto_alegre" / "poa_osm.pbf", tmp_path, population))
    got = inputs.residences
    table = pd.read_csv(source)
    assert got["people"].sum() == pytest.approx(812_935.0, abs=1e-6)
    assert inputs.settlement.left_out == 0
    buildings, stand_ins = got[~got["stand_in"]], got[got["stand_in"]]
    assert len(buildings) == 14
    # Every hexagon went, whole, either to a stand-in at its centre or to buildings near it.
    table = table.set_index("cell/" + table["id"])
    own = table.loc[stand_ins["residence_id"]]
    assert stand_ins["people"].tolist() == own["population"].tolist()
    assert np.allclose(stand_ins.geometry.x, own["lon"], atol=1e-12)
    for home in buildings.geometry.representative_point():
        away_m = [
            Geod(ellps="WGS84").inv(home.x, home.y, *xy)[2]
            for xy in table[["lon", "lat"]].to_numpy()
        ]
        assert table.index[int(np.argmin(away_m))] not in set(stand_ins["residence_id"])


def test_helsinki_settles_whole_with_zones_and_in_part_without(real_data, tmp_path):
    folder = real_data / "helsinki"
    grid = gpd.read_file(folder / "helsinki_population_grid_2020.gpkg")
    population = {
        "source": str(folder / "helsinki_population_grid_2020.gpkg"), "kind": "cells",
        "people": "population",
    }  # fmt: skip
    west, south, east, north = grid.total_bounds
    area = gpd.GeoDataFrame(
        {"zone_id": ["all"]}, geometry=[shapely.box(west, south, east, north)], crs=4326
    )
    area.to_file(tmp_path / "zone.gpkg")
    whole = read_inputs(
        plan_of(folder / "helsinki.osm.pbf", tmp_path, population, zones={"source": "zone.gpkg"})
    )
    assert whole.residences["people"].sum() == pytest.approx(71_724.0, abs=1e-6)
    assert whole.settlement.left_out_people == 0
    homes = whole.residences[~whole.residences["stand_in"]]
    assert homes["people"].sum() == pytest.approx(
        71_724.0 - whole.settlement.stand_in_people, abs=1e-6
    )
    # Cell by cell against a loop.
    points = homes.geometry.representative_point()
    for number, (people, cell) in enumerate(
        zip(grid["population"], grid.geometry, strict=True), start=1
    ):
        inside = homes["people"].to_numpy()[cell.contains(points)].sum()
        is_empty = f"cell/{number}" in set(whole.residences["residence_id"])
        assert inside == pytest.approx(0.0 if is_empty else people, abs=1e-6)
    part = read_inputs(plan_of(folder / "helsinki.osm.pbf", tmp_path, population))
    left = part.settlement.left_out_people
    assert left > 0
    assert part.residences["people"].sum() + left == pytest.approx(71_724.0, abs=1e-6)


@pytest.mark.parametrize(
    ("crs", "unit"), [("EPSG:4326", "people"), ("EPSG:4547", "people_per_km2")]
)
def test_raster_over_taiyuan_east(real_data, tmp_path, crs, unit):
    source = real_data / "taiyuan_east" / "taiyuan_east.gpkg"
    buildings = gpd.read_file(source, layer="buildings")[["building", "geometry"]]
    buildings["residence_id"] = [f"T{row}" for row in range(len(buildings))]
    buildings.to_file(tmp_path / "homes.gpkg")
    streets = gpd.read_file(source, layer="ways").to_crs(crs).total_bounds
    step = 1 / 1200 if crs == "EPSG:4326" else 100.0
    # The raster reaches 20 cells beyond the streets on every side.
    west, north = streets[0] - 20 * step, streets[3] + 20 * step
    width, height = (np.ceil((streets[[2, 3]] - streets[[0, 1]]) / step) + 40).astype(int)
    random = np.random.default_rng(14)
    people = random.gamma(1.0, 90.0, (height, width)).astype("float32")
    people[random.random(people.shape) < 0.3] = -99999.0
    people[:5, :5] = np.nan
    place = rasterio.Affine(step, 0, west, 0, -step, north)
    with rasterio.open(
        tmp_path / "people.tif", "w", driver="GTiff", width=width, height=height, count=1,
        dtype="float32", crs=crs, transform=place, nodata=-99999.0,
    ) as raster:  # fmt: skip
        raster.write(people, 1)
    plan = plan_from_mapping(
        {
            "network": {"source": str(source), "layer": "ways"},
            "residences": {"source": "homes.gpkg"},
            "population": {"source": "people.tif", "unit": unit},
        },
        folder=tmp_path,
    )
    inputs = read_inputs(plan)
    got, done = inputs.residences, inputs.settlement
    # The cells by hand: centres within 250 m of the box of the streets.
    rows, columns = np.nonzero(people > 0)
    x, y = west + (columns + 0.5) * step, north - (rows + 0.5) * step
    to_degrees = Transformer.from_crs(crs, 4326, always_xy=True).transform
    lon, lat = to_degrees(x, y)
    box_west, box_south, box_east, box_north = inputs.network.bounds
    margin = 250 / 111_320
    aside = margin / np.cos(np.radians(box_north))
    inside = (lon >= box_west - aside) & (lon <= box_east + aside)
    inside &= (lat >= box_south - margin) & (lat <= box_north + margin)
    amount = people[rows, columns].astype("float64")
    if unit == "people_per_km2":
        corner_x = place.c + step * (columns[:, None] + np.array([0, 1, 1, 0]))
        corner_y = place.f - step * (rows[:, None] + np.array([1, 1, 0, 0]))
        corners = to_degrees(corner_x.ravel(), corner_y.ravel())
        rings = np.column_stack(corners).reshape(-1, 4, 2)
        geod = Geod(ellps="WGS84")
        amount *= [geod.polygon_area_perimeter(*ring.T)[0] / 1e6 for ring in rings]
    total = amount[inside].sum()
    assert got["people"].sum() == pytest.approx(total, rel=1e-7 if unit != "people" else 1e-12)
    assert got["people"].sum() == pytest.approx(done.people, abs=1e-6)
    assert done.cells == inside.sum()
    assert len(got) == 638 + done.stand_ins
    filled = done.cells - done.stand_ins
    assert 100 < filled < 638
    assert done.left_out > 0
