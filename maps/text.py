"""Every word of map and report, in Chinese and English."""

from __future__ import annotations

from dataclasses import dataclass

ZH, EN = "zh", "en"

# key: (Chinese, English); both must name the same {values}.
CATALOGUE: dict[str, tuple[str, str]] = {
    # head
    "map_title": ("步行覆盖地图", "Walking coverage map"),
    "report_title": ("步行 {limit} 分钟覆盖与缺口报告", "{limit}-minute walk: coverage and gaps"),
    "banner": ("内部工作用图", "Internal working map"),
    "date": ("日期", "Date"),
    "distance_only": ("仅按距离", "distance only"),
    "distance_only_note": (
        "仅按步行距离判定,未计采样台能力。人均站点数请对照每点 {low}–{high} 人的标准。",
        "Judged by walking distance only; desk time is not counted. "
        "Hold people per site against the norm of {low}–{high}.",
    ),
    "osm_credit": ("© OpenStreetMap contributors", "© OpenStreetMap contributors"),
    # figures
    "people": ("人口", "People"),
    "residences": ("居住点", "Residences"),
    "covered_people": ("已覆盖人口", "People covered"),
    "covered_share": ("覆盖率", "Share covered"),
    "gap_people": ("未覆盖人口", "People not covered"),
    "sites_now": ("开放站点", "Open sites"),
    "sites_added": ("新增站点", "Sites added"),
    "people_per_site": ("每站点人数", "People per site"),
    "norm": ("标准 {low}–{high}", "norm {low}–{high}"),
    "before": ("现状", "Now"),
    "after": ("建成后", "After building"),
    "before_and_after": ("现状和建成后", "Now and after building"),
    "within": ("步行 {limit} 分钟内可到达站点的人口", "of people within a {limit}-minute walk"),
    "unit_people": ("人", "people"),
    "unit_sites": ("站点", "sites"),
    "unit_cost": ("费用", "cost"),
    "unit_min": ("分钟", "min"),
    "unit_points": ("百分点", "points"),
    # legend and layers
    "legend_walk": ("步行到最近站点", "Walk to the nearest site"),
    "class_walk": ("{low}–{high} 分钟", "{low}–{high} min"),
    "class_gap": ("未覆盖", "Not covered"),
    "class_not_snapped": ("附近无道路", "No street nearby"),
    "class_no_people": ("无人居住", "No people"),
    "layer_residences": ("居住点", "Residences"),
    "layer_gap_areas": ("缺口片区(现状)", "Gap areas (now)"),
    "layer_isochrones": ("步行等时圈", "Walking bands"),
    "layer_zones": ("辖区", "Zones"),
    "layer_streets": ("街道", "Streets"),
    "layer_tiles": ("在线底图", "Base map (online)"),
    "layer_existing": ("现有站点", "Existing sites"),
    "layer_suggested": ("建议新增:{stage}", "Suggested: {stage}"),
    "legend_existing": ("现有站点", "Existing site"),
    "legend_closed": ("已关闭或规划中", "Closed or planned"),
    "legend_suggested": ("建议新增(数字为建设顺序)", "Suggested (number: order of building)"),
    "legend_gap_area": ("缺口片区(现状)", "Gap area (now)"),
    "legend_zones": ("辖区覆盖率(缩小地图时)", "Share covered by zone (zoomed out)"),
    "share_below": ("低于 {high}%", "below {high}%"),
    "share_between": ("{low}–{high}%", "{low}–{high}%"),
    "share_above": ("{low}% 以上", "{low}% and more"),
    # the page around the map
    "map_region": ("地图", "Map"),
    "panel_region": ("数据与图例", "Figures and legend"),
    "layer_region": ("图层", "Layers"),
    "skip_to_map": ("跳到地图", "Skip to the map"),
    "zoom_in": ("放大", "Zoom in"),
    "zoom_out": ("缩小", "Zoom out"),
    "north": ("北", "N"),
    "print": ("打印", "Print"),
    "paper": ("纸张", "Paper"),
    "search": ("搜索站点、辖区、居住点", "Search sites, zones, residences"),
    "search_none": ("没有找到", "Nothing found"),
    "search_found": ("找到 {count} 个", "{count} found"),
    "map_review": ("审图号:{number}", "Map review no. {number}"),
    "map_source": ("街道:{credit}", "Streets: {credit}"),
    # stage player
    "player": ("建设步骤", "Building step by step"),
    "player_play": ("播放", "Play"),
    "player_pause": ("暂停", "Pause"),
    "player_back": ("上一步", "Step back"),
    "player_forward": ("下一步", "Step forward"),
    "player_step": ("第 {step} 步,共 {count} 步", "Step {step} of {count}"),
    "player_start": ("现状,尚未建设", "Now, nothing built yet"),
    "player_gain": ("新增 {people} 人,累计 {share}", "{people} more people, {share} in all"),
    "player_curve": ("覆盖率随步骤的变化", "Share covered, step by step"),
    # what-if
    "whatif": ("情景推演", "What-if"),
    "whatif_hint": (
        "点击地图上的站点,或勾选下面的名单,开启或关闭站点。",
        "Click a site on the map, or tick it in the list, to open or close it.",
    ),
    "whatif_distance": (
        "只按步行距离重新计算,不含采样台能力。",
        "Counted by walking distance; desk time is not part of it.",
    ),
    "whatif_limit": ("步行限值", "Walking limit"),
    "whatif_limit_rounded": (
        "方案限值 {limit} 分钟不是 10 秒的整数倍,推演从其下一档开始,人数可能略少。",
        "The plan's limit of {limit} min is no multiple of 10 s; the what-if starts at the step "
        "below, so that it may count slightly fewer people.",
    ),
    "whatif_difference": ("差值", "Difference"),
    "whatif_mean_walk": ("已覆盖者平均步行(分钟)", "Mean walk of those covered (min)"),
    "whatif_reset_now": ("恢复现状", "Reset to now"),
    "whatif_reset_after": ("恢复建成后", "Reset to after building"),
    "whatif_sites": ("逐站点", "Site by site"),
    "whatif_zones": ("逐辖区", "Zone by zone"),
    "whatif_over": ("超过 {high} 人", "more than {high}"),
    "whatif_name": ("情景名称", "Name of the scenario"),
    "whatif_download": ("下载情景文件", "Download the scenario"),
    "whatif_share": (
        "本页地址记录了当前情景,可收藏或转发。",
        "The address of this page holds the scenario: keep it or pass it on.",
    ),
    "whatif_rounding": (
        "步行时间向上取整到 10 秒,限值也以 10 秒为一档,因此人数准确,平均步行最多偏大 10 秒。",
        "Walks are rounded up to 10 s and the limit moves in steps of 10 s, so that people are "
        "counted exactly and the mean walk is at most 10 s too long.",
    ),
    "whatif_said": (
        "覆盖 {people} 人({share}),与基准相差 {difference}",
        "{people} people covered ({share}), {difference} against the base",
    ),
    "whatif_walk": ("步行(推演)", "Walk (what-if)"),
    "whatif_none": ("{limit} 分钟内无开放站点", "no open site within {limit} min"),
    "whatif_unknown": (
        "地址中有本图没有的站点,已略过:{ids}",
        "Left out, because this map does not have these sites of the address: {ids}",
    ),
    "whatif_bad": (
        "无法读取地址中的情景,显示基准:{text}",
        "The scenario in the address cannot be read, the base is shown: {text}",
    ),
    # popups
    "residence": ("居住点", "Residence"),
    "walk": ("步行", "Walk"),
    "verdict": ("判定", "Verdict"),
    "zone": ("辖区", "Zone"),
    "site": ("站点", "Site"),
    "name": ("名称", "Name"),
    "stage": ("阶段", "Stage"),
    "order": ("建设顺序", "Order of building"),
    "near": ("邻近道路", "Near"),
    "people_served": ("服务人口", "People served"),
    "people_served_after": ("服务人口(建成后)", "People served (after building)"),
    "people_gained": ("新增覆盖人口", "People gained"),
    "status": ("状态", "Status"),
    "status_open": ("开放", "open"),
    "status_closed": ("关闭", "closed"),
    "status_planned": ("规划", "planned"),
    "status_suggested": ("建议新增", "suggested"),
    "gap_area": ("缺口片区", "Gap area"),
    "reason": ("原因", "Reason"),
    "nearest_miss": ("最少超出(分钟)", "Nearest miss (min)"),
    "no_path": ("无通路", "no path"),
    # verdicts
    "verdict_covered": ("已覆盖", "Covered"),
    "verdict_over_capacity": ("能力不足", "Over capacity"),
    "verdict_too_far": ("步行过远", "Too far"),
    "verdict_island": ("孤立路网", "Street island"),
    "verdict_no_site": ("路网内无站点", "No site on the network"),
    "verdict_not_snapped": ("附近无道路", "No street nearby"),
    "verdict_no_people": ("无人居住", "No people"),
    "meaning_covered": (
        "步行 {limit} 分钟内(含)可到达开放站点",
        "an open site lies within a walk of {limit} minutes or less",
    ),
    "meaning_over_capacity": (
        "距离够近,但站点已无余力",
        "a site is near enough, but no desk time is left there",
    ),
    "meaning_too_far": (
        "有路可走,但超过 {limit} 分钟",
        "there is a path, but it takes more than {limit} minutes",
    ),
    "meaning_island": (
        "所在的零散路段与主路网不相连,其上无开放站点",
        "its streets are a small piece apart from the rest, and no open site is on it",
    ),
    "meaning_no_site": (
        "所在路网上没有任何开放站点",
        "no open site anywhere on its piece of the street network",
    ),
    "meaning_not_snapped": (
        "{snap} 米内没有可步行道路;先核对坐标与路网",
        "no walkable street within {snap} m; check coordinates and streets first",
    ),
    "meaning_no_people": ("人口为 0,不计入覆盖率", "nobody lives there; no share counts it"),
    # desk time
    "desk_title": ("采样台能力", "Desk time"),
    "within_desk_time": (
        "步行 {limit} 分钟内可到达站点、且排得上采样的人口",
        "of people within a {limit}-minute walk of a site that has desk time for them",
    ),
    "say_people_desks": (
        "{people} 人中,{covered} 人({share})步行 {limit} 分钟内可到达开放站点并排得上采样;"
        "{far} 人住得过远或不通路,{unserved} 人附近有站点但采样台不够。",
        "Of {people} people, {covered} ({share}) live within a {limit}-minute walk of an open site "
        "that has desk time for them; {far} have no site within that walk, and {unserved} have "
        "one that is too busy.",
    ),
    "say_sure_desks": (
        "已计采样台能力:每台每小时 {rate} 人,每 {days} 天每人采样一次;没有写明开放时间的站点按每天 "
        "{hours} 小时计。排队时间未计。",
        "Desk time is counted: {rate} tests an hour at each desk, everybody once in {days} days; "
        "sites that name no hours are open for {hours} a day. Queues within the day are not.",
    ),
    "unserved": ("附近有站点但采样台不够的人口", "People near a site without desk time"),
    "unserved_of_these": ("其中采样台不够", "of these, no desk time:"),
    "unserved_short": ("采样台不够", "No desk time"),
    "desks": ("采样台", "Desks"),
    "desks_added": ("增加采样台", "Desks added"),
    "desk_sites": ("站点", "Sites"),
    "capacity": ("采样能力(每 {days} 天人数)", "People served at most (in {days} days)"),
    "capacity_short": ("能力", "Capacity"),
    "load_share": ("负荷", "Load"),
    "lacking": ("短缺人数", "People lacking"),
    "within_reach_only": ("只能去这些站点的人口", "People with these sites only"),
    "shortage_now": ("现状短缺", "Short of desk time now"),
    "shortage_after": ("建成后仍短缺", "Still short after building"),
    "shortage_note": (
        "每行站点合在一起已满:只能去这些站点的人,比这些站点能采样的人多,怎样分流都不够。共 {count} "
        "组,列出短缺最多的 {shown} 组,其余见 summary.json。",
        "The sites of a row are full together: the people who can reach no other site are more "
        "than these sites can serve, however they are shared out. Groups: {count}; the first "
        "{shown}, which lack most, are listed, all of them are in summary.json.",
    ),
    "shortage_none": ("没有短缺。", "Nothing runs short."),
    "shortage_first": (
        "人排不上时,先保证前面阶段的居民;其次让大家走得最少。",
        "Where desk time is short, people of earlier stages come first; then people walk least.",
    ),
    "say_build_desks": (
        "新建 {sites} 个站点、在现有站点增加 {desks} 个采样台,按此顺序完成后,"
        "覆盖率由 {before} 升至 {after}。",
        "{sites} new sites and {desks} more desks at sites that stand, in this order, lift the "
        "share from {before} to {after}.",
    ),
    "say_extend_first": (
        "第 {order} 项({stage}):站点 {site} 增加 {desks} 个采样台,新增覆盖 {people} 人。",
        "No. {order} ({stage}): {desks} more desks at site {site}; {people} more people covered.",
    ),
    "build_note_desks": (
        "共 {count} 项,列出前 {shown} 项;其余见 rollout.csv。坐标为 WGS84。新增覆盖为各阶段合计。",
        "{count} steps, the first {shown} listed; the rest is in rollout.csv. Coordinates are "
        "WGS84. People gained are those of all stages.",
    ),
    "action": ("做法", "Action"),
    "action_build": ("新建", "build"),
    "action_extend": ("增台", "extend"),
    "curve_x_desks": ("建设步骤", "steps of building"),
    "map_unserved": ("{verdict}({people} 人排不上)", "{verdict} ({people} people)"),
    # stages
    "stage_city": ("城市", "City"),
    "stage_county_town": ("县城", "County towns"),
    "stage_countryside": ("农村", "Countryside"),
    "stage_all": ("全部", "All"),
    "goal": ("目标", "Goal"),
    "goal_target": ("覆盖 {share}", "cover {share}"),
    "goal_max_sites": ("至多 {count} 个站点", "sites: at most {count}"),
    "goal_budget": ("预算 {money}", "budget {money}"),
    "objective": ("结果", "Result"),
    "bound": ("理论界", "Proven bound"),
    "proof_gap": ("差距", "Gap"),
    "proof": ("证明", "Proof"),
    "proof_optimal": ("已证明最优", "proven optimal"),
    "proof_feasible": ("可行,离最优至多差 {gap}", "at most {gap} from the optimum"),
    "proof_stopped": (
        "到时停止,离最优至多差 {gap}",
        "stopped by the time limit; at most {gap} from the optimum",
    ),
    "proof_impossible": (
        "目标无法达到,已建至最好",
        "the goal cannot be met; the best possible is built",
    ),
    "proof_none": ("无需新增", "nothing to build"),
    # report sections
    "totals": ("总体情况", "Totals"),
    "by_verdict": ("按判定", "By verdict"),
    "meaning": ("含义", "Meaning"),
    "by_stage": ("按阶段", "By stage"),
    "by_zone": ("按辖区", "By zone"),
    "zone_note": (
        "缩进的行属于其上一级;人口为 0 的辖区也列出。箭头前为现状,后为建成后。"
        "每站点人数高于标准者以 ▲ 标出。",
        "Indented rows belong to the row above; zones without people stay in the table. "
        "Before the arrow: now; behind it: after building. "
        "▲ marks more people per site than the norm.",
    ),
    "zone_outside": ("辖区以外", "Outside all zones"),
    "mean_walk": ("平均步行(分钟)", "Mean walk (min)"),
    "worst_walk": ("最长步行(分钟)", "Longest walk (min)"),
    "gap_list": ("缺口清单", "Gaps"),
    "gap_list_note": (
        "共 {count} 个缺口片区,按人口列出前 {shown} 个。",
        "{count} gap areas; the {shown} with most people are listed.",
    ),
    "gap_none": ("没有缺口片区。", "There is no gap area."),
    "build_list": ("建设顺序", "What to build, in order"),
    "build_none": ("没有建议新增的站点。", "No site is suggested."),
    "build_note": (
        "共 {count} 个,列出前 {shown} 个;其余见 rollout.csv。坐标为 WGS84。",
        "{count} sites, the first {shown} listed; the rest is in rollout.csv. "
        "Coordinates are WGS84.",
    ),
    # what cannot be done
    "remedy_list": ("做不到的原因与最小补救", "What cannot be done, and the smallest change"),
    "remedy_none": (
        "各阶段都做到了计划所要求的,没有需要补救的。",
        "Every stage does what the plan asks for; there is nothing to mend.",
    ),
    "remedy_not_asked": (
        "本次没有选址,因此没有补救清单。",
        "No sites were sought in this run, so there is no list of changes.",
    ),
    "remedy_note": (
        "共 {count} 项,每阶段列出人数最多的前 {shown} 项,其余见 remedies.csv(含坐标)。"
        "各项帮助的人互不重复,只有放宽时限是其他各项的替代办法。",
        "{count} changes; the {shown} that help most people are listed for each stage, all of "
        "them with coordinates in remedies.csv. Each helps other people, but for a longer limit, "
        "which takes the place of the others.",
    ),
    "remedy": ("补救办法", "Change"),
    "helped": ("帮助人口", "People helped"),
    "over_limit": ("超出时限(分钟)", "Over the limit (min)"),
    "to_site": ("到最近站点", "to a site"),
    "to_candidate": ("到最近候选点", "to a candidate"),
    "in_reach": ("可到达", "in reach"),
    "place": ("位置", "Place"),
    "why_no_backup": ("缺少备用站点", "No backup within reach"),
    "why_site": ("名额或预算已用完", "the number or the budget is used up"),
    "why_candidate": ("可到达范围内没有候选点", "no candidate within reach"),
    "remedy_site": ("在候选点再建 1 个站点 {place}", "one more site, on a candidate {place}"),
    "remedy_candidate": ("此处增加 1 个候选点", "one more candidate, here"),
    "remedy_street": (
        "接通到主路网的 {street} 米道路",
        "{street} m of street to the main network",
    ),
    "remedy_desk": ("站点 {place} 增加采样台", "more desks at site {place}"),
    "remedy_desk_count": (
        "站点 {place} 增加 {desks} 个采样台",
        "more desks at site {place}: {desks}",
    ),
    "remedy_round": (
        "巡回采样:最近的道路在 {street} 米外",
        "a roving team: the nearest street is {street} m away",
    ),
    "remedy_limit": ("时限放宽到 {limit} 分钟", "a limit of {limit} minutes"),
    "say_target_missed": (
        "{stage}(目标:{goal}):还差 {missing} 人。",
        "{stage} (goal: {goal}): {missing} people short.",
    ),
    "say_zones_short": (
        "{stage}:低于最低覆盖率的辖区 {zones} 个,共差 {people} 人。",
        "{stage}: zones under their floor: {zones}, short of {people} people together.",
    ),
    "say_enough": (
        "做到标 ● 的 {needed} 项就够了,可帮助 {people} 人。",
        "The changes marked ● ({needed}) are enough; they help {people} people.",
    ),
    "say_longer_limit": (
        "或者把步行时限放宽到 {limit} 分钟。",
        "Or a walking limit of {limit} minutes.",
    ),
    "say_no_limit": ("只放宽时限达不到目标。", "No longer limit alone would do."),
    "say_means_used": (
        "{stage}({goal}):按计划建成后仍有 {people} 人未覆盖,下表是接下来最有用的办法。",
        "{stage} ({goal}): {people} people stay uncovered once this is built; the table says what "
        "would help them next.",
    ),
    # closing a site
    "closure_list": ("关掉任何一个站点会怎样", "If one site closes"),
    "closure_note": (
        "逐一假设每个站点单独关闭,其余照常。共 {count} 个站点,按失去覆盖的人口列出前 {shown} 个,"
        "全部见 closures.csv。箭头前为现状,后为建成后。",
        "Each site closes by itself, all others stay. {count} sites; the {shown} whose closing "
        "hits most people are listed, all of them in closures.csv. Before the arrow: now; behind "
        "it: after building.",
    ),
    "closure_distance_only": (
        "只看步行距离:其余站点的采样台能否接得住转来的人,这里没有计算。",
        "By walking distance only: whether the other sites have desk time for those who come over "
        "is not counted.",
    ),
    "nobody_in_reach": ("〔可到达人口为 0〕", " [nobody within reach]"),
    "closure_none": ("没有开放的站点。", "There is no open site."),
    "people_in_reach": ("可到达人口", "People within reach"),
    "lose_cover": ("失去覆盖人口", "People who lose cover"),
    "walk_further": ("须多走人口", "People who walk further"),
    "extra_walk": ("平均多走(分钟)", "by (min, mean)"),
    "say_unmissed": (
        "{state}:有 {alone} 个站点,关闭时没有人失去覆盖,同时关闭也是如此:{sites}。",
        "{state}: sites that could close, even all at once, without anybody losing cover: "
        "{alone} ({sites}).",
    ),
    "say_unmissed_some": (
        "{state}:有 {alone} 个站点,单独关闭时没有人失去覆盖;它们互为替补,最多 {together} 个可以"
        "同时关闭(已证明),例如标 ● 的:{sites}。",
        "{state}: sites that could close, each by itself, without anybody losing cover: {alone}. "
        "As they stand in for each other, at most {together} can close together (proved), for "
        "example those marked ●: {sites}.",
    ),
    "say_unmissed_at_least": (
        "{state}:有 {alone} 个站点,单独关闭时没有人失去覆盖;它们互为替补,可以同时关闭的至少 "
        "{together} 个、至多 {bound} 个,例如标 ● 的:{sites}。",
        "{state}: sites that could close, each by itself, without anybody losing cover: {alone}. "
        "As they stand in for each other, at least {together} and at most {bound} can close "
        "together, for example those marked ●: {sites}.",
    ),
    "say_all_missed": (
        "{state}:关闭任何一个站点,都有人失去覆盖。",
        "{state}: whichever site closes, somebody loses cover.",
    ),
    "and_more_closures": ("等,其余见 closures.csv", "and more; see closures.csv"),
    "curve": ("覆盖率随新增站点的变化", "Share covered against sites built"),
    "curve_x": ("新增站点数", "sites built"),
    "picture": ("位置示意", "Where it is"),
    "picture_note": (
        "橙色为缺口片区(建设前),圆圈为现有站点,黑色方块为建议新增站点。",
        "Orange: gap areas before building. Circles: existing sites. "
        "Black squares: suggested sites.",
    ),
    "assumptions": ("采用的参数", "Parameters in force"),
    "parameter": ("参数", "Parameter"),
    "value": ("取值", "Value"),
    "sources": ("数据来源", "Data sources"),
    "file": ("文件", "File"),
    "versions": ("软件版本", "Versions"),
    "not_snapped": ("未接入路网的居住点", "Residences that joined no street"),
    "not_snapped_note": (
        "{count} 个居住点({people} 人)在 {snap} 米内没有可步行道路,计为未覆盖。",
        "{count} residences ({people} people) have no walkable street within {snap} m; "
        "they count as not covered.",
    ),
    "not_snapped_none": (
        "全部居住点都已接入路网。",
        "Every residence joined the street network.",
    ),
    "and_more": ("等,其余见 residences.parquet", "and more; see residences.parquet"),
    "price_of_order": (
        "按阶段先后建设的代价:与一次性统筹同样的投入相比,少覆盖 {people} 人。",
        "Price of the order: planning all stages at once with the same means would cover "
        "{people} more people.",
    ),
    "price_of_order_at_least": (
        "按阶段先后建设的代价:与一次性统筹同样的投入相比,至少少覆盖 {people} 人。",
        "Price of the order: planning all stages at once with the same means would cover "
        "at least {people} more people.",
    ),
    # first page sentences
    "say_people": (
        "{people} 人中,{covered} 人({share})步行 {limit} 分钟内可到达开放站点;{gap} 人还不能。",
        "Of {people} people, {covered} ({share}) live within a {limit}-minute walk of an open "
        "site; {gap} do not.",
    ),
    "say_worst": ("缺口最大的地方", "The largest gaps"),
    "say_gap": (
        "{zone},{near}附近:{people} 人,{reason}。",
        "{zone}, near {near}: {people} people, {reason}.",
    ),
    "say_gap_no_street": (
        "{zone}:{people} 人,{reason}。",
        "{zone}: {people} people, {reason}.",
    ),
    "say_no_gap": ("没有未覆盖的片区。", "Nobody is left out."),
    "say_build": ("先建什么", "What to build first"),
    "say_build_total": (
        "按顺序新增 {count} 个站点后,覆盖率由 {before} 升至 {after}。",
        "{count} sites, built in this order, lift the share from {before} to {after}.",
    ),
    "say_build_planned": (
        "其中包括 {count} 个已在规划中的站点的作用。",
        "This includes what {count} sites do that are planned already.",
    ),
    "say_build_first": (
        "第 {order} 个({stage}):{near},新增覆盖 {people} 人。",
        "No. {order} ({stage}): {near}; {people} more people covered.",
    ),
    "say_build_none": ("本次没有建议新增站点。", "No site was suggested in this run."),
    "say_sure": ("把握有多大", "How sure this is"),
    "say_sure_walk": (
        "每个居住点都沿步行路网逐一计算,不用直线圆圈;步速 {speed} 公里/小时。",
        "The walk of every residence was measured along the streets, not by circles; "
        "at {speed} km/h.",
    ),
    "say_sure_cells": (
        "人口取自格网:{people} 人,其中 {stand_in_people} 人所在的 {stand_ins} 个格子没有居住点,"
        "以格子中心代替。",
        "The people come from cells: {people}, of them {stand_in_people} in {stand_ins} cells "
        "without a residence, who stand at the middle of their cell.",
    ),
    "say_elderly": (
        "65 岁及以上 {people} 人,其中 {share} 已覆盖。",
        "{people} people are 65 and older; {share} of them are covered.",
    ),
    "say_sure_hills": (
        "上坡慢、下坡略快,按道路高程计算。",
        "Uphill takes longer, along the heights of the streets.",
    ),
    "say_sure_band": (
        "步速是估计值:按{slow}({slow_kmh} 公里/小时),{slow_share} 的人口可达;"
        "按{fast}({fast_kmh} 公里/小时),{fast_share}。",
        "The speed is an estimate: at {slow_kmh} km/h ({slow}) {slow_share} of the people are "
        "within reach, at {fast_kmh} km/h ({fast}) {fast_share}.",
    ),
    "band": ("步行速度的影响", "What hangs on the walking speed"),
    "band_note": (
        "同样的站点,按其他步速计算的可达人口占比,不计采样能力。箭头前为现状,后为建成后。",
        "The same sites at other walking speeds: share of the people within reach, desk time not "
        "counted. Before the arrow: now; behind it: after building.",
    ),
    "profile": ("步行者", "Walker"),
    "speed": ("步速(公里/小时)", "Speed (km/h)"),
    "reached_share": ("可达人口占比", "Within reach"),
    "profile_standard": ("标准", "standard"),
    "profile_brisk": ("快步", "brisk"),
    "profile_elderly": ("老年人", "elderly"),
    "profile_frail": ("体弱者", "frail"),
    "say_sure_proof": ("{stage}:{proof}。", "{stage}: {proof}."),
    "say_sure_not_snapped": (
        "{people} 人的住处在 {snap} 米内没有道路,请先核对数据。",
        "{people} people live where no street lies within {snap} m: check the data first.",
    ),
    "list_and": ("、", ", "),
    # glossary
    "glossary": ("名词解释", "Words"),
    "word_walk": ("步行时间", "Walk"),
    "explain_walk": (
        "从住处到最近街道、沿街道到站点、再到站点门口的总时间,按平地步速计。",
        "From the home to the nearest street, along streets, and on to the site, "
        "at the walking speed.",
    ),
    "word_covered": ("已覆盖", "Covered"),
    "explain_covered": (
        "步行时间不超过 {limit} 分钟;恰好 {limit} 分钟也算。",
        "The walk takes {limit} minutes or less; exactly {limit} counts.",
    ),
    "word_gap": ("缺口", "Gap"),
    "explain_gap": ("未覆盖的居住点。", "Residences that are not covered."),
    "word_stage": ("阶段", "Stage"),
    "explain_stage": (
        "建设的先后:先城市,后县城,再农村;先建的不因后建的而移动。",
        "The order of building: city, then county towns, then the countryside; "
        "nothing built earlier is moved.",
    ),
    "word_bound": ("理论界与差距", "Bound and gap"),
    "explain_bound": (
        "任何方案都不可能超过的界,以及本方案离它有多远;差距为 0 即最优。",
        "A limit that no plan can pass, and how far this plan is from it; 0 means optimal.",
    ),
    "word_desk_time": ("采样台能力", "Desk time"),
    "explain_desk_time": (
        "站点在一个采样周期内能采样的人数 = 采样台数 × 每天小时 × 每台每小时人数 × 天数。",
        "People whom a site can test in one interval: desks × hours a day × tests an hour × days.",
    ),
    "word_distance_only": ("仅按距离", "Distance only"),
    "explain_distance_only": (
        "没有采样台数据时,不判断排队与能力。城市里通常能力先不够。",
        "Without desk data nothing is said about queues; in a city capacity is what runs "
        "short first.",
    ),
}


