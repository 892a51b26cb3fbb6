"""The download, through the real osmnx, from a small server of our own."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import osmium
import osmnx as ox
import pytest
from click.testing import CliRunner

from walkcover import __version__
from walkcover._errors import FetchError, InputError, OutputExistsError
from walkcover.cli.fetch import fetch
from walkcover.io.fetch import fetch_extract
from walkcover.io.osm import read_buildings, read_streets

BOX = (112.170, 37.190, 112.180, 37.200)
# A street with a gated stub, a house with an entrance, a multipolygon house, and an owner's land.
NODES = [(1, 112.171, 37.191), (2, 112.175, 37.191), (3, 112.179, 37.191), (4, 112.175, 37.195)]
SQUARE = [
    (11, 112.172, 37.192),
    (12, 112.173, 37.192),
    (13, 112.173, 37.193),
    (14, 112.172, 37.193),
]
OUTER = [(21, 112.176, 37.192), (22, 112.177, 37.192), (23, 112.177, 37.193), (24, 112.176, 37.193)]


def _nodes(rows: list[tuple[int, float, float]], **tags: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {"type": "node", "id": i, "lon": lon, "lat": lat}
        | ({"tags": tags[f"n{i}"]} if f"n{i}" in tags else {})
        for i, lon, lat in rows
    ]


def _way(number: int, nodes: list[int], **tags: str) -> dict[str, Any]:
    named = {key.replace("_", ":"): value for key, value in tags.items()}
    return {"type": "way", "id": number, "nodes": nodes, "tags": named}


STREETS = [
    _way(101, [1, 2, 3], highway="residential", name="迎春街", oneway_foot="no"),
    _way(102, [2, 4], highway="service", access="private"),
    _way(103, [3, 4], highway="motorway"),
    *_nodes(NODES),
]
HOUSES = [
    {
        "type": "relation",
        "id": 301,
        "members": [{"type": "way", "ref": 202, "role": "outer"}],
        "tags": {"type": "multipolygon", "building": "apartments"},
    },
    _way(201, [11, 12, 13, 14, 11], building="house", building_levels="3"),
    _way(202, [21, 22, 23, 24, 21]),
    *_nodes(SQUARE, n12={"entrance": "main"}),
    *_nodes(OUTER),
]
PLACE = {
    "osm_type": "relation",
    "osm_id": 9,
    "importance": 0.5,
    "lat": "37.195",
    "lon": "112.175",
    "display_name": "Pingyao",
    "boundingbox": ["37.190", "37.200", "112.170", "112.180"],
    "geojson": {
        "type": "Polygon",
        "coordinates": [
            [[112.17, 37.19], [112.18, 37.19], [112.18, 37.2], [112.17, 37.2], [112.17, 37.19]]
        ],
    },
}


@dataclass
class Server:
    """What the server answers, and what it was asked."""

    url: str = ""
    streets: list[dict[str, Any]] = field(default_factory=lambda: STREETS)
    houses: list[dict[str, Any]] = field(default_factory=lambda: HOUSES)
    places: list[dict[str, Any]] = field(default_factory=lambda: [PLACE])
    code: int = 200
    body: bytes = b""
    remark: str = ""
    wait_s: float = 0.0
    status_code: int = 200
    queries: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def do_GET(self) -> None:
        state: Server = self.server.state
        state.agents.add(self.headers["User-Agent"])
        if urlparse(self.path).path.endswith("/status"):
            text = "Connected as: 1\nCurrent time: x\nRate limit: 2\n\n2 slots available now.\n"
            self._answer(state.status_code, text.encode())
        else:
            state.queries.append(parse_qs(urlparse(self.path).query)["q"][0])
            self._answer(200, json.dumps(state.places).encode())

    def do_POST(self) -> None:
        state: Server = self.server.state
        state.agents.add(self.headers["User-Agent"])
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        query = parse_qs(form)["data"][0]
        state.queries.append(query)
        time.sleep(state.wait_s)
        answer = {"elements": state.streets if '["highway"]' in query else state.houses}
        if state.remark:
            answer["remark"] = state.remark
        self._answer(state.code, state.body or json.dumps(answer).encode())

    def _answer(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the output of the tests quiet."""


