"""What the tags of OpenStreetMap mean to someone on foot."""

from __future__ import annotations

from collections.abc import Collection, Mapping

NOT_WALKABLE = frozenset(
    [
        "abandoned",
        "bus_guideway",
        "construction",
        "corridor",
        "elevator",
        "escalator",
        "motorway",
        "motorway_link",
        "no",
        "planned",
        "platform",
        "proposed",
        "raceway",
        "razed",
        "rest_area",
        "services",
    ]
)
FOOT_ALLOWED = frozenset(("yes", "designated", "permissive"))
# Ways that are for people on foot: who crosses a street on one waits at its signal.
FOOT_HIGHWAYS = frozenset(("footway", "path", "pedestrian", "steps", "cycleway"))
STREET_COLUMNS = (
    "name",
    "highway",
    "surface",
    "wheelchair",
    "private",
    "raised",
    "forward",
    "backward",
)
NO_CANDIDATE_HIGHWAYS = frozenset(("trunk", "trunk_link"))

RESIDENTIAL_BUILDINGS = frozenset(
    [
        "apartments",
        "residential",
        "house",
        "detached",
        "semidetached_house",
        "terrace",
        "dormitory",
        "bungalow",
        "farm",
        "hut",
        "cabin",
        "houseboat",
        "static_caravan",
    ]
)
# Tags that say of a plain building=yes that it is used for something else.
OTHER_USES = [
    "amenity",
    "shop",
    "office",
    "industrial",
    "public",
    "leisure",
    "tourism",
    "railway",
    "healthcare",
    "man_made",
]
NON_RESIDENTIAL_LANDUSE = frozenset(
    [
        "aquaculture",
        "brownfield",
        "cemetery",
        "commercial",
        "construction",
        "depot",
        "education",
        "fairground",
        "garages",
        "greenhouse_horticulture",
        "industrial",
        "institutional",
        "landfill",
        "military",
        "port",
        "quarry",
        "railway",
        "religious",
        "reservoir",
        "retail",
        "winter_sports",
    ]
)


def is_walkable(tags: Mapping[str, str]) -> bool:
    """
    Tell whether people may walk along a way.

    Parameters
    ----------
    tags
        Tags of the way.

    Returns
    -------
    walkable
        True where the way belongs to the walking network.

    Examples
    --------
    >>> is_walkable({"highway": "residential"}), is_walkable({"highway": "motorway"})
    (True, False)
    >>> is_walkable({"highway": "cycleway"}), is_walkable({"highway": "cycleway", "foot": "yes"})
    (False, True)
    >>> is_walkable({"highway": "service", "access": "no", "foot": "permissive"})
    True
    """
    highway = tags.get("highway", "")
    foot = tags.get("foot", "")
    if not highway or highway in NOT_WALKABLE or foot == "no" or tags.get("area") == "yes":
        return False
    needs_permission = highway == "cycleway" or tags.get("access") == "no"
    return not needs_permission or foot in FOOT_ALLOWED


def is_private(tags: Mapping[str, str]) -> bool:
    """
    Tell whether a way is closed to people who do not live or work there.

    Examples
    --------
    >>> is_private({"highway": "service", "access": "private"})
    True
    >>> is_private({"highway": "service", "access": "private", "foot": "yes"})
    False
    """
    private = "private" in (tags.get("access"), tags.get("foot"), tags.get("service"))
    return private and tags.get("foot") not in FOOT_ALLOWED


def is_raised_or_sunk(tags: Mapping[str, str]) -> bool:
    """
    Tell whether a way runs on a bridge or in a tunnel, where no house has its door.

    Examples
    --------
    >>> [is_raised_or_sunk({"tunnel": value}) for value in ("yes", "building_passage", "no")]
    [True, False, False]
    """
    bridge, tunnel = tags.get("bridge", "no"), tags.get("tunnel", "no")
    return bridge != "no" or tunnel not in ("no", "building_passage")


def directions(tags: Mapping[str, str]) -> tuple[bool, bool]:
    """
    Directions in which people may walk, along the line and against it.

    Examples
    --------
    >>> directions({"oneway": "yes"}), directions({"oneway:foot": "yes"})
    ((True, True), (True, False))
    >>> directions({"oneway:foot": "-1"}), directions({"foot:backward": "no"})
    ((False, True), (True, False))
    """
    oneway = tags.get("oneway:foot", "no")
    forward = oneway not in ("-1", "reverse")
    backward = oneway not in ("yes", "1", "true") and tags.get("foot:backward") != "no"
    return forward, backward


def is_signal_crossing(tags: Mapping[str, str]) -> bool:
    """
    Tell whether a node is a crossing where people on foot wait for a signal.

    Examples
    --------
    >>> is_signal_crossing({"highway": "crossing", "crossing": "traffic_signals"})
    True
    >>> is_signal_crossing({"highway": "traffic_signals"})
    False
    """
    return tags.get("highway") == "crossing" and tags.get("crossing") == "traffic_signals"


def is_high_kerb(tags: Mapping[str, str]) -> bool:
    """
    Tell whether a node is a kerb that wheels cannot get over.

    Examples
    --------
    >>> [is_high_kerb({"barrier": "kerb", "kerb": value}) for value in ("raised", "lowered")]
    [True, False]
    """
    return tags.get("kerb") in ("raised", "rolled") or tags.get("wheelchair") == "no"


def street_row(tags: Mapping[str, str]) -> tuple[object, ...]:
    """
    What the network keeps of a way's tags, in the order of `STREET_COLUMNS`.

    Examples
    --------
    >>> street_row({"highway": "footway", "surface": "gravel"})
    ('', 'footway', 'gravel', '', False, False, True, True)
    """
    texts = [tags.get(key, "") for key in ("name", "highway", "surface", "wheelchair")]
    return (*texts, is_private(tags), is_raised_or_sunk(tags), *directions(tags))


def is_residential_building(
    tags: Mapping[str, str],
    *,
    residential: Collection[str] = RESIDENTIAL_BUILDINGS,
    other_uses: Collection[str] = OTHER_USES,
) -> bool:
    """
    Tell whether people live in a building, as far as its own tags say.

    Parameters
    ----------
    tags
        Tags of the building.
    residential
        Values of ``building`` that are homes.
    other_uses
        Keys that make a plain ``building=yes`` something else.

    Examples
    --------
    >>> is_residential_building({"building": "apartments", "shop": "bakery"})
    True
    >>> is_residential_building({"building": "yes", "amenity": "school"})
    False
    """
    building = tags.get("building", "")
    return building in residential or (
        building == "yes" and not any(key in tags for key in other_uses)
    )
