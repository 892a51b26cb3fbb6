"""A cut extract holds what touches its zone, and people there walk as they did before."""

import json
import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner

import walkcover
from walkcover._errors import InputError, MissingFileError, OutputExistsError
from walkcover.cli import main
from walkcover.crs import to_gcj02
from walkcover.io.cut import cut_extract, read_outlines
from walkcover.io.tables import read_table

TOWN = Path(__file__).parents[1] / "data" / "town"
STREETS = TOWN / "streets.osm.pbf"
LEVEL = 37.0
LEVEL_M = 111_320.0 * math.cos(math.radians(LEVEL))


def zones_of(**boxes):
    shapes = [None if box is None else shapely.box(*box) for box in boxes.values()]
    return gpd.GeoDataFrame({"zone_id": [*boxes]}, geometry=shapes, crs=4326)


def elements(path):
    """Ids by kind, the nodes of each way, and the ways of each relation."""
    found = {"n": {}, "w": {}, "r": {}}
    for thing in osmium.FileProcessor(str(path)):
        parts = ()
        if thing.is_way():
            parts = tuple(node.ref for node in thing.nodes)
        elif thing.is_relation():
            parts = tuple(member.ref for member in thing.members if member.type == "w")
        found[thing.type_str()][thing.id] = (parts, dict(thing.tags))
    return found


def write_extract(path, nodes, ways, relations=()):
    osm = osmium.osm.mutable
    with osmium.SimpleWriter(str(path)) as writer:
        for number, (lon, lat, *tags) in nodes.items():
            writer.add_node(osm.Node(id=number, location=(lon, lat), tags=dict(tags)))
        for number, (refs, *tags) in ways.items():
            writer.add_way(osm.Way(id=number, nodes=refs, tags=dict(tags)))
        for number, (members, *tags) in relations:
            members = [("w", ref, "outer") for ref in members]
            writer.add_relation(osm.Relation(id=number, members=members, tags=dict(tags)))
    return path


def lines_of(path):
    """Draw each way, by its id."""
    places = {}
    lines = {}
    for thing in osmium.FileProcessor(str(path)).with_locations():
        if thing.is_node():
            places[thing.id] = (thing.lon, thing.lat)
        elif thing.is_way():
            lines[thing.id] = shapely.LineString([places[node.ref] for node in thing.nodes])
    return lines


@pytest.mark.parametrize("margin_m", [0.0, 1500.0])
def test_each_zone_gets_the_ways_that_touch_it_with_all_their_nodes(tmp_path, margin_m):
    zones = read_outlines(TOWN / "zones.geojson", column="zone_id")
    zones = zones.iloc[::4]
    cuts = cut_extract(STREETS, zones, tmp_path, margin_m=margin_m)
    assert [one.zone_id for one in cuts] == zones.loc[zones.geometry.notna(), "zone_id"].tolist()
    whole = elements(STREETS)
    ids, shapes = (np.array([*some]) for some in zip(*lines_of(STREETS).items(), strict=True))
    flat = zones.to_crs(32649).set_index("zone_id").geometry
    doubtful = 0
    for one in cuts:
        held = elements(one.path)
        # UTM and the projection of the zone differ by less than a metre over the margin.
        most, least = (
            gpd.GeoSeries([flat[one.zone_id].buffer(margin_m + by)], crs=32649).to_crs(4326)[0]
            for by in (1, -1)
        )
        sure, perhaps = (set(ids[shapely.intersects(area, shapes)]) for area in (least, most))
        assert sure <= set(held["w"]) <= perhaps
        assert one.ways == len(held["w"])
        doubtful += len(perhaps - sure)
        for kind in "nwr":
            assert held[kind].items() <= whole[kind].items()
        assert {ref for refs, _ in held["w"].values() for ref in refs} <= set(held["n"])
    assert doubtful < 0.02 * len(whole["w"])


