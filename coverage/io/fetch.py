"""Download an extract of OpenStreetMap: the only module that opens the net."""

from __future__ import annotations

import logging
import math
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import osmium
import osmnx as ox
import requests
import shapely

from walkcover import __version__
from walkcover._errors import FetchError, InputError, OutputExistsError
from walkcover.io.extracts import MARGIN_M

OVERPASS_URL = "https://overpass-api.de/api"
NOMINATIM_URL = "https://nominatim.openstreetmap.org"
# The public servers ask programs to say who they are.
USER_AGENT = f"walkcover/{__version__}"
TIMEOUT_S = 180.0
# A busy server is asked again by osmnx, after a pause of 55 s each time and without an end.
MAX_BUSY_ANSWERS = 3
BUSY_CODES = (429, 504)
# Everything that walks and everything that does not: the definitions of walkcover decide later.
STREET_FILTER = '["highway"]'
FEATURE_TAGS: dict[str, bool | str | list[str]] = {
    "building": True,
    "landuse": True,
    "entrance": True,
    "barrier": "gate",
}

Box = tuple[float, float, float, float]

log = logging.getLogger("walkcover")


@dataclass(frozen=True)
class Fetched:
    """What a download brought: the file, and how many elements it holds."""

    path: Path
    nodes: int
    ways: int
    relations: int


@dataclass
class _Answers:
    """Elements as the server sent them, by kind and id; a second copy replaces the first."""

    elements: dict[str, dict[int, dict[str, Any]]] = field(
        default_factory=lambda: {"node": {}, "way": {}, "relation": {}}
    )
    busy: int = 0

    def keep(self, response: requests.Response, *_: object, **__: object) -> None:
        """Look at an answer before osmnx does: it would pass over a partial one with a warning."""
        if response.is_redirect:
            return
        if response.status_code in BUSY_CODES and self.busy < MAX_BUSY_ANSWERS:
            self.busy += 1
            log.info("the server is busy (%d), asking again", response.status_code)
            return
        server = response.url.partition("?")[0]
        if server.endswith("/status"):
            return
        if not response.ok:
            msg = (
                f"{server} answered {response.status_code} {response.reason}; try again later, "
                "ask for a smaller area, or name another server with --endpoint"
            )
            raise FetchError(msg)
        try:
            answer = response.json()
        except requests.JSONDecodeError as error:
            msg = (
                f"{server} did not answer in JSON but with {response.text[:80]!r}; expected the "
                "API of Overpass or Nominatim: check the address of the server"
            )
            raise FetchError(msg) from error
        if server.endswith("/interpreter"):
            self._take(answer, server)

    def _take(self, answer: dict[str, Any], server: str) -> None:
        if "remark" in answer:
            msg = (
                f"{server} broke off: {answer['remark']}; ask for a smaller area, give more "
                "--timeout-s, or use an extract that can be downloaded as a file"
            )
            raise FetchError(msg)
        for element in answer["elements"]:
            self.elements[element["type"]][element["id"]] = element


def fetch_extract(
    area: str | Box,
    path: str | Path,
    *,
    margin_m: float = MARGIN_M,
    endpoint: str = OVERPASS_URL,
    geocoder: str = NOMINATIM_URL,
    timeout_s: float = TIMEOUT_S,
    overwrite: bool = False,
) -> Fetched:
    """
    Download an area from OpenStreetMap into an extract that a plan can name.

    The extract holds every way with a ``highway`` tag, every building, land use, entrance and gate,
    with all their tags, so that ``[network] source`` and ``[residences] source = "osm"`` both
    work on it. Map data are © OpenStreetMap contributors, ODbL 1.0.

    Parameters
    ----------
    area
        Name of a place with a boundary (``"Pingyao, Shanxi, China"``), or a box of west, south,
        east and north in WGS84 degrees.
    path
        File to write, ending in ``.osm.pbf``.
    margin_m
        Width in metres of the strip around the area that is downloaded as well.
    endpoint
        Address of an Overpass API, without ``/interpreter``.
    geocoder
        Address of a Nominatim API, asked only for the name of a place.
    timeout_s
        Longest wait in seconds for one answer.
    overwrite
        Replace `path` where it exists.

    Returns
    -------
    fetched
        The path and the number of elements.

    Raises
    ------
    InputError
        If the area, the margin, the time-out or the name of the file cannot be meant.
    OutputExistsError
        If `path` exists and `overwrite` is false.
    FetchError
        If a server cannot be reached, refuses, breaks off or has no street there.

    References
    ----------
    Boeing (2017), OSMnx; the Overpass API; the Nominatim API.
    """
    path = Path(path)
    _check(area, path, margin_m=margin_m, timeout_s=timeout_s, overwrite=overwrite)
    answers = _Answers()
    options = {
        "overpass_url": endpoint,
        "nominatim_url": geocoder,
        "requests_timeout": timeout_s,
        "requests_kwargs": {"hooks": {"response": answers.keep}},
    }
    try:
        with _osmnx_settings(overpass_rate_limit=_has_slots(endpoint, timeout_s), **options):
            outline = _outline(area, margin_m)
            _ask(ox.graph_from_polygon, outline, custom_filter=STREET_FILTER)
            _ask(ox.features_from_polygon, outline, FEATURE_TAGS)
    except requests.RequestException as error:
        msg = (
            f"{_server_of(error, endpoint)} gave no answer ({type(error).__name__}); check the "
            "connection and the proxy, give more --timeout-s, or use an extract that can be "
            "downloaded as a file"
        )
        raise FetchError(msg) from error
    if not any("highway" in way.get("tags", {}) for way in answers.elements["way"].values()):
        msg = (
            f"{endpoint} knows no street in {area!r}; a box is given as west, south, east, north "
            "in WGS84 degrees"
        )
        raise FetchError(msg)
    _write(answers.elements, path)
    return Fetched(path, *(len(kind) for kind in answers.elements.values()))


