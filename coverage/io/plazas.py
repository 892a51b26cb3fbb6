"""Read the pedestrian areas of OpenStreetMap extracts: closed ways and multipolygons."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import osmium
import pandas as pd
import shapely

from walkcover.plazas import Plazas
from walkcover.tags import STREET_COLUMNS, is_walkable, street_row

Tags = dict[str, str]
# Node ids along a way or around a ring; a ring does not repeat its first.
Refs = list[int]
Places = dict[int, tuple[float, float]]

log = logging.getLogger("walkcover")


@dataclass
class PlazaFinder:
    """
    Pedestrian areas as they turn up in an extract.

    Parameters
    ----------
    ways
        By way id: the ring of an area and its tags.
    relations
        Way ids of the outlines and of the holes of an area, and its tags.
    """

    ways: dict[int, tuple[Refs, Tags]] = field(default_factory=dict)
    relations: list[tuple[Refs, Refs, Tags]] = field(default_factory=list)

    def add_way(self, way: osmium.osm.Way, tags: Tags) -> None:
        """Keep a way if it bounds an area that people may walk on."""
        refs = [node.ref for node in way.nodes]
        if tags.get("area") == "yes" and refs[:1] == refs[-1:] and _is_plaza(tags):
            self.ways[way.id] = (refs[:-1], tags)

    def add_relation(self, relation: osmium.osm.Relation, tags: Tags) -> None:
        """Keep a relation if it is an area that people may walk on."""
        if tags.get("type") == "multipolygon" and _is_plaza(tags):
            ways = [member for member in relation.members if member.type == "w"]
            holes = [member.ref for member in ways if member.role == "inner"]
            outlines = [member.ref for member in ways if member.role != "inner"]
            self.relations.append((outlines, holes, tags))

    def finish(self, path: Path, locations: osmium.index.LocationTable) -> Plazas:
        """
        Put the areas together; those with a ring that the extract does not hold whole are left out.

        Parameters
        ----------
        path
            The extract; it is read once more if the ways of relations are needed.
        locations
            Where its nodes are.

        Returns
        -------
        plazas
            One per outline, where a relation has several.
        """
        ways = self._member_ways(path)
        # Mapped twice, as a way and as the outline of a relation, only the latter knows the holes.
        doubled = {ref for outlines, _, _ in self.relations for ref in outlines}
        areas = [([ring], tags) for ref, (ring, tags) in self.ways.items() if ref not in doubled]
        n_areas = len(areas) + len(self.relations)
        places = _places(locations, [*ways.values(), *(rings[0] for rings, _ in areas)])
        areas = [(rings, tags) for rings, tags in areas if _is_whole(rings[0], places)]
        n_whole = len(areas)
        for outlines, holes, tags in self.relations:
            parts = _nest(_close(outlines, ways), _close(holes, ways), places)
            n_whole += bool(parts)
            areas += [(rings, tags) for rings in parts]
        log.info(
            "%s: %d pedestrian areas, %d more with an outline that the extract lacks a part of",
            path.name,
            n_whole,
            n_areas - n_whole,
        )
        return _to_plazas(areas, places)

    def _member_ways(self, path: Path) -> dict[int, Refs]:
        """Node ids of the ways that relations are made of."""
        wanted = {ref for outlines, holes, _ in self.relations for ref in (*outlines, *holes)}
        if not wanted:
            return {}
        reader = osmium.FileProcessor(str(path), osmium.osm.WAY)
        found = reader.with_filter(osmium.filter.IdFilter(wanted))
        return {
            way.id: [node.ref for node in way.nodes]
            for way in found
            if isinstance(way, osmium.osm.Way)
        }


def _is_plaza(tags: Tags) -> bool:
    return is_walkable({key: value for key, value in tags.items() if key != "area"})


def _places(locations: osmium.index.LocationTable, rings: list[Refs]) -> Places:
    """Lon and lat of the nodes that the extract holds."""
    places = {}
    for ref in {ref for ring in rings for ref in ring}:
        try:
            location = locations.get(ref)
        except KeyError:
            continue
        if location.valid():
            places[ref] = (location.lon, location.lat)
    return places


def _is_whole(ring: Refs, places: Places) -> bool:
    return len(ring) >= 3 and all(ref in places for ref in ring)


def _close(way_ids: Refs, ways: Mapping[int, Refs]) -> list[Refs]:
    """Join ways end to end into rings; an empty ring stands for one that stays open."""
    if not all(ways.get(ref) for ref in way_ids):
        return [[]]
    members = [ways[ref] for ref in way_ids]
    rings = [refs[:-1] for refs in members if refs[0] == refs[-1]]
    rest = [refs for refs in members if refs[0] != refs[-1]]
    while rest:
        ring = rest.pop()
        while ring[0] != ring[-1]:
            follows = [i for i, refs in enumerate(rest) if ring[-1] in (refs[0], refs[-1])]
            if not follows:
                return [[]]
            refs = rest.pop(follows[0])
            ring = ring + (refs if refs[0] == ring[-1] else refs[::-1])[1:]
        rings.append(ring[:-1])
    return rings


def _nest(outlines: list[Refs], holes: list[Refs], places: Places) -> list[list[Refs]]:
    """Put each hole into its outline; nothing where a ring is cut or a hole lies outside."""
    if not all(_is_whole(ring, places) for ring in (*outlines, *holes)):
        return []
    shapes = [shapely.Polygon([places[ref] for ref in ring]) for ring in outlines]
    parts = [[ring] for ring in outlines]
    for hole in holes:
        middle = shapely.Polygon([places[ref] for ref in hole]).representative_point()
        around = [i for i, shape in enumerate(shapes) if shape.intersects(middle)]
        if not around:
            return []
        # Of outlines around each other, an outer one and one in its hole, the smallest.
        parts[min(around, key=lambda i: shapes[i].area)].append(hole)
    return parts


def _to_plazas(areas: list[tuple[list[Refs], Tags]], places: Places) -> Plazas:
    rings = [ring for rings, _ in areas for ring in rings]
    refs = [ref for ring in rings for ref in ring]
    lonlat = np.array([places[ref] for ref in refs]).reshape(-1, 2)
    rows = pd.DataFrame([street_row(tags) for _, tags in areas], columns=list(STREET_COLUMNS))
    layer = np.array([tags.get("layer", "0") for _, tags in areas])
    return Plazas(
        ring_plaza=np.repeat(np.arange(len(areas)), [len(rings) for rings, _ in areas]),
        indptr=np.cumsum([0, *map(len, rings)]).astype(np.int64),
        lon=lonlat[:, 0],
        lat=lonlat[:, 1],
        point=np.array(refs, dtype=np.int64),
        tags=rows,
        on_ground=~rows["raised"].to_numpy(bool) & (layer == "0"),
    )