def test_people_of_a_zone_walk_as_with_the_whole_extract(tmp_path):
    zone = 149021100000
    zones = read_outlines(TOWN / "zones.geojson", column="zone_id", only=[str(zone)])
    (cut,) = cut_extract(STREETS, zones, tmp_path)
    assert cut.path.stat().st_size < 0.6 * STREETS.stat().st_size
    homes = read_table(TOWN / "residences.csv")
    homes[homes["区划码"].astype(str) == str(zone)].to_csv(tmp_path / "homes.csv", index=False)
    plan = walkcover.load_plan(TOWN / "plan.toml")
    here = {"residences.source": str(tmp_path / "homes.csv")}
    whole, part = (
        walkcover.assess(walkcover.with_values(plan, here | {"network.source": str(path)}))
        for path in (STREETS, cut.path)
    )
    names = ["residence_id", "verdict", "snap_m"]
    one, other = (some.residences[[*names, "walk_s"]] for some in (whole, part))
    pd.testing.assert_frame_equal(pd.DataFrame(one[names]), pd.DataFrame(other[names]))
    within = one["walk_s"] <= 60 * plan.walk.limit_min
    assert 0 < within.sum() < len(one)
    assert one.loc[within, "walk_s"].tolist() == other.loc[within, "walk_s"].tolist()


def test_a_multipolygon_comes_whole_and_other_relations_do_not(tmp_path):
    nodes = {number: (112.0 + 0.01 * number, LEVEL) for number in range(1, 10)}
    nodes[20] = (112.011, LEVEL, ("place", "village"))
    nodes[21] = (112.011, LEVEL)
    ways = {
        1: ([1, 2], ("highway", "path")),
        2: ([8, 9],),
        3: ([6, 7], ("highway", "path")),
    }
    relations = [
        (1, ([1, 2], ("type", "multipolygon"), ("building", "yes"))),
        (2, ([1, 3], ("type", "route"))),
        (3, ([3], ("type", "multipolygon"))),
    ]
    path = write_extract(tmp_path / "all.osm.pbf", nodes, ways, relations)
    (cut,) = cut_extract(
        path, zones_of(here=(112.0, 36.9, 112.015, 37.1)), tmp_path / "out", margin_m=0
    )
    held = elements(cut.path)
    assert set(held["r"]) == {1}
    assert set(held["w"]) == {1, 2}
    assert set(held["n"]) == {1, 2, 8, 9, 20}
    assert cut.ways == 1


def test_the_strip_is_as_wide_as_told(tmp_path):
    # Pairs of nodes north of each other, every 100 m to the east of the zone.
    east = [112.0 + 100 * number / LEVEL_M for number in range(1, 20)]
    nodes = {}
    for number, lon in enumerate(east, start=1):
        nodes |= {number: (lon, LEVEL), 100 + number: (lon, LEVEL + 0.0001)}
    nodes = dict(sorted(nodes.items()))
    ways = {number: ([number, 100 + number],) for number in range(1, 20)}
    path = write_extract(tmp_path / "all.osm.pbf", nodes, ways)
    zones = zones_of(here=(111.99, LEVEL - 0.01, 112.0, LEVEL + 0.01))
    (cut,) = cut_extract(path, zones, tmp_path / "out", margin_m=1050.0)
    assert set(elements(cut.path)["w"]) == set(range(1, 11))


def test_a_way_that_lacks_nodes_is_found_by_what_is_left_of_it(tmp_path):
    nodes = {1: (112.001, LEVEL), 2: (112.002, LEVEL), 5: (112.5, LEVEL), 6: (112.6, LEVEL)}
    ways = {1: ([1, 2, 3],), 2: ([3, 4],), 3: ([1, 4],), 4: ([5, 6],)}
    path = write_extract(tmp_path / "all.osm.pbf", nodes, ways)
    (cut,) = cut_extract(path, zones_of(here=(112.0, 36.9, 112.1, 37.1)), tmp_path / "out")
    assert set(elements(cut.path)["w"]) == {1}


def test_a_zone_without_ways_is_told_and_has_no_file(tmp_path, caplog):
    zones = zones_of(here=(111.9, 37.1, 112.2, 37.3), there=(10, 10, 11, 11), bare=None)
    cuts = cut_extract(STREETS, zones, tmp_path)
    assert [one.zone_id for one in cuts] == ["here"]
    assert [path.name for path in tmp_path.iterdir()] == ["here.osm.pbf"]
    assert "there: no way" in caplog.text


