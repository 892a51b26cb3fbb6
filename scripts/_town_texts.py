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

DAILY = f"""\
# Daily work in the example town, once ten more booths stand: who is tested where, rounds of
# teams, the way of the tubes. Explained in docs/daily_work.md.

[plan]
name = "{CITY_NAME}日常采样与转运(示例)"
date = "2022-05-20"
language = "zh"

[network]
source = "streets.osm.pbf"

[residences]
source = "residences.csv"
crs = "wgs84"
id = "编号"
name = "名称"
people = "人数"
lon = "经度"
lat = "纬度"
zone = "区划码"
class_code = "城乡分类"
county_seat = "县城"

[sites]
source = "booths_desks.xlsx"
crs = "gcj02"
id = "站点编号"
name = "名称"
status = "状态"
desks = "台数"
opening_hours = "开放时间"
lon = "经度"
lat = "纬度"

[zones]
source = "zones.geojson"

# Everybody is tested once in a week.
[desks]
interval_days = 7
hours_per_day = 8

# Nothing more is built: teams serve those whom no booth reaches.
[[stages]]
name = "city"
max_sites = 0

[[stages]]
name = "county_town"
max_sites = 0

[[stages]]
name = "countryside"
max_sites = 0

[places]
source = "places.csv"
crs = "gcj02"
id = "编号"
name = "名称"
kind = "类别"
people = "人数"
lon = "经度"
lat = "纬度"

[demand]
week = [1.05, 1.05, 1, 1, 1, 0.95, 0.95]

# Who goes to a booth may be asked to come at these hours.
[[groups]]
kind = "school"
hours = ["16-18"]
peaks = [17]

[[groups]]
kind = "office"
hours = ["8-10", "12-14", "17-20"]

[[groups]]
kind = "employer"
hours = ["8-9", "17-20"]
peaks = [17]

[bases]
source = "bases.csv"
crs = "gcj02"
id = "编号"
name = "名称"
lon = "经度"
lat = "纬度"

[laboratories]
source = "laboratories.csv"
crs = "gcj02"
id = "编号"
name = "名称"
tubes_per_day = "日检测管数"
staff = "检测人员"
hours_per_day = "每日工时"
site = "所在采样点"
lon = "经度"
lat = "纬度"

[stations]
source = "stations.csv"
crs = "gcj02"
id = "编号"
name = "名称"
lon = "经度"
lat = "纬度"

# Yuan. The price of a test is the cap of June 2022 for pooled samples; the others are made up.
[costs]
desk_day = 600
team_day = 1800
vehicle_day = 500
test = 5
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
| `town/daily.toml` | a second plan, of daily work: the same town, with the files below |
| `town/booths_desks.xlsx` | the booths and ten more, with desks and opening hours; GCJ-02 |
| `town/places.csv` | schools, offices, works, homes, a hospital; GB18030, GCJ-02 |
| `town/bases.csv` | where roving teams start; UTF-8 with BOM, GCJ-02 |
| `town/laboratories.csv` | where tubes are tested; UTF-8 with BOM, GCJ-02 |
| `town/stations.csv` | a transfer station; UTF-8 with BOM, GCJ-02 |

Without desks distance alone counts: `plan.toml` asks where to build. `daily.toml` knows the desks
and asks who is tested where and when, what teams drive, and how the tubes get to a laboratory.

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

`booths_desks.xlsx` has two columns more:

| column | key in the plan | content |
|---|---|---|
| 台数 | `desks` | whole number |
| 开放时间 | `opening_hours` | text, as 8:00-12:00,14:00-18:00 or 24小时 |

`places.csv`

| column | key in the plan | content |
|---|---|---|
| 编号 | `id` | text |
| 名称 | `name` | |
| 类别 | `kind` | 学校, 写字楼, 企业, 养老院, 福利院 or 医院 |
| 人数 | `people` | whole number; they live in the residences |
| 经度, 纬度 | `lon`, `lat` | degrees, GCJ-02 |

`bases.csv` and `stations.csv` have 编号 (`id`), 名称 (`name`), 经度 and 纬度; bases do not say how
many teams they have, so that as few as do are planned.

`laboratories.csv`

| column | key in the plan | content |
|---|---|---|
| 编号 | `id` | text |
| 名称 | `name` | |
| 日检测管数 | `tubes_per_day` | whole number |
| 检测人员 | `staff` | whole number |
| 每日工时 | `hours_per_day` | hours |
| 所在采样点 | `site` | booth at its door, whose tubes nobody carries; empty for none |
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
