"""What a van may use and how fast it is, against tags and drives worked by hand."""

from pathlib import Path

import numpy as np
import pytest
import shapely
from pyproj import Geod

from walkcover import InputError
from walkcover.driving import is_drivable, road_directions, road_kmh
from walkcover.io.roads import read_roads
from walkcover.roads import drive_matrix, ready_roads, road_joins

GEOD = Geod(ellps="WGS84")


@pytest.mark.parametrize(
    ("tags", "drivable"),
    [
        ({"highway": "residential"}, True),
        ({"highway": "footway"}, False),
        ({"highway": "pedestrian"}, False),
        ({"highway": "construction"}, False),
        ({"highway": "service", "access": "private"}, False),
        ({"highway": "service", "access": "no", "motor_vehicle": "yes"}, True),
        ({"highway": "track", "motor_vehicle": "agricultural"}, False),
        ({"highway": "service", "area": "yes"}, False),
        ({}, False),
    ],
)
def test_what_a_van_may_use(tags, drivable):
    assert is_drivable(tags) is drivable


@pytest.mark.parametrize(
    ("tags", "kmh"),
    [
        ({"highway": "secondary", "maxspeed": "60"}, 40.0),
        ({"highway": "secondary", "maxspeed": "30"}, 24.0),
        ({"highway": "secondary", "maxspeed": "20 mph"}, 0.8 * 20 * 1.609344),
        ({"highway": "secondary", "maxspeed": "CN:urban"}, 40.0),
        ({"highway": "primary_link"}, 37.5),
    ],
)
def test_speed_follows_kind_and_sign(tags, kmh):
    assert road_kmh(tags) == pytest.approx(kmh)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"highway": "primary"}, (True, True)),
        ({"highway": "primary", "oneway": "yes"}, (True, False)),
        ({"highway": "motorway"}, (True, False)),
        ({"highway": "motorway", "oneway": "no"}, (True, True)),
        ({"junction": "roundabout", "oneway": "-1"}, (False, True)),
    ],
)
def test_directions(tags, expected):
    assert road_directions(tags) == expected


ROADS = """<osm version="0.6">
{nodes}
<way id="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/>
  <tag k="highway" v="primary"/><tag k="name" v="人民路"/></way>
<way id="2"><nd ref="3"/><nd ref="4"/><nd ref="1"/>
  <tag k="highway" v="residential"/><tag k="oneway" v="yes"/></way>
<way id="3"><nd ref="2"/><nd ref="4"/><tag k="highway" v="footway"/></way>
<way id="4"><nd ref="1"/><nd ref="99"/><nd ref="4"/><tag k="highway" v="track"/></way>
</osm>"""
PLACES = {1: (112.0, 37.0), 2: (112.02, 37.0), 3: (112.04, 37.0), 4: (112.02, 37.02)}


@pytest.fixture
def extract(tmp_path: Path) -> Path:
    nodes = "\n".join(
        f'<node id="{one}" lon="{lon}" lat="{lat}"/>' for one, (lon, lat) in PLACES.items()
    )
    path = tmp_path / "roads.osm"
    path.write_text(ROADS.format(nodes=nodes), encoding="utf-8")
    return path


def drives(path, places, *, limit_m=1000.0):
    roads = ready_roads(read_roads(path), snap_limit_m=limit_m)
    joins = road_joins(shapely.points(np.array(places)), roads)
    return drive_matrix(joins, joins, roads)


def test_a_one_way_ring_by_hand(extract):
    drive_s = drives(extract, [PLACES[1], PLACES[3]])
    out_m = GEOD.inv(*PLACES[1], *PLACES[3])[2]
    home_m = GEOD.inv(*PLACES[3], *PLACES[4])[2] + GEOD.inv(*PLACES[4], *PLACES[1])[2]
    # 50 km/h out; back the same way, as the ring of residential streets is longer and slower.
    assert drive_s[0, 1] == drive_s[1, 0] == pytest.approx(out_m / 50 * 3.6)
    beyond = drives(extract, [PLACES[4], PLACES[3]])
    # The ring is one-way: from 4 to 3 over 1, and from 3 to 4 along it.
    along_m = [GEOD.inv(*PLACES[a], *PLACES[b])[2] for a, b in ((4, 1), (3, 4))]
    assert beyond[0, 1] == pytest.approx(along_m[0] / 25 * 3.6 + out_m / 50 * 3.6)
    assert beyond[1, 0] == pytest.approx(along_m[1] / 25 * 3.6)
    assert home_m == pytest.approx(sum(along_m))


def test_the_way_to_the_road_is_walked(extract):
    # 0.001 degrees of latitude north of the road, at 4 km/h, and as much back.
    off = (112.01, 37.001)
    leg_m = GEOD.inv(112.01, 37.0, 112.01, 37.001)[2]
    drive_s = drives(extract, [off, PLACES[3]])
    road_m = GEOD.inv(112.01, 37.0, *PLACES[3])[2]
    assert drive_s[0, 1] == pytest.approx(leg_m / 4 * 3.6 + road_m / 50 * 3.6, abs=0.1)
    assert drives(extract, [off, PLACES[3]], limit_m=50.0)[0].tolist() == [0.0, np.inf]


def test_no_road_is_an_error(tmp_path):
    path = tmp_path / "paths.osm"
    nodes = '<node id="1" lon="112" lat="37"/><node id="2" lon="112.1" lat="37"/>'
    way = '<way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="path"/></way>'
    path.write_text(f'<osm version="0.6">{nodes}{way}</osm>', encoding="utf-8")
    with pytest.raises(InputError, match="no road that a van may drive along"):
        read_roads(path)
