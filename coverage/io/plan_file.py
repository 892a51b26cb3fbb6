"""Read plan files."""

from __future__ import annotations

import tomllib
from pathlib import Path

from walkcover._errors import MissingFileError, PlanError
from walkcover.plan import Plan
from walkcover.plan_mapping import plan_from_mapping

STARTER_PLAN = """\
# A walkcover plan. Paths start from the folder of this file; lines with # show the defaults.

[plan]
name = "plan"
date = ""                      # printed on the report, as 2022-05-20
language = "zh"                # or "en"
# map_review = ""              # number under which the map was reviewed (审图号)

# [map]                        # a base map from a server; without it the map asks for nothing
# tiles = ""                   # tianditu, or an address as https://HOST/{z}/{x}/{y}.png
# tiles_key = ""               # your own key for tianditu
# tiles_credit = ""            # whose tiles they are, for an address

[walk]
# limit_min = 15
# profile = "standard"         # brisk, elderly, frail, wheelchair, or one of [profiles]
# speed_kmh = 4.0              # flat speed instead of the profile's
# snap_limit_m = 250
# min_component_m = 1000
# band = ["standard", "brisk", "elderly"]  # coverage is told at these speeds too
# steps_factor = 1.0           # steps take so many times as long
# surface_factors = {}         # the same by surface, as { gravel = 1.2 }
# crossing_wait_s = 0          # wait at signalised crossings
# plazas = false               # true: pedestrian areas are crossed in a straight line
# walls = false                # true: access legs do not cross the walls of the extract
# barriers = ""                # lines or areas that access legs do not cross, as rivers.gpkg

# [profiles.cart]              # a walker of your own
# speed_kmh = 3.5              # standard is 4.0, brisk 4.7, elderly 2.9, frail 2.3
# steps = true                 # false: keeps off steps
# kerbs = true                 # false: keeps off kerbs too high for wheels
# max_slope = 0.0              # steepest street, as 0.083; 0 = any

[network]
source = "network.osm.pbf"     # .pbf .osm .osm.gz .gpkg .geojson .shp .graphml .parquet
# layer = ""
# elevation = ""               # GeoTIFF or SRTM .hgt(.zip), one or a list; "" = flat
# crs = "auto"                 # metric CRS of nearest-point searches

[residences]
source = "residences.csv"      # csv xlsx geojson gpkg shp parquet, or "osm" = the buildings
# layer = ""
crs = "wgs84"                  # wgs84 gcj02 bd09 cgcs2000 EPSG:n; required for csv and xlsx
# trust_crs = false            # true: go on though the coordinates look shifted
# id = "residence_id"          # names of columns
# name = "name"
# people = "people"            # a column, or a number for every row
# lon = "lon"
# lat = "lat"
# zone = "zone_id"
# stage = "stage"
# class_code = "class_code"    # urban-rural class code
# county_seat = "county_seat"  # true in the county-seat town

# [population]                 # where the people come from, if not from the residences
# source = "zone_people.csv"   # totals per zone; a raster (.tif); or a layer of cells
# kind = "auto"                # zones, cells or raster; auto goes by the file
# layer = ""
# crs = ""                     # of cells in a csv or xlsx
# id = ""                      # column of cell names, if there is one
# lon = "lon"                  # of cells that are points
# lat = "lat"
# zone = "zone_id"
# people = "people"
# elderly = ""                 # column or raster of people of 65 and more
# unit = "people"              # of cells and rasters; or "people_per_km2"
# cell_m = 0                   # side of cells that are points; 0 = from their spacing
# spread = "floor_area"        # or "even"

# [sites]                      # booths that exist; none at all is a valid start
# source = "booths.xlsx"
# layer = ""
# crs = "wgs84"
# trust_crs = false
# id = "site_id"
# name = "name"
# status = "status"            # open, closed, planned
# desks = "desks"              # with desks, desk time counts, not distance alone
# hours_per_day = "hours_per_day"
# opening_hours = "opening_hours"  # text, as 8:00-12:00,14:00-18:00
# lon = "lon"
# lat = "lat"

# [candidates]                 # where booths could be built; else made from the network
# source = ""
# layer = ""
# crs = "wgs84"
# trust_crs = false
# id = "candidate_id"
# cost = "cost"
# max_desks = "max_desks"
# lon = "lon"
# lat = "lat"
# spacing_m = 200

# [zones]                      # the rows of the report; else one zone "all"
# source = "zones.gpkg"
# layer = ""
# crs = "auto"                 # the file's own
# id = "zone_id"
# name = "name"
# parent = "parent_id"
# stage = "stage"

# [desks]                      # used once sites have desks
# tests_per_desk_hour = 60
# interval_days = 7            # everybody is tested once in so many days
# hours_per_day = 8            # of sites that name none
# new_site_desks = 2           # desks of a suggested site
# most_extra_desks = 2         # desks that a site which stands may get; 0 = never
# extra_desk_cost = 0.25       # of each; a new site costs 1, or what the candidates say

# [siting]                     # how sites are chosen
# sites_in_reach = 1           # 2 asks for a second site as backup
# profile = ""                 # count slower walkers, as "elderly"; "" = that of [walk]
# gap = 0.02                   # proven gap that is good enough
# time_limit_s = 600           # safety stop of each search

# [regions]                    # for a province: what is heavy is computed region by region
# residences = 0               # most of them in a region, as 20_000; 0 = all in one piece

# [[stages]]                   # in the order of building; else one stage "all"
# name = "city"
# target = 0.8                 # or max_sites = 40, or budget = 2_000_000
# zone_floor = 0.0             # share that every zone is to reach besides
# goal = "coverage"            # with max_sites or budget also "mean_walk"

# Daily work: planned where one of these tables, or desks, is given.

# [places]                     # schools, offices and others with people of their own
# source = ""
# layer = ""
# crs = ""                     # required for csv and xlsx
# trust_crs = false
# id = "place_id"
# name = "name"
# kind = "kind"                # school, office, employer, key_group, institution, village, ...
# people = "people"
# lon = "lon"
# lat = "lat"
# counted = true               # their people are among those of the residences

# [demand]                     # when people come
# peaks = [12, 18]             # hours of the day round which they come
# peak_share = 0.6             # of them come round the peaks, the others evenly
# peak_spread_h = 1.5
# opens = 8                    # of sites that do not say their opening hours
# week = [1, 1, 1, 1, 1, 1, 1]  # weights of the days, Monday first
# intervals = [7, 5, 3, 2]     # days between two tests that are compared

# [[groups]]                   # hours in which a kind of people may be asked to come
# kind = "residents"
# hours = ["0-24"]             # whole hours, as ["7-9", "17-20"]
# peaks = []                   # [] = those of [demand]

# [[services]]                 # who is served how; the first entry that fits a place decides
# kind = "institution"         # a kind of place, or "any"
# by = "itself"                # site, visit, round or itself
# [[services]]
# kind = "key_group"
# by = "visit"
# [[services]]
# kind = "school"
# at_least = 200               # people from which on the entry fits
# by = "visit"
# [[services]]
# kind = "office"
# at_least = 300
# by = "visit"
# [[services]]
# kind = "employer"
# at_least = 500
# by = "visit"
# [[services]]
# reached = "yes"              # a site within the limit: yes, no or any
# by = "site"
# [[services]]                 # the last entry fits everybody
# by = "round"

# [roads]                      # what vehicles drive on
# source = ""                  # an OpenStreetMap extract; "" = that of [network]
# kmh = {}                     # mean speeds, as { track = 10 }
# snap_limit_m = 1000          # farthest that a stop may lie from a road

# [bases]                      # where roving teams start; with it rounds are planned
# source = ""
# layer = ""
# crs = ""
# trust_crs = false
# id = "base_id"
# name = "name"
# teams = "teams"              # without a number there: as few as do
# lon = "lon"
# lat = "lat"

# [rounds]
# tests_per_hour = 120         # of a team
# tests_per_day = 1000         # that a vehicle carries
# shift_h = 8                  # with the drives
# starts = 8                   # hour of the day
# setup_min = 10               # at every stop, besides its tests
# days_per_week = 5
# stop_walk_min = 0            # walk to a stop; 0 = the limit of [walk]
# time_limit_s = 60            # safety stop of the search

# [laboratories]               # with it the relay of tubes is planned
# source = ""
# layer = ""
# crs = ""
# trust_crs = false
# id = "laboratory_id"
# name = "name"
# tubes_per_day = "tubes_per_day"
# staff = "staff"
# hours_per_day = "hours_per_day"
# site = "site_id"             # the site whose tubes it tests itself
# lon = "lon"
# lat = "lat"

# [stations]                   # transfer stations between sites and laboratories
# source = ""
# layer = ""
# crs = ""
# trust_crs = false
# id = "station_id"
# name = "name"
# lon = "lon"
# lat = "lat"

# [relay]
# pooling = 10                 # people who share a tube
# collect_every_h = 2
# dispatch_tubes = 1000        # a station passes on when so many are there
# hold_h = 4                   # from the first sample of a tube to the laboratory
# vehicle_tubes = 1000
# stop_min = 3
# unload_min = 10
# assay_h = 4                  # from putting a tube on to its result
# tubes_per_staff_day = 0      # limits a laboratory by its staff; 0 = does not
# time_limit_s = 120

# [costs]                      # in one currency; 0 = not priced
# desk_day = 0
# team_day = 0
# vehicle_day = 0
# test = 0
"""


def load_plan(path: str | Path) -> Plan:
    """
    Read a plan file.

    Parameters
    ----------
    path
        A TOML file in UTF-8; relative paths in it start from its folder.

    Returns
    -------
    plan
        The checked plan.

    Raises
    ------
    MissingFileError
        If there is no such file.
    PlanError
        If it is not TOML, or its content is not understood.
    """
    path = Path(path)
    if not path.is_file():
        msg = f"{path}: there is no such plan file; `walkcover init` writes a starter plan"
        raise MissingFileError(msg)
    try:
        # utf-8-sig: Notepad on Windows puts a byte order mark in front.
        mapping = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path}: not a TOML file in UTF-8 ({error})"
        raise PlanError(msg) from error
    try:
        return plan_from_mapping(mapping, folder=path.parent)
    except PlanError as error:
        msg = f"{path}: {error}"
        raise PlanError(msg) from None