def test_what_cannot_be_meant_is_refused_before_anything_is_written(tmp_path):
    here = zones_of(here=(111.9, 37.1, 112.2, 37.3))
    cases = [
        (InputError, r"in any of the 1 zones.*--crs", STREETS, zones_of(a=(1, 1, 2, 2)), {}),
        (InputError, "no zone has a polygon", STREETS, zones_of(a=None), {}),
        (InputError, "margin_m = -1", STREETS, here, {"margin_m": -1}),
        (InputError, "margin_m = nan", STREETS, here, {"margin_m": math.nan}),
        (MissingFileError, "no such extract", tmp_path / "x.osm.pbf", here, {}),
    ]
    for error, told, path, zones, more in cases:
        with pytest.raises(error, match=told):
            cut_extract(path, zones, tmp_path / "out", **more)
    short = tmp_path / "short.osm.pbf"
    short.write_bytes(STREETS.read_bytes()[:100_000])
    with pytest.raises(InputError, match="cut it again"):
        cut_extract(short, here, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("way", "nodes"), [(-1, [1, 2]), (1, [1, -2])])
def test_drafts_of_an_editor_are_refused(tmp_path, way, nodes):
    places = "".join(
        f'<node id="{node}" lon="{112 + abs(node) / 1000}" lat="{LEVEL}"/>'
        for node in sorted(nodes)
    )
    refs = "".join(f'<nd ref="{node}"/>' for node in nodes)
    path = tmp_path / "draft.osm"
    path.write_text(f'<osm version="0.6">{places}<way id="{way}">{refs}</way></osm>')
    with pytest.raises(InputError, match=rf"way {way} is a draft.*renumber"):
        cut_extract(path, zones_of(here=(111.9, 36.9, 112.1, 37.1)), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_there_is_kept_unless_told_and_the_extract_always(tmp_path):
    here = zones_of(here=(111.9, 37.1, 112.2, 37.3))
    (cut,) = cut_extract(STREETS, here, tmp_path)
    content = cut.path.read_bytes()
    cut.path.write_bytes(b"mine")
    with pytest.raises(OutputExistsError, match="--overwrite"):
        cut_extract(STREETS, here, tmp_path)
    assert cut.path.read_bytes() == b"mine"
    cut_extract(STREETS, here, tmp_path, overwrite=True)
    assert cut.path.read_bytes() == content
    with pytest.raises(InputError, match="the extract itself"):
        cut_extract(cut.path, here, tmp_path, overwrite=True)
    assert cut.path.read_bytes() == content


def test_the_command_takes_zones_in_gcj02_by_any_column(tmp_path):
    zones = gpd.read_file(TOWN / "zones.geojson").dropna(subset="geometry")
    moved = shapely.transform(
        zones.geometry.to_numpy(), lambda xy: np.column_stack(to_gcj02(*xy.T))
    )
    named = gpd.GeoDataFrame({"adcode": zones["zone_id"]}, geometry=moved, crs=4326)
    named.to_file(tmp_path / "zones.shp", encoding="gb18030")
    (tmp_path / "zones.prj").unlink()
    some = ["149021100000", "149002001000"]
    outs = []
    for name, file, how in [
        ("plain", TOWN / "zones.geojson", []),
        ("moved", tmp_path / "zones.shp", ["--id", "adcode", "--crs", "gcj02"]),
    ]:
        only = [word for zone in some for word in ("--only", zone)]
        out = tmp_path / name
        words = ["cut", STREETS, "--zones", file, "--out", out, "--json", *how, *only]
        done = CliRunner().invoke(main, [str(word) for word in words])
        assert done.exit_code == 0, done.output
        found = json.loads(done.stdout)["extracts"]
        assert {one["zone_id"] for one in found} == set(some)
        outs.append({one["zone_id"]: elements(one["file"])["w"].keys() for one in found})
    assert outs[0] == outs[1]


@pytest.mark.parametrize(
    ("only", "told"), [("nowhere", "expected ids as 'a', 'county'"), ("county", "outline")]
)
def test_a_zone_that_is_not_there_or_not_drawn_is_told(tmp_path, only, told):
    zones_of(a=(111.9, 37.1, 112.2, 37.3)).assign(parent_id="county").to_file(
        tmp_path / "zones.geojson"
    )
    words = ["cut", STREETS, "--zones", tmp_path / "zones.geojson", "--only", only, "--out", "out"]
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exit_code == 2
    assert told in done.output
    assert not Path("out").exists()


def test_the_command_says_what_to_write_in_the_plan(tmp_path):
    zones = TOWN / "zones.geojson"
    words = ["cut", STREETS, "--zones", zones, "--only", "149021100000", "--out", tmp_path]
    done = CliRunner().invoke(main, [str(word) for word in words])
    file, plan = done.stdout.splitlines()
    assert file == f"{tmp_path / '149021100000.osm.pbf'}: 910 ways"
    assert 'source = "149021100000.osm.pbf"' in plan
