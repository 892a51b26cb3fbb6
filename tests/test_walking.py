"""Plans with profiles, waits, factors and elevation, on small towns worked by hand."""

import numpy as np
import pytest
import rasterio
from oracle_cases import Home, Town, Way, lonlat, write_town

import walkcover
from walkcover._errors import InputError, PlanError
from walkcover.network import build_network
from walkcover.reach import nearest_sites
from walkcover.restrict import restrict
from walkcover.search import search_graph
from walkcover.speed import flat_costs

NOWHERE = np.empty((0, 2))
FOOT = {"highway": "footway"}
LOOP = [
    Way([(0, 0), (500, 0)]),
    Way([(500, 0), (500, 100)], {"highway": "steps"}),
    Way([(500, 100), (900, 100)], FOOT),
    Way([(500, 0), (900, 0), (900, 100)]),
]


def run(town: Town, folder, more: str):
    write_town(town, folder, "osm")
    path = folder / "plan.toml"
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    return walkcover.assess(walkcover.load_plan(path))


def walk(town: Town, folder, more: str = "") -> float:
    """Seconds of the only residence."""
    return float(run(town, folder, more).residences["walk_s"].iloc[0])


def town(ways=LOOP, home=(0.0, 0.0), site=(500.0, 100.0), doors=None) -> Town:
    return Town(ways, {"H": Home([home])}, {"S": site}, doors=doors or {})


def test_steps_take_longer_by_their_factor(tmp_path):
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    assert walk(town(), tmp_path / "a") == pytest.approx(600 * 0.9, abs=0.05)
    slow = walk(town(), tmp_path / "b", "[walk]\nsteps_factor = 2.5\n")
    assert slow == pytest.approx(500 * 0.9 + 100 * 0.9 * 2.5, abs=0.05)


def test_a_wheelchair_goes_around_steps(tmp_path):
    found = walk(town(), tmp_path, '[walk]\nprofile = "wheelchair"\n')
    around_m = 500 + 400 + 100 + 400
    assert found == pytest.approx(around_m * 3.6 / 2.9, abs=0.1)


def test_a_profile_of_ones_own(tmp_path):
    more = '[walk]\nprofile = "cart"\n[profiles.cart]\nspeed_kmh = 3.0\nsteps = false\n'
    assert walk(town(), tmp_path, more) == pytest.approx(1400 * 1.2, abs=0.1)


KERB_TOWN = [
    Way([(0, 0), (500, 0)]),
    Way([(500, 0), (500, 50), (500, 100)], FOOT),
    Way([(500, 0), (900, 0), (900, 100), (500, 100)]),
    Way([(500, 100), (500, 700)]),
]


@pytest.mark.parametrize(
    ("tags", "direct"),
    [
        ({"barrier": "kerb", "kerb": "raised"}, False),
        ({"barrier": "kerb", "kerb": "lowered"}, True),
        ({"barrier": "bollard", "wheelchair": "no"}, False),
    ],
)
@pytest.mark.parametrize("spot", [(500, 50), (500, 100)])
def test_wheels_do_not_get_over_a_high_kerb(tmp_path, tags, direct, spot):
    case = town(KERB_TOWN, site=(500.0, 400.0), doors={spot: tags})
    found = walk(case, tmp_path, '[walk]\nprofile = "wheelchair"\n')
    if direct:
        assert found == pytest.approx(900 * 3.6 / 2.9, abs=0.1)
    elif spot == (500, 50):
        assert found == pytest.approx((500 + 400 + 100 + 400 + 300) * 3.6 / 2.9, abs=0.1)
    else:
        # Every street meets in the kerb itself: nobody gets past it.
        assert found == np.inf


def test_who_walks_everywhere_minds_no_kerb(tmp_path):
    case = town(KERB_TOWN, site=(500.0, 400.0), doors={(500, 50): {"kerb": "raised"}})
    assert walk(case, tmp_path) == pytest.approx(900 * 0.9, abs=0.05)


SIGNAL = {"highway": "crossing", "crossing": "traffic_signals"}
SIGNAL_TOWN = [Way([(0, 0), (250, 0), (500, 0)], FOOT), Way([(500, 0), (500, 600)], FOOT)]


def test_a_signal_in_the_middle_of_a_footway_is_waited_at(tmp_path):
    case = town(SIGNAL_TOWN, site=(500.0, 0.0), doors={(250, 0): SIGNAL})
    found = run(case, tmp_path, "[walk]\ncrossing_wait_s = 40\n")
    assert found.residences["walk_s"].iloc[0] == pytest.approx(450 + 40, abs=0.05)
    # The wait is as long for everybody, whatever their speed.
    by_speed = {entry["speed_kmh"]: entry for entry in found.summary["band"]}
    assert sorted(by_speed) == [2.9, 4.0, 4.7]


def write_slope(path, rise_per_m):
    """Ground that rises evenly to the east."""
    west, north = lonlat((-200, 900))
    east, south = lonlat((1200, -900))
    n = 300
    transform = rasterio.transform.from_bounds(west, south, east, north, n, n)
    lon = west + (np.arange(n) + 0.5) * (east - west) / n
    metres = (lon - lonlat((0, 0))[0]) / (lonlat((1000, 0))[0] - lonlat((0, 0))[0]) * 1000
    grid = np.tile((500 + rise_per_m * metres).astype(np.float32), (n, 1))
    options = {"driver": "GTiff", "height": n, "width": n, "count": 1, "dtype": "float32"}
    with rasterio.open(path, "w", crs="EPSG:4326", transform=transform, **options) as file:
        file.write(grid, 1)


