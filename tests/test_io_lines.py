"""Reading line layers: formats, coordinate systems, tags, and where lines meet."""

from __future__ import annotations

import geopandas as gpd
import networkx as nx
import osmnx
import pytest
import shapely
from oracle_cases import lonlat

from walkcover._errors import InputError
from walkcover.io.lines import read_graphml, read_lines
from walkcover.io.networks import read_network

# A T: the side street ends in the middle of the main one, where that has no vertex.
MAIN, SIDE = [(0, 0), (2000, 0)], [(800, 0), (800, 300)]


def streets(*rows, crs=4326) -> gpd.GeoDataFrame:
    """Rows of spots and tags as a layer."""
    shapes = [shapely.LineString([lonlat(spot) for spot in spots]) for spots, _ in rows]
    tags = [row for _, row in rows]
    columns = {name: [row.get(name) for row in tags] for row in tags for name in row}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4326).to_crs(crs)


def town(**side_tags) -> gpd.GeoDataFrame:
    return streets(
        (MAIN, {"highway": "residential", "name": "府西街"}),
        (SIDE, {"highway": "footway", **side_tags}),
    )


def lengths(path, **options) -> list[int]:
    return sorted(read_network(path, **options).length_m.round().astype(int).tolist())


@pytest.mark.parametrize("name", ["s.gpkg", "s.geojson", "s.shp"])
@pytest.mark.parametrize("crs", [4326, 32649, 4490])
def test_all_formats_and_systems_give_the_same_network(tmp_path, name, crs):
    if name.endswith("geojson") and crs != 4326:
        pytest.skip("GeoJSON is in WGS84")
    town().to_crs(crs).to_file(tmp_path / name)
    network = read_network(tmp_path / name)
    assert sorted(network.length_m.round().tolist()) == [300, 800, 1200]
    assert network.n_nodes == 4
    assert sorted(network.name) == ["", "府西街", "府西街"]


def test_lines_meet_at_a_common_vertex(tmp_path):
    cross = streets(
        ([(0, 0), (500, 0), (2000, 0)], {"highway": "residential"}),
        ([(500, -100), (500, 0), (500, 200)], {"highway": "path"}),
    )
    cross.to_file(tmp_path / "s.gpkg")
    assert lengths(tmp_path / "s.gpkg") == [100, 200, 500, 1500]


def test_lines_that_only_cross_do_not_meet(tmp_path):
    cross = streets(
        (MAIN, {"highway": "residential"}), ([(500, -100), (500, 200)], {"highway": "path"})
    )
    cross.to_file(tmp_path / "s.gpkg")
    assert lengths(tmp_path / "s.gpkg") == [300, 2000]


@pytest.mark.parametrize("tags", [{"bridge": "yes"}, {"tunnel": "yes"}])
def test_a_street_under_a_bridge_does_not_meet_it(tmp_path, tags):
    # The vertex of the side street lies below the middle of the bridge.
    layer = streets((MAIN, {"highway": "primary", **tags}), (SIDE, {"highway": "footway"}))
    layer.to_file(tmp_path / "s.gpkg")
    assert lengths(tmp_path / "s.gpkg") == [300, 2000]


def test_a_passage_through_a_building_meets_the_street(tmp_path):
    town(tunnel="building_passage").to_file(tmp_path / "s.gpkg")
    assert lengths(tmp_path / "s.gpkg") == [300, 800, 1200]


def test_several_streets_that_end_on_one_segment_cut_it_in_order(tmp_path):
    sides = [([(x, 0), (x, 90)], {"highway": "footway"}) for x in (1500, 200, 900)]
    streets((MAIN, {"highway": "residential"}), *sides).to_file(tmp_path / "s.gpkg")
    assert lengths(tmp_path / "s.gpkg") == [90, 90, 90, 200, 500, 600, 700]


def test_the_remaining_tags_are_read(tmp_path):
    other = '"access"=>"private","name"=>"a \\"b\\"","oneway:foot"=>"yes"'
    layer = streets((MAIN, {"highway": "residential"}), (SIDE, {"highway": "service"}))
    layer["other_tags"] = [None, other]
    layer.to_file(tmp_path / "s.gpkg")
    tags = read_lines(tmp_path / "s.gpkg").tags
    assert tags["private"].tolist() == [False, True]
    assert tags["backward"].tolist() == [True, False]
    assert tags["name"].tolist() == ["", 'a "b"']


