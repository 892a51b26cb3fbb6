"""Plan and README of the example town."""

from __future__ import annotations

from _town_design import CITY_NAME

PLAN = f"""\
# The plan of the example town. Every key is explained in the guide; paths start from this file.

[plan]
name = "{CITY_NAME}步行十五分钟采样圈(示例)"
date = "2022-05-20"
language = "zh"

[walk]
limit_min = 15
profile = "standard"

[network]
source = "streets.osm.pbf"

[residences]
source = "residences.csv"
crs = "wgs84"
id = "编号"
people = "人数"
lon = "经度"
lat = "纬度"
zone = "区划码"
class_code = "城乡分类"
county_seat = "县城"

# In place of the column of people: the totals of the zones, spread over their residences.
# [population]
# source = "zone_people.csv"
# zone = "区划码"
# people = "常住人口"
# spread = "even"

[sites]
source = "booths.xlsx"
crs = "gcj02"
id = "站点编号"
name = "名称"
status = "状态"
lon = "经度"
lat = "纬度"

[candidates]
spacing_m = 200

[zones]
source = "zones.geojson"

[[stages]]
name = "city"
target = 0.95

[[stages]]
name = "county_town"
target = 0.9

[[stages]]
name = "countryside"
max_sites = 6
"""
README = """\
# The example town

A made-up prefecture in loess hills: a city on a river, a county town, villages.
`scripts/make_town.py` makes all of it from one seed; no street, estate, village or person is real.
`walkcover demo` and the tests read it.

{residences:,} residences, {people:,} people, {booths} booths.

| file | content |
|---|---|
| `town/plan.toml` | the plan that names the other files |
| `town/streets.osm.pbf` | streets, buildings, gated estates, river; OpenStreetMap tags, WGS84 |
| `town/residences.csv` | one row per residential building; GB18030, WGS84 |
| `town/booths.xlsx` | the booths; coordinates in GCJ-02 |
| `town/zones.geojson` | street offices and townships, then their district and county; WGS84 |
| `town/zone_people.csv` | people per zone: another way to give the people; UTF-8 with BOM |
| `town/elevation.tif` | heights in whole metres (int16), cells of 3 seconds, EPSG:4326 |
| `town/population.tif` | people per cell (float32), cells of 3 seconds, EPSG:4326 |

Cells of 3 seconds are about 92 m by 74 m; the people of all cells are those of `residences.csv`.
Buildings have `building:levels` and stair doors (`entrance`); gated estates have a wall, a gate
(`barrier=gate`) and a private stub, and the footways inside carry no access tag.

## Columns

`residences.csv`

| column | key in the plan | content |
|---|---|---|
| 编号 | `id` | text |
| 名称 | carried along | name of the building |
| 人数 | `people` | whole number; a few buildings are empty (0) |
| 经度, 纬度 | `lon`, `lat` | degrees, WGS84 |
| 区划码 | `zone` | 12 digits, text |
| 城乡分类 | `class_code` | urban-rural class, 3 digits |
| 县城 | `county_seat` | 是 in the county-seat town, else 否 |

`booths.xlsx`

| column | key in the plan | content |
|---|---|---|
| 站点编号 | `id` | text |
| 名称 | `name` | |
| 状态 | `status` | 开放 open, 关闭 closed, 规划 planned |
| 地址 | carried along | |
| 经度, 纬度 | `lon`, `lat` | degrees, GCJ-02 |

`zones.geojson`

| property | content |
|---|---|
| `zone_id` | 12 digits, text |
| `name` | |
| `parent_id` | `zone_id` of the district or county; null for these two |
| `stage` | `city` for street offices; else null: the class codes of the residences decide |

`zone_people.csv`

| column | content |
|---|---|
| 区划码 | `zone_id` |
| 名称 | |
| 常住人口 | people, whole number |

## Checksums

| file | bytes | sha256 |
|---|---|---|
{checksums}
"""