@dataclass(frozen=True)
class Words:
    """The catalogue in one language: ``Words("en")("before")`` is ``"Now"``."""

    language: str

    def __call__(self, key: str, **values: str) -> str:
        """
        Look up one text and fill in its values.

        Parameters
        ----------
        key
            A key of `CATALOGUE`.
        **values
            What stands for the names in braces.

        Returns
        -------
        text
            The text in the language of these words.

        Raises
        ------
        KeyError
            If there is no such text, or a value is missing.

        Examples
        --------
        >>> Words("zh")("class_walk", low="0", high="5")
        '0–5 分钟'
        """
        zh, en = CATALOGUE[key]
        return (zh if self.language == ZH else en).format(**values)

    def profile(self, name: str) -> str:
        """
        Name a profile: the known ones in this language, others as the plan has them.

        Examples
        --------
        >>> Words("zh").profile("elderly"), Words("zh").profile("cart")
        ('老年人', 'cart')
        """
        key = f"profile_{name}"
        return self(key) if key in CATALOGUE else name

    def stage(self, name: str) -> str:
        """
        Name a stage: the usual ones in this language, others as the plan has them.

        Examples
        --------
        >>> Words("en").stage("county_town"), Words("en").stage("phase 2")
        ('County towns', 'phase 2')
        """
        key = f"stage_{name}"
        return self(key) if key in CATALOGUE else name
