"""The growing example town: ways, buildings, people, zones, and invented names."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely import LineString, Point, Polygon

TREES = "槐柳松桐杏榆柏枣梨荷兰桂梅竹枫菊"
LANDS = "溪岭台泉坊井塔园坪原湾阁桥亭峪渠庄门"
GROUNDS = "锦瑞澄晨云和丰景安明静颐春福盛宁"
HALLS = "绣秀华轩庭府悦翠泽苑舍邻园居"


@dataclass(frozen=True)
class Way:
    """A line of the extract; streets meet only on the same level, or at an end."""

    line: LineString
    tags: dict[str, str]
    level: int = 0


@dataclass(frozen=True)
class Home:
    """Who lives in a building."""

    name: str
    people: int
    class_code: str
    county_seat: bool


@dataclass(frozen=True)
class Building:
    """An outline with its tags, its doors (points of the outline), and who lives there."""

    outline: Polygon
    tags: dict[str, str]
    doors: tuple[Point, ...] = ()
    home: Home | None = None


@dataclass(frozen=True)
class Zone:
    """A zone in degrees; `parent` and `stage` are None where there is none."""

    code: str
    name: str
    parent: str | None
    stage: str | None
    shape: shapely.Geometry


@dataclass
class Draft:
    """The growing town."""

    river: Polygon
    streets: list[Way] = field(default_factory=list)
    lines: list[Way] = field(default_factory=list)
    areas: list[tuple[Polygon, dict[str, str]]] = field(default_factory=list)
    buildings: list[Building] = field(default_factory=list)
    gates: list[Point] = field(default_factory=list)


class Names:
    """Invented names of two characters and a kind, each given once."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._left: dict[str, list[str]] = {}

    def _give(self, kind: str, firsts: str, seconds: str) -> str:
        if kind not in self._left:
            self._left[kind] = self._rng.permutation(
                [a + b + kind for a in firsts for b in seconds]
            ).tolist()
        return self._left[kind].pop()

    def street(self, kind: str) -> str:
        """Name a street, or another place that is named like one."""
        return self._give(kind, TREES, LANDS)

    def estate(self, kind: str) -> str:
        """Name an estate."""
        return self._give(kind, GROUNDS, HALLS)
