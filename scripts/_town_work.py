"""Daily work of the example town: desks, places visited, bases, laboratories, a station."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from _town_booths import booth_rows, written_place
from _town_draft import Way
from shapely import Point, Polygon

# Booths that were built since: place in km. The first four stand where the plan of the town would
# build them, the others where people lacked a booth then.
BUILT = (
    (0.04, -1.31), (-1.16, -1.26), (1.64, 0.41), (9.21, 4.02), (-1.1, 1.56), (-2.04, -0.39),
    (1.05, -0.49), (1.7, 1.28), (9.3, 4.58), (1.3, -4.3),
)  # fmt: skip
# Desks and opening hours of each booth, those of BUILT last. B030 opens for a morning only, and
# B031 got a desk less than it needs: both are short. B015 and B022 have desks to spare.
DESKS = (
    (2, "8:00-16:00"), (2, "8:00-18:00"), (1, "8:00-12:00,14:00-18:00"), (1, "8:00-18:00"),
    (2, "8:00-18:00"), (1, "8:00-12:00,14:00-18:00"), (1, "24小时"), (1, "8:00-16:00"),
    (1, "8:00-18:00"), (2, "8:00-18:00"), (2, "8:00-20:00"), (1, "8:00-18:00"),
    (1, "8:00-20:00"), (1, "8:00-16:00"), (2, "8:00-16:00"), (1, "8:00-18:00"),
    (1, "8:00-16:00"), (2, "8:00-20:00"), (1, "8:00-18:00"), (1, "8:00-18:00"),
    (2, "8:00-20:00"), (2, "8:00-16:00"), (1, "8:00-18:00"), (1, "8:00-16:00"),
    (2, "8:00-20:00"), (2, "8:00-20:00"), (2, "8:00-20:00"), (1, "8:00-16:00"),
    (2, "8:00-18:00"), (1, "8:00-12:00"), (3, "8:00-20:00"), (2, "8:00-20:00"),
    (3, "8:00-20:00"), (2, "8:00-20:00"), (2, "8:00-18:00"), (2, "8:00-16:00"),
    (2, "8:00-16:00"), (2, "8:00-16:00"), (1, "8:00-16:00"), (1, "8:00-12:00"),
)  # fmt: skip
# Grounds of the town with people of their own: name, kind, people. Some are too small for a visit.
GROUNDS = (
    ("枫原学校", "学校", 2_080), ("梨原学校", "学校", 1_760), ("兰岭学校", "学校", 1_430),
    ("兰原学校", "学校", 1_190), ("竹阁学校", "学校", 160), ("桂溪商务楼", "写字楼", 860),
    ("梅渠商务楼", "写字楼", 640), ("兰原商务楼", "写字楼", 470), ("柏坊商务楼", "写字楼", 220),
    ("柏泉商务楼", "写字楼", 180), ("榆亭厂", "企业", 1_310), ("竹坪厂", "企业", 760),
    ("松坊厂", "企业", 540), ("枣阁厂", "企业", 210), ("梨湾厂", "企业", 90),
    ("菊泉医院", "医院", 980),
)  # fmt: skip
# The same for places that are on no map: name, kind, people, place in km.
HOMES = (
    ("松鹤养老院", "养老院", 130, (-0.75, 1.55)),
    ("柏河县福利院", "福利院", 80, (9.0, 4.75)),
    ("三岔口中心小学", "学校", 240, (6.1, 5.9)),
    ("杏树岭小学", "学校", 120, (-2.2, 4.6)),
)
BASES = (
    ("松桥区疾控中心", (0.35, 0.9)),
    ("南塬乡卫生院", (1.3, -4.3)),
    ("柏河县疾控中心", (8.6, 4.3)),
)
# Name, tubes a day, staff, hours, booth that stands at its door, place in km.
LABORATORIES = (
    ("竹塔医院检验科", 1_200, 18, 24, "B007", (0.32, 1.09)),
    ("澄陵市疾控中心实验室", 2_000, 28, 24, "", (-0.9, 0.62)),
    ("柏河县人民医院检验科", 480, 8, 16, "", (9.34, 4.25)),
)
STATIONS = (("南原样本中转站", (0.3, -1.25)),)

Row = dict[str, str | float]


def desk_booth_rows(streets: Sequence[Way]) -> list[Row]:
    """Make the rows of booths_desks.xlsx: the booths, some more, and their desks and hours."""
    rows = booth_rows(streets, built=BUILT)
    return [
        row | {"台数": desks, "开放时间": hours}
        for row, (desks, hours) in zip(rows, DESKS, strict=True)
    ]


def work_place_rows(
    areas: Sequence[tuple[Polygon, Mapping[str, str]]], streets: Sequence[Way]
) -> list[Row]:
    """Make the rows of places.csv."""
    grounds = {tags["name"]: shape for shape, tags in areas if "name" in tags}
    places = [
        (name, kind, people, grounds[name].representative_point())
        for name, kind, people in GROUNDS
    ]  # fmt: skip
    places += [(name, kind, people, spot(place, streets)) for name, kind, people, place in HOMES]
    return [
        {"编号": f"P{number:03d}", "名称": name, "类别": kind, "人数": people}
        | written_place(point)
        for number, (name, kind, people, point) in enumerate(places, start=1)
    ]


def base_rows(streets: Sequence[Way]) -> list[Row]:
    """Make the rows of bases.csv."""
    return [
        {"编号": f"J{number:02d}", "名称": name} | written_place(spot(place, streets))
        for number, (name, place) in enumerate(BASES, start=1)
    ]


def laboratory_rows(streets: Sequence[Way]) -> list[Row]:
    """Make the rows of laboratories.csv."""
    return [
        {
            "编号": f"L{number:02d}",
            "名称": name,
            "日检测管数": tubes,
            "检测人员": staff,
            "每日工时": hours,
            "所在采样点": booth,
        }
        | written_place(spot(place, streets))
        for number, (name, tubes, staff, hours, booth, place) in enumerate(LABORATORIES, start=1)
    ]


def station_rows(streets: Sequence[Way]) -> list[Row]:
    """Make the rows of stations.csv."""
    return [
        {"编号": f"Z{number:02d}", "名称": name} | written_place(spot(place, streets))
        for number, (name, place) in enumerate(STATIONS, start=1)
    ]


def spot(place_km: tuple[float, float], streets: Sequence[Way]) -> Point:
    """Find the place beside the nearest road for vehicles."""
    roads = [
        way.line for way in streets
        if not way.level and way.tags["highway"] not in ("steps", "footway", "path", "pedestrian")
        and way.tags.get("access") != "private"
    ]  # fmt: skip
    given = Point(place_km[0] * 1_000, place_km[1] * 1_000)
    road = min(roads, key=given.distance)
    near = road.interpolate(road.project(given))
    return Point(near.x + 5, near.y + 4)
