"""Reading extracts: tiny files written here, node by node."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from walkcover._errors import InputError
from walkcover.io.networks import read_network, save_network
from walkcover.io.osm import read_buildings, read_streets

# One unit of a drawing in degrees; about 100 m.
UNIT = 0.001


class Extract:
    """An OSM file in the making."""

    def __init__(self) -> None:
        self.nodes: dict[int, str] = {}
        self.ways: list[str] = []
        self.relations: list[str] = []

    def node(self, number, x, y, **tags):
        place = f'lon="{112 + x * UNIT:.7f}" lat="{37 + y * UNIT:.7f}"'
        self.nodes[number] = f'<node id="{number}" version="1" {place}>{_tags(tags)}</node>'

    def way(self, number, refs, **tags):
        inner = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        self.ways.append(f'<way id="{number}" version="1">{inner}{_tags(tags)}</way>')

    def square(self, number, x, y, size, **tags):
        """A closed way; its nodes are numbered after it."""
        refs = [10 * number + i for i in range(4)]
        corners = [(x, y), (x + size, y), (x + size, y + size), (x, y + size)]
        for ref, corner in zip(refs, corners, strict=True):
            self.node(ref, *corner)
        self.way(number, [*refs, refs[0]], **tags)

    def relation(self, number, members, **tags):
        inner = "".join(f'<member type="way" ref="{ref}" role="{role}"/>' for ref, role in members)
        tags = {"type": "multipolygon", **tags}
        self.relations.append(
            f'<relation id="{number}" version="1">{inner}{_tags(tags)}</relation>'
        )

    def write(self, path, *, ways_first=False):
        nodes = [self.nodes[number] for number in sorted(self.nodes)]
        parts = [*self.ways, *nodes] if ways_first else [*nodes, *self.ways]
        body = "\n".join([*parts, *self.relations])
        path.write_text(f'<osm version="0.6">\n{body}\n</osm>\n', encoding="utf-8")
        return path


def _tags(tags):
    return "".join(f'<tag k="{k.replace("__", ":")}" v="{v}"/>' for k, v in tags.items())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "town.osm"


def street(**nodes):
    """Five nodes in a row."""
    extract = Extract()
    for number in range(1, 6):
        extract.node(number, number, 0, **nodes.get(f"n{number}", {}))
    return extract


def test_ways_meet_where_they_share_a_node(path):
    extract = street()
    extract.node(6, 3, 1)
    extract.way(1, [1, 2, 3, 4, 5], highway="residential", name="府西街")
    extract.way(2, [3, 6], highway="footway")
    network = read_network(extract.write(path))
    assert (network.n_nodes, network.n_edges) == (4, 3)
    assert sorted(network.name) == ["", "府西街", "府西街"]


def test_only_walkable_ways_are_read(path):
    extract = street()
    extract.way(1, [1, 2], highway="residential")
    extract.way(2, [2, 3], highway="motorway")
    extract.way(3, [3, 4], railway="rail")
    extract.way(4, [4, 5], highway="cycleway")
    assert read_network(extract.write(path)).n_edges == 1


def test_a_missing_node_drops_its_segments_not_the_way(path):
    # 1–2 and 4–5 stay; node 7 is missing; the lone node 3 between two gaps is no line.
    extract = street()
    extract.way(1, [1, 2, 7, 3, 8, 4, 5], highway="residential")
    lines, _ = read_streets(extract.write(path))
    assert np.diff(lines.indptr).tolist() == [2, 2]
    assert lines.point.tolist() == [1, 2, 4, 5]
    assert len(lines.tags) == 2


def test_a_way_without_any_segment_is_left_out(path):
    extract = street()
    extract.way(1, [1, 2], highway="residential")
    extract.way(2, [3, 7], highway="footway")
    extract.way(3, [], highway="footway")
    lines, _ = read_streets(extract.write(path))
    assert len(lines.tags) == 1


def test_unsorted_files_are_refused(path):
    extract = street()
    extract.way(1, [1, 2, 3, 4, 5], highway="residential")
    with pytest.raises(InputError, match=r"5 of 5 street vertices have no.*osmium sort"):
        read_streets(extract.write(path, ways_first=True))


def test_extracts_without_streets_and_broken_ones_are_refused(path):
    extract = street()
    extract.way(1, [1, 2], highway="motorway")
    with pytest.raises(InputError, match="no way that people may walk"):
        read_streets(extract.write(path))
    path.write_text('<osm version="0.6"><node id="1" lon="112" la', encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read to its end"):
        read_streets(path)
    with pytest.raises(InputError, match="cannot be read to its end"):
        read_buildings(path)


def test_entrances_and_gates_are_read(path):
    extract = street(
        n1={"entrance": "yes"},
        n2={"entrance": "no"},
        n3={"barrier": "gate"},
        n4={"barrier": "bollard"},
        n5={"entrance": "main", "barrier": "gate"},
    )
    extract.way(1, [1, 2], highway="residential")
    network = read_network(extract.write(path))
    assert network.entrances[:, 0].tolist() == pytest.approx([112.001, 112.003, 112.005])


def test_residential_buildings_are_told_from_others(path):
    extract = Extract()
    extract.square(1, 0, 0, 1, building="apartments", shop="kiosk", building__levels="6")
    extract.square(2, 2, 0, 1, building="yes", name="5 号楼")
    extract.square(3, 4, 0, 1, building="yes", amenity="school")
    extract.square(4, 6, 0, 1, building="retail")
    extract.square(5, 8, 0, 1, building="no")
    extract.square(6, 10, 0, 1, building="house", building__levels="two")
    homes = read_buildings(extract.write(path))
    assert homes["residence_id"].tolist() == ["w1", "w2", "w6"]
    assert homes["building"].tolist() == ["apartments", "yes", "house"]
    assert homes["levels"].tolist() == pytest.approx([6.0, np.nan, np.nan], nan_ok=True)
    assert homes["name"].tolist()[1] == "5 号楼"
    assert homes.crs == 4326
    assert shapely.area(homes.geometry.to_numpy()).tolist() == pytest.approx([UNIT**2] * 3)


def test_plain_buildings_on_other_land_are_no_homes(path):
    extract = Extract()
    extract.square(1, 0, 0, 10, landuse="industrial")
    extract.square(2, 1, 1, 1, building="yes")
    extract.square(3, 3, 3, 1, building="apartments")
    extract.square(4, 20, 0, 10, landuse="grass")
    extract.square(5, 21, 1, 1, building="yes")
    homes = read_buildings(extract.write(path))
    assert homes["residence_id"].tolist() == ["w3", "w5"]


def test_residential_areas_stand_for_themselves_where_they_hold_no_home(path):
    extract = Extract()
    extract.square(1, 0, 0, 10, landuse="residential", name="晋阳苑", barrier="wall")
    extract.square(2, 20, 0, 10, landuse="residential")
    extract.square(3, 21, 1, 1, building="yes")
    extract.square(4, 40, 0, 10, landuse="residential", access="private")
    extract.square(5, 41, 1, 1, building="school")
    homes = read_buildings(extract.write(path)).set_index("residence_id")
    assert sorted(homes.index) == ["w1", "w3", "w4"]
    assert homes["building"].isna().tolist() == (homes.index != "w3").tolist()
    assert homes.loc["w1", ["name", "barrier"]].tolist() == ["晋阳苑", "wall"]
    assert homes.loc["w4", "access"] == "private"


def test_buildings_with_courts_are_read_with_their_hole(path):
    extract = Extract()
    extract.square(1, 0, 0, 10)
    extract.square(2, 4, 4, 2)
    extract.relation(7, [(1, "outer"), (2, "inner")], building="apartments")
    homes = read_buildings(extract.write(path))
    assert homes["residence_id"].tolist() == ["r7"]
    assert shapely.area(homes.geometry.to_numpy()).tolist() == pytest.approx([96 * UNIT**2])


def test_open_outlines_and_missing_corners_are_left_out(path):
    extract = Extract()
    extract.square(1, 0, 0, 1, building="house")
    extract.square(2, 2, 0, 1, building="house")
    del extract.nodes[21]
    for number, x in ((91, 5), (92, 6), (93, 7)):
        extract.node(number, x, 0)
    extract.way(3, [91, 92, 93], building="house")
    homes = read_buildings(extract.write(path))
    assert homes["residence_id"].tolist() == ["w1"]


def test_both_lists_are_options(path):
    extract = Extract()
    extract.square(1, 0, 0, 1, building="yurt")
    extract.square(2, 2, 0, 1, building="yes", shop="kiosk")
    extract.write(path)
    assert len(read_buildings(path)) == 0
    homes = read_buildings(path, residential=["yurt"], other_uses=["office"])
    assert homes["residence_id"].tolist() == ["w1", "w2"]


PLAZA = {"highway": "pedestrian", "name": "五一广场"}


def crossed(path) -> list[list[int]]:
    """Node ids of the lines that plazas add."""
    before, after = (read_streets(path, plazas=plazas)[0] for plazas in (False, True))
    n = len(before.point)
    assert after.point[:n].tolist() == before.point.tolist()
    return sorted(map(sorted, after.point[n:].reshape(-1, 2).tolist()))


def corner_ways(extract, *refs):
    """A way from each node to one of its own far away."""
    for ref in refs:
        extract.node(1000 + ref, ref, 50)
        extract.way(1000 + ref, [ref, 1000 + ref], highway="footway")


def test_closed_ways_that_are_areas_are_plazas(path):
    extract = Extract()
    extract.square(1, 0, 0, 1, area="yes", **PLAZA)
    extract.square(2, 3, 0, 1, **PLAZA)
    extract.square(3, 6, 0, 1, area="yes", foot="no", **PLAZA)
    extract.square(4, 9, 0, 1, area="yes", building="yes")
    corner_ways(extract, 10, 12, 20, 22, 30, 32, 40, 42)
    assert crossed(extract.write(path)) == [[10, 12]]
    network = read_network(path, plazas=True)
    assert (network.name == "五一广场").sum() == 3
    assert read_network(path).n_edges == network.n_edges - 1


def test_plazas_of_relations_keep_their_holes(path):
    # The outline comes in two ways, one of them against the other; the court is walked around.
    extract = Extract()
    for ref, x, y in ((1, 0, 0), (2, 9, 0), (3, 9, 9), (4, 0, 9)):
        extract.node(ref, x, y)
    extract.way(1, [1, 2, 3])
    extract.way(2, [1, 4, 3])
    extract.square(5, 3, 3, 3)
    extract.square(6, 20, 0, 2)
    extract.relation(7, [(1, "outer"), (5, "inner"), (2, "outer"), (6, "outer")], **PLAZA)
    corner_ways(extract, 1, 3, 60, 62)
    found = crossed(extract.write(path))
    assert [60, 62] in found
    assert found in ([[1, 51], [3, 51], [60, 62]], [[1, 53], [3, 53], [60, 62]])


def test_an_outline_that_is_an_area_itself_counts_once(path):
    extract = Extract()
    extract.square(1, 0, 0, 9, area="yes", **PLAZA)
    extract.square(5, 3, 3, 3)
    extract.relation(7, [(1, "outer"), (5, "inner")], **PLAZA)
    corner_ways(extract, 10, 12)
    assert [10, 12] not in crossed(extract.write(path))


@pytest.mark.parametrize("lost", ["node", "way", "end", "hole"])
def test_plazas_cut_by_the_extract_are_left_out(path, lost):
    extract = Extract()
    extract.square(1, 0, 0, 9)
    extract.square(5, 3, 3, 3)
    members = [(1, "outer"), (5, "inner")]
    if lost == "node":
        del extract.nodes[51]
    elif lost == "way":
        extract.ways.pop()
    elif lost == "end":
        extract.ways.pop()
        extract.way(5, [50, 51, 52])
    else:
        extract.square(6, 20, 0, 1)
        members.append((6, "inner"))
    extract.relation(7, members, **PLAZA)
    extract.square(8, 40, 0, 1, area="yes", **PLAZA)
    corner_ways(extract, 10, 12, 80, 82)
    assert crossed(extract.write(path)) == [[80, 82]]


def test_streets_on_another_layer_do_not_meet_a_plaza(path):
    extract = Extract()
    extract.square(1, 0, 0, 9, area="yes", layer="1", **PLAZA)
    extract.node(7, 4, 3)
    corner_ways(extract, 10, 7)
    assert crossed(extract.write(path)) == []


def test_only_extracts_hold_plazas_and_saved_networks_remember_them(path, tmp_path):
    extract = Extract()
    extract.square(1, 0, 0, 1, area="yes", **PLAZA)
    corner_ways(extract, 10, 12)
    network = read_network(extract.write(path), plazas=True)
    saved, lines = tmp_path / "network.parquet", tmp_path / "lines.geojson"
    save_network(network, saved, plazas=True)
    assert read_network(saved, plazas=True).n_edges == network.n_edges
    with pytest.raises(InputError, match=r"built with plazas = True, the plan says False"):
        read_network(saved)
    lines.write_text("{}")
    with pytest.raises(InputError, match=r"holds no pedestrian areas.*\.osm\.pbf"):
        read_network(lines, plazas=True)