@contextmanager
def _serve(state: Server) -> Iterator[Server]:
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    httpd.state = state
    state.url = f"http://127.0.0.1:{httpd.server_port}"
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield state
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with _serve(Server()) as state:
        yield state


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Note the pauses of osmnx instead of sitting through them."""
    pauses: list[float] = []
    monkeypatch.setattr(ox._overpass.time, "sleep", pauses.append)
    return pauses


def _fetch(server: Server, path: Path, area: Any = BOX, **options: Any) -> Any:
    return fetch_extract(
        area, path, endpoint=f"{server.url}/api", geocoder=server.url, timeout_s=10, **options
    )


def test_box_gives_an_extract_that_the_readers_understand(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "new" / "extract.osm.pbf"
    fetched = _fetch(server, path)
    assert (fetched.nodes, fetched.ways, fetched.relations) == (12, 5, 1)
    assert [p.name for p in path.parent.iterdir()] == ["extract.osm.pbf"]

    lines, points = read_streets(path)
    assert lines.tags["name"].tolist() == ["迎春街", ""]
    assert lines.tags["private"].tolist() == [False, True]
    assert lines.point.tolist() == [1, 2, 3, 2, 4]
    assert points["entrances"].tolist() == [[112.173, 37.192]]
    homes = read_buildings(path).set_index("residence_id")
    assert homes["building"].to_dict() == {"w201": "house", "r301": "apartments"}
    assert homes.loc["w201", "levels"] == 3


def test_every_tag_arrives(server: Server, tmp_path: Path) -> None:
    _fetch(server, tmp_path / "a.osm.pbf")
    ways = {
        o.id: dict(o.tags) for o in osmium.FileProcessor(str(tmp_path / "a.osm.pbf")) if o.is_way()
    }
    assert ways[101] == {"highway": "residential", "name": "迎春街", "oneway:foot": "no"}
    assert ways[103] == {"highway": "motorway"}


def test_same_answers_give_the_same_bytes(server: Server, tmp_path: Path) -> None:
    _fetch(server, tmp_path / "a.osm.pbf")
    server.streets, server.houses = STREETS[::-1], HOUSES[::-1]
    _fetch(server, tmp_path / "b.osm.pbf")
    assert (tmp_path / "a.osm.pbf").read_bytes() == (tmp_path / "b.osm.pbf").read_bytes()


def test_place_is_looked_up_and_its_outline_asked_for(server: Server, tmp_path: Path) -> None:
    fetched = _fetch(server, tmp_path / "a.osm.pbf", "Pingyao, Shanxi", margin_m=0)
    assert fetched.ways == 5
    assert server.queries[0] == "Pingyao, Shanxi"
    assert server.agents == {f"walkcover/{__version__}"}


def _southernmost(query: str) -> float:
    return min(float(lat) for lat in query.split("poly:'")[1].split("'")[0].split()[::2])


def test_margin_widens_the_area(server: Server, tmp_path: Path) -> None:
    _fetch(server, tmp_path / "a.osm.pbf", margin_m=0)
    _fetch(server, tmp_path / "b.osm.pbf", margin_m=1110)
    houses = [query for query in server.queries if "building" in query]
    # 1,110 m along a meridian at latitude 37.19 are 1,110 / 110,990 of a degree.
    assert _southernmost(houses[0]) == pytest.approx(37.19, abs=1e-5)
    assert _southernmost(houses[1]) == pytest.approx(37.18, abs=1e-4)


def test_settings_of_osmnx_come_back(server: Server, tmp_path: Path) -> None:
    names = [name for name in dir(ox.settings) if name.islower() and not name.startswith("_")]
    before = {name: getattr(ox.settings, name) for name in names}
    getaddrinfo = socket.getaddrinfo
    _fetch(server, tmp_path / "a.osm.pbf")
    server.code = 500
    with pytest.raises(FetchError):
        _fetch(server, tmp_path / "b.osm.pbf")
    assert {name: getattr(ox.settings, name) for name in names} == before
    assert socket.getaddrinfo is getaddrinfo


@pytest.mark.parametrize(
    ("fault", "part"),
    [
        ({"code": 500}, r"/api/interpreter answered 500 .*smaller area"),
        ({"code": 400, "body": b"<html>parse error</html>"}, "answered 400"),
        ({"body": b"<html>welcome</html>"}, "did not answer in JSON but with '<html>welcome"),
        ({"remark": "runtime error: Query timed out"}, "broke off: runtime error: Query timed out"),
        ({"streets": [], "houses": []}, "knows no street in"),
        ({"streets": []}, "knows no street in"),
    ],
)
def test_bad_answers_are_told_and_leave_no_file(
    server: Server, tmp_path: Path, fault: dict[str, Any], part: str
) -> None:
    for name, value in fault.items():
        setattr(server, name, value)
    with pytest.raises(FetchError, match=part):
        _fetch(server, tmp_path / "a.osm.pbf")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", [429, 504])
def test_busy_server_is_asked_a_few_times(
    server: Server, tmp_path: Path, no_waiting: list[float], code: int
) -> None:
    server.code = code
    with pytest.raises(FetchError, match=f"answered {code}"):
        _fetch(server, tmp_path / "a.osm.pbf")
    assert len(server.queries) == 4
    assert no_waiting.count(55) == 3


def test_server_without_slots_is_not_waited_for(
    server: Server, tmp_path: Path, no_waiting: list[float]
) -> None:
    server.status_code = 404
    assert _fetch(server, tmp_path / "a.osm.pbf").ways == 5
    assert max(no_waiting) == 0


def test_slow_server_times_out(server: Server, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server.wait_s = 1.0
    with pytest.raises(FetchError, match=r"interpreter gave no answer \(ReadTimeout\)"):
        fetch_extract(BOX, tmp_path / "a.osm.pbf", endpoint=f"{server.url}/api", timeout_s=0.2)


def test_unreachable_server_is_told_at_once(tmp_path: Path, no_waiting: list[float]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/api"
        with pytest.raises(FetchError, match=r"status gave no answer \(ConnectionError\)"):
            fetch_extract(BOX, tmp_path / "a.osm.pbf", endpoint=url, timeout_s=5)
    assert no_waiting == []


@pytest.mark.parametrize(
    "places",
    [[], [PLACE | {"geojson": {"type": "Point", "coordinates": [112.175, 37.195]}}]],
    ids=["unknown", "without boundary"],
)
def test_place_without_boundary(server: Server, tmp_path: Path, places: list[Any]) -> None:
    server.places = places
    with pytest.raises(FetchError, match="no place with a boundary is called 'Atlantis'"):
        _fetch(server, tmp_path / "a.osm.pbf", "Atlantis")


@pytest.mark.parametrize(
    ("area", "name", "options", "part"),
    [
        (" ", "a.osm.pbf", {}, "the name of the place is empty"),
        ((112.2, 37.1, 112.1, 37.2), "a.osm.pbf", {}, "west < east"),
        ((37.1, 112.1, 37.2, 112.2), "a.osm.pbf", {}, "south < north"),
        (BOX, "a.graphml", {}, r"ends in \.osm\.pbf"),
        (BOX, "a.osm.pbf", {"margin_m": -1.0}, "margin_m = -1.0"),
        (BOX, "a.osm.pbf", {"timeout_s": float("nan")}, "timeout_s = nan"),
    ],
)
def test_nothing_is_sent_for_what_cannot_be_meant(
    tmp_path: Path, area: Any, name: str, options: dict[str, float], part: str
) -> None:
    with pytest.raises(InputError, match=part):
        fetch_extract(area, tmp_path / name, endpoint="http://127.0.0.1:9", **options)


def test_nothing_is_overwritten_unasked(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "a.osm.pbf"
    path.write_bytes(b"mine")
    with pytest.raises(OutputExistsError, match="--overwrite"):
        _fetch(server, path)
    assert path.read_bytes() == b"mine"
    _fetch(server, path, overwrite=True)
    assert path.stat().st_size > 100


def test_command_writes_the_extract(server: Server, tmp_path: Path) -> None:
    servers = ["--endpoint", f"{server.url}/api", "--geocoder", server.url]
    box = [str(value) for value in BOX]
    result = CliRunner().invoke(fetch, ["--bbox", *box, "--out", str(tmp_path / "box"), *servers])
    assert result.exit_code == 0, result.output
    assert "5 ways" in result.output
    assert 'source = "extract.osm.pbf"' in result.output
    result = CliRunner().invoke(fetch, ["--place", "P", "--out", str(tmp_path / "p"), *servers])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "p" / "extract.osm.pbf").exists()


@pytest.mark.parametrize("area", [[], ["--place", "P", "--bbox", "1", "2", "3", "4"]])
def test_command_wants_one_area(tmp_path: Path, area: list[str]) -> None:
    result = CliRunner().invoke(fetch, [*area, "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "give one of --place and --bbox" in result.output


def test_help_shows_an_example() -> None:
    result = CliRunner().invoke(fetch, ["--help"])
    assert result.exit_code == 0
    assert "walkcover fetch --place" in result.output