def test_a_hill_is_climbed_to_the_site_and_not_from_it(tmp_path):
    line = [Way([(0, 0), (600, 0)]), Way([(600, 0), (600, 600)])]
    up, down = tmp_path / "up", tmp_path / "down"
    for folder, home, site in ((up, (0.0, 0.0), (500.0, 0.0)), (down, (500.0, 0.0), (0.0, 0.0))):
        folder.mkdir()
        write_slope(folder / "dem.tif", 0.08)
        case = town(line, home=home, site=site)
        text = 'elevation = "dem.tif"'
        write_town(case, folder, "osm")
        path = folder / "plan.toml"
        path.write_text(path.read_text(encoding="utf-8").replace("[network]", f"[network]\n{text}"))
        found = walkcover.assess(walkcover.load_plan(path)).residences["walk_s"].iloc[0]
        slope = 0.08 if folder == up else -0.08
        factor = np.exp(-3.5 * (abs(slope + 0.05) - 0.05))
        assert found == pytest.approx(450 / factor, abs=0.1)


def test_a_wheelchair_keeps_off_steep_streets(tmp_path):
    write_slope(tmp_path / "dem.tif", 0.12)
    line = [Way([(0, 0), (600, 0)]), Way([(600, 0), (600, 600)]), Way([(600, 600), (600, 1300)])]
    write_town(town(line, home=(600.0, 0.0), site=(0.0, 0.0)), tmp_path, "osm")
    path = tmp_path / "plan.toml"
    text = path.read_text(encoding="utf-8").replace("[network]", '[network]\nelevation = "dem.tif"')
    path.write_text(text + '[walk]\nprofile = "wheelchair"\nsnap_limit_m = 100\n')
    result = walkcover.assess(walkcover.load_plan(path))
    assert result.residences["verdict"].tolist() == ["no_site"]
    assert result.sites["snap_to"].isna().all()


def test_the_band_is_what_plans_at_these_speeds_come_to(tmp_path):
    homes = {
        f"H{k}": Home([(float(x), 0.0)], people=k + 1) for k, x in enumerate(range(0, 1500, 70))
    }
    case = Town([Way([(0, 0), (1600, 0)])], homes, {"S": (0.0, 0.0)})
    (tmp_path / "all").mkdir()
    band = run(case, tmp_path / "all", "").band.set_index(["profile", "stage"])
    assert band.index.get_level_values("profile").unique().tolist() == [
        "elderly",
        "standard",
        "brisk",
    ]
    for profile in ("elderly", "standard", "brisk"):
        folder = tmp_path / profile
        folder.mkdir()
        own = run(case, folder, f'[walk]\nprofile = "{profile}"\nband = []\n')
        assert own.band.empty
        assert band.loc[(profile, ""), "reached_people"] == own.summary["covered_people"]
        assert band.loc[(profile, "all"), "reached_share"] == own.summary["covered_share"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ('[walk]\nprofile = "sofa"\n', "expected one of standard, brisk"),
        ('[walk]\nband = ["wheelchair"]\n', "'wheelchair' cannot use every street"),
        ("[walk]\nsteps_factor = 0\n", "steps_factor = 0.0: expected a positive number"),
        ("[walk]\nsurface_factors = { mud = -1 }\n", "surface_factors, mud = -1.0"),
        ("[walk]\nsurface_factors = 3\n", "expected numbers by name"),
        ("[walk]\ncrossing_wait_s = -1\n", "crossing_wait_s = -1.0: expected zero or more"),
        ("[walk]\nplazas = 1\n", "plazas = 1: expected bool"),
        ("[profiles.standard]\nspeed_kmh = 3\n", "that name is taken"),
        ("[profiles.cart]\nsteps = false\n", "has no speed_kmh"),
        ("[profiles.cart]\nspeed_kmh = 30\n", "people walk at 2 to 6 km/h"),
        ("[profiles.cart]\nspeed_kmh = 3\nmax_slope = 8.3\n", "expected a share, as 0.083, or 0"),
        ('[siting]\nprofile = "elderly"\n[walk]\ncrossing_wait_s = 9\n', "as long for everybody"),
    ],
)
def test_plans_that_cannot_be_meant(tmp_path, more, message):
    with pytest.raises(PlanError, match=message):
        run(town(), tmp_path, more)


def test_a_profile_without_any_street_is_an_error(tmp_path):
    steps = town([Way([(0, 0), (500, 0)], {"highway": "steps"})], site=(300.0, 0.0))
    with pytest.raises(InputError, match="no street is left"):
        run(steps, tmp_path, '[walk]\nprofile = "wheelchair"\n')


def test_a_network_built_anew_without_restriction_walks_the_same(real_data):
    from walkcover.crs import metric_crs
    from walkcover.io.networks import read_network
    from walkcover.joins import on_network
    from walkcover.street_index import StreetIndex

    old = read_network(real_data / "taiyuan_east" / "taiyuan_east.gpkg", layer="ways")
    new = restrict(
        old, without=np.zeros(old.n_edges, dtype=bool), parted_at=NOWHERE, cut_at=NOWHERE
    )
    assert new.n_nodes == old.n_nodes
    walks = []
    for network in (old, new):
        west, south, east, north = network.bounds
        index = StreetIndex(network, metric_crs([west, east], [south, north]))
        graph = search_graph(network, flat_costs(network, speed_kmh=4.0))
        homes = on_network(np.arange(network.n_edges), network.length_m / 2, index)
        sites = on_network(
            np.arange(0, network.n_edges, 97), np.zeros(len(range(0, network.n_edges, 97))), index
        )
        walks.append(nearest_sites(homes, sites, graph, site_rank=np.arange(sites.n_places))[0])
    np.testing.assert_allclose(walks[0], walks[1], atol=1e-6)
    assert build_network is not None