def test_a_column_of_its_own_comes_before_the_remaining_tags(tmp_path):
    layer = town(foot="yes")
    layer["other_tags"] = [None, '"foot"=>"no"']
    layer.to_file(tmp_path / "s.gpkg")
    assert len(read_lines(tmp_path / "s.gpkg").tags) == 2


def test_lines_of_several_parts_and_other_shapes(tmp_path):
    layer = town()
    both = shapely.MultiLineString([layer.geometry[0], layer.geometry[1]])
    mixed = gpd.GeoDataFrame(
        {"highway": ["footway", "pedestrian"]},
        geometry=[both, shapely.Point(lonlat((0, 0))).buffer(0.001)],
        crs=4326,
    )
    mixed.to_file(tmp_path / "s.geojson")
    assert lengths(tmp_path / "s.geojson") == [300, 800, 1200]


def test_a_file_of_several_layers_needs_the_name_of_one(tmp_path):
    path = tmp_path / "s.gpkg"
    town().to_file(path, layer="ways")
    town().iloc[:1].to_file(path, layer="main")
    assert lengths(path, layer="ways") == [300, 800, 1200]
    assert lengths(path, layer="main") == [2000]
    with pytest.raises(InputError, match=r"holds 2 layers \(ways, main\)"):
        read_network(path)
    with pytest.raises(InputError, match="no layer 'rails'; it has ways, main"):
        read_network(path, layer="rails")


def test_layers_that_are_no_streets_are_refused(tmp_path):
    town().drop(columns="highway").to_file(tmp_path / "a.gpkg")
    with pytest.raises(InputError, match="no column 'highway' "):
        read_lines(tmp_path / "a.gpkg")
    streets((MAIN, {"highway": "motorway"})).to_file(tmp_path / "b.gpkg")
    with pytest.raises(InputError, match="none of its 1 shapes"):
        read_lines(tmp_path / "b.gpkg")
    (tmp_path / "c.gpkg").write_text("no map")
    with pytest.raises(InputError, match="cannot be read as a map layer"):
        read_lines(tmp_path / "c.gpkg")


def test_a_shapefile_without_its_coordinate_system_is_refused(tmp_path):
    town().to_file(tmp_path / "s.shp")
    (tmp_path / "s.prj").unlink()
    with pytest.raises(InputError, match=r"names no coordinate system.*\.prj"):
        read_lines(tmp_path / "s.shp")


def saved_graph(path):
    """A street 0–1–2 of 2,000 m with a bend, a private yard at 1, a motorway; as osmnx saves it."""
    graph = nx.MultiDiGraph(crs="EPSG:4326")
    spots = {10: (0, 0), 11: (800, 0), 12: (2000, 0), 13: (800, 300)}
    for node, spot in spots.items():
        x, y = lonlat(spot)
        graph.add_node(node, x=x, y=y, street_count=1)

    def add(a, b, middle=None, **tags):
        for one, two in ((a, b), (b, a)):
            bend = [lonlat(spots[one]), *([lonlat(middle)] if middle else []), lonlat(spots[two])]
            shape = {"geometry": shapely.LineString(bend)} if middle else {}
            graph.add_edge(one, two, osmid=1, length=1.0, oneway=False, reversed=one > two)
            graph.edges[one, two, 0].update({**shape, **tags})

    add(10, 11, middle=(400, 300), highway="residential", name="府西街")
    add(11, 12, highway=["residential", "footway"])
    add(11, 13, highway="service", access="private")
    add(12, 13, highway="motorway")
    osmnx.save_graphml(graph, path)


def test_graphs_of_osmnx_are_read(tmp_path):
    saved_graph(tmp_path / "g.graphml")
    network = read_network(tmp_path / "g.graphml")
    # 2 × 500 m around the bend, 1,200 m, and the yard; each street once, not once per direction.
    assert sorted(network.length_m.round().tolist()) == [300, 1000, 1200]
    assert network.n_nodes == 4
    assert network.forward.all()
    assert network.backward.all()
    assert network.length_m[network.private].round().tolist() == [300]
    assert "府西街" in network.name


def test_other_graphs_are_refused(tmp_path):
    path = tmp_path / "g.graphml"
    path.write_text("<graphml")
    with pytest.raises(InputError, match=r"g\.graphml"):
        read_graphml(path)