def _check(
    area: str | Box, path: Path, *, margin_m: float, timeout_s: float, overwrite: bool
) -> None:
    """Refuse what cannot be meant before anything is sent."""
    if isinstance(area, str):
        if not area.strip():
            msg = "the name of the place is empty; expected a name as 'Pingyao, Shanxi, China'"
            raise InputError(msg)
    else:
        west, south, east, north = area
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            msg = f"box {area!r}: expected west < east and south < north in WGS84 degrees"
            raise InputError(msg)
    if not (math.isfinite(margin_m) and margin_m >= 0):
        msg = f"margin_m = {margin_m!r}: expected zero or more metres"
        raise InputError(msg)
    if not (math.isfinite(timeout_s) and timeout_s > 0):
        msg = f"timeout_s = {timeout_s!r}: expected a positive number of seconds"
        raise InputError(msg)
    if not path.name.endswith(".osm.pbf"):
        msg = f"{path}: expected a file name that ends in .osm.pbf"
        raise InputError(msg)
    if path.exists() and not overwrite:
        msg = f"{path} exists; give --overwrite to replace it, or another folder"
        raise OutputExistsError(msg)


def _outline(area: str | Box, margin_m: float) -> shapely.Geometry:
    """Find the outline of the area and widen it."""
    if isinstance(area, str):
        try:
            outline = ox.geocode_to_gdf(area).geometry.iloc[0]
        except (ox._errors.InsufficientResponseError, TypeError) as error:
            msg = (
                f"no place with a boundary is called {area!r}; write it as on openstreetmap.org, "
                "with county and province behind it, or give a box with --bbox"
            )
            raise FetchError(msg) from error
    else:
        outline = shapely.box(*area)
    if not margin_m:
        return outline
    metric, crs = ox.projection.project_geometry(outline)
    widened, _ = ox.projection.project_geometry(metric.buffer(margin_m), crs=crs, to_latlong=True)
    return widened


def _ask(query: Callable[..., object], *what: object, **how: object) -> None:
    """Let osmnx cut the area into requests and send them; the answers are kept on their way in."""
    try:
        query(*what, **how)
    except ox._errors.CacheOnlyInterruptError:
        return


@contextmanager
def _osmnx_settings(**values: object) -> Iterator[None]:
    """Lend osmnx our settings; its own come back, and the name look-up that it replaces."""
    values |= {
        # osmnx then stops once the answers are in, instead of building a graph in memory.
        "cache_only_mode": True,
        "use_cache": False,
        "doh_url_template": None,
        "http_user_agent": USER_AGENT,
        "http_referer": "",
    }
    before = {name: getattr(ox.settings, name) for name in values}
    getaddrinfo = socket.getaddrinfo
    try:
        for name, value in values.items():
            setattr(ox.settings, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(ox.settings, name, value)
        socket.getaddrinfo = getaddrinfo


def _has_slots(endpoint: str, timeout_s: float) -> bool:
    """
    Tell whether the server hands out slots; private ones often do not.

    Asked first because osmnx waits a minute for a server that cannot be reached.
    """
    url = f"{endpoint.rstrip('/')}/status"
    return requests.get(url, headers={"User-Agent": USER_AGENT}, timeout=timeout_s).ok


def _server_of(error: requests.RequestException, endpoint: str) -> str:
    """Name the server that an error came from."""
    url = getattr(error.request, "url", None) or endpoint
    return url.partition("?")[0]


def _write(elements: dict[str, dict[int, dict[str, Any]]], path: Path) -> None:
    """Write elements in the usual order, nodes first, under a temporary name until complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".part-{path.name}")
    osm = osmium.osm.mutable
    try:
        with osmium.SimpleWriter(str(part), overwrite=True) as writer:
            for number, node in sorted(elements["node"].items()):
                place = (node["lon"], node["lat"])
                writer.add_node(osm.Node(id=number, location=place, tags=node.get("tags", {})))
            for number, way in sorted(elements["way"].items()):
                writer.add_way(osm.Way(id=number, nodes=way["nodes"], tags=way.get("tags", {})))
            for number, relation in sorted(elements["relation"].items()):
                members = [(m["type"][0], m["ref"], m["role"]) for m in relation["members"]]
                tags = relation.get("tags", {})
                writer.add_relation(osm.Relation(id=number, members=members, tags=tags))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
