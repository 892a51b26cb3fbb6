"""Words of the audit's page: Chinese and English, and the findings in Chinese."""

from __future__ import annotations

# key: (Chinese, English); both must name the same {values}.
WORDS: dict[str, tuple[str, str]] = {
    "audit_title": ("数据核查", "Audit of the inputs"),
    "severity_falsifies": ("使结论失真", "falsifies"),
    "severity_doubtful": ("存疑", "doubtful"),
    "severity_note": ("提示", "note"),
    "say_falsifies": (
        "有 {count} 项会使结论失真:先改正,再使用覆盖率和缺口。",
        "Findings that falsify verdicts: {count}. Mend them before any share or gap is used.",
    ),
    "say_doubtful": (
        "没有使结论失真的问题;有 {count} 项存疑,请逐项核对。",
        "Nothing falsifies verdicts. Doubtful findings to look into: {count}.",
    ),
    "say_clean": ("没有发现可疑之处。", "Nothing doubtful was found."),
    "refusal": ("按现在的数据无法运行", "A run would stop on these inputs"),
    "findings": ("发现的问题", "Findings"),
    "findings_note": (
        "按严重程度、再按涉及人口排列。每项列出前 {shown} 个编号,"
        "全部编号用 walkcover check --json 导出。",
        "In order of severity, then of people. The first {shown} ids of each are listed; walkcover "
        "check --json gives all.",
    ),
    "severity": ("程度", "Severity"),
    "count": ("数量", "Count"),
    "what": ("问题", "What"),
    "advice": ("怎么办", "What to do"),
    "ids": ("编号", "ids"),
    "and_more_ids": ("等 {count} 个", "… {count} in all"),
    "legs": ("到最近道路的直线距离", "Straight line to the nearest street"),
    "legs_note": (
        "数据正确时,多数居住点和站点离道路不过几十米;"
        "成片地超过 100 米,往往是坐标系有误或路网不全。",
        "With right data most places lie a few tens of metres from a street; many beyond 100 m "
        "mostly mean a wrong coordinate system or missing streets.",
    ),
    "legs_residences": ("居住点", "Residences"),
    "legs_sites": ("站点", "Sites"),
    "legs_candidates": ("候选点", "Candidates"),
    "class_upto": ("{low}–{high} 米", "{low}–{high} m"),
    "class_beyond": ("{low} 米以上", "over {low} m"),
    "class_lost": ("附近无道路", "no street near"),
    "bar_people": ("{places}({people} 人)", "{places} ({people} people)"),
    "facts": ("数据一览", "The inputs"),
    "severity_meaning": ("程度的含义", "What the severities mean"),
    "meaning_falsifies": (
        "改正以前,覆盖与否的判定不可信;命令以退出码 1 结束",
        "verdicts cannot be trusted before it is mended; the command exits with 1",
    ),
    "meaning_doubtful": (
        "可能有误,影响部分居住点或站点;请核对",
        "may be wrong for some residences or sites; look into it",
    ),
    "meaning_note": ("应当知道,未必有误", "good to know, not necessarily wrong"),
    "overlaps_refused": (
        "辖区互相重叠、编号重复、阶段不明等不合约定的数据会直接报错,不列在这里。",
        "Inputs that break their contract (overlapping zones, repeated ids, unknown stages) stop "
        "with an error and are not listed here.",
    ),
    "fact_network.source": ("路网文件", "Street file"),
    "fact_network.nodes": ("路网节点", "Nodes"),
    "fact_network.edges": ("路段", "Edges"),
    "fact_network.street_km": ("道路总长(公里)", "Street (km)"),
    "fact_network.private_km": ("其中内部道路(公里)", "of it private (km)"),
    "fact_network.pieces": ("互不连通的路网", "Connected pieces"),
    "fact_network.largest_share": ("最大一片占道路总长", "Largest piece, share of street"),
    "fact_network.islands": ("其中孤立路网", "of them islands"),
    "fact_network.island_km": ("孤立路网总长(公里)", "Street on islands (km)"),
    "fact_network.metric_crs": ("平面坐标系(找最近道路用)", "Metric CRS of nearest-point searches"),
    "fact_residences.source": ("居住点文件", "Residences"),
    "fact_residences.crs": ("居住点坐标系", "CRS of residences"),
    "fact_residences.reading": ("居住点文件的读取", "How residences were read"),
    "fact_residences.count": ("居住点数", "Number of residences"),
    "fact_residences.people": ("人口", "People"),
    "fact_residences.on_islands": ("在孤立路网上的居住点", "Residences on islands"),
    "fact_residences.no_street": ("附近无道路的居住点", "Residences without a street near"),
    "fact_sites.source": ("站点文件", "Sites"),
    "fact_sites.crs": ("站点坐标系", "CRS of sites"),
    "fact_sites.reading": ("站点文件的读取", "How sites were read"),
    "fact_sites.open": ("开放站点", "Open sites"),
    "fact_sites.closed": ("关闭站点", "Closed sites"),
    "fact_sites.planned": ("规划站点", "Planned sites"),
    "fact_sites.on_islands": ("在孤立路网上的站点", "Sites on islands"),
    "fact_sites.no_street": ("附近无道路的站点", "Sites without a street near"),
    "fact_zones.source": ("辖区文件", "Zones"),
    "fact_zones.crs": ("辖区坐标系", "CRS of zones"),
    "fact_zones.reading": ("辖区文件的读取", "How zones were read"),
    "fact_zones.count": ("辖区数", "Number of zones"),
    "own_crs": ("文件自带", "the file's own"),
    "not_given": ("未提供", "not given"),
    "nothing_noted": ("无特别之处", "nothing to note"),
}

# By code: what was found, and what to do; they name the values of the English texts.
FINDINGS_ZH: dict[str, tuple[str, str]] = {
    "coordinates": (
        "个核对过的地点与计划所写的坐标系不符:{text}",
        "先弄清楚这一项:进出这些地点的步行时间都受影响",
    ),
    "pieces": (
        "片互不连通的路网;最大一片占道路总长 {street_km} 公里的 {largest};"
        "其中孤立路网 {islands} 片,共 {island_km} 公里,"
        "{residences} 的居住点和 {sites} 的站点落在上面",
        "若有较大的一片被隔断,检查路网文件是否缺桥、缺过街通道或连接段",
    ),
    "steep_edges": (
        "个路段坡度大于道路可能的坡度(共 {km} 公里,最陡 {steepest})",
        "核对该处高程:桥梁、隧道、路堑,或高程数据空洞;经过这些路段的步行时间偏长",
    ),
    "lost_residences": (
        "个居住点附近没有道路,占人口 {share}",
        "补全该处道路,或改正坐标;在此之前按未覆盖计",
    ),
    "barred_residences": (
        "个居住点若无围墙等屏障阻隔,本可接入道路",
        "查找路网文件中缺失的大门;这些居民计为未覆盖",
    ),
    "island_residences": (
        "个居住点落在孤立路网上,由此走不到多数地方",
        "在路网文件中补上缺失的连接段;孤立路网上没有站点,则其上居民都未覆盖",
    ),
    "piece_without_site": (
        "个居住点所在的路网上没有任何开放站点",
        "检查路网文件是否缺桥或连接段;若确实不通,需要另设站点",
    ),
    "long_legs": (
        "个居住点离道路超过 {leg_m} 米(占人口 {share});这一段按直线计,并非道路",
        "补上周围的人行道和大门:这些居住点的步行时间只是估计",
    ),
    "gate_unknown": (
        "个小区有围墙或为内部道路,大门位置不明",
        "补上大门(barrier=gate、entrance=*),或把居住点放在大门处",
    ),
    "nobody_covered": (
        "个开放站点,却没有一个居民被覆盖",
        "核对站点与居住点是否同一城市,以及两者的坐标系",
    ),
    "lost_sites": (
        "个开放站点附近没有道路,不能服务任何人,而 {reach_m} 米内有居民",
        "改正坐标,或补上通往站点的道路",
    ),
    "far_sites": (
        "个开放站点离所有居住点都超过 {reach_m} 米,不服务任何人",
        "若给的是更大范围的站点清单,则属正常;否则核对坐标,并检查居住点是否缺漏",
    ),
    "lost_planned_sites": (
        "个规划站点附近没有道路,建成后也不能服务任何人",
        "改正坐标,或补上通往站点的道路",
    ),
    "island_sites": (
        "个开放站点落在孤立路网上,其他居民走不到",
        "改正坐标,或在路网文件中补上缺失的连接段",
    ),
    "none_open": (
        "个站点,没有一个是开放的",
        "核对状态一列:没有开放站点,就没有人被覆盖",
    ),
    "closed_sites": ("个站点已关闭,不服务任何人", "核对是否确已关闭"),
    "planned_sites": (
        "个站点在规划中:计入建成后,不计入现状",
        "投入使用后把状态改为开放",
    ),
    "far_off_residences": (
        "个居住点远离其他所有居住点:{places}",
        "改正坐标(错了一位数字,或用了别处的同名地址),或删去这些行",
    ),
    "far_off_sites": (
        "个站点远离其他所有站点:{places}",
        "改正坐标(错了一位数字,或用了别处的同名地址),或删去这些行",
    ),
    "far_off_candidates": (
        "个候选点远离其他所有候选点:{places}",
        "改正坐标(错了一位数字,或用了别处的同名地址),或删去这些行",
    ),
    "twin_residences": (
        "个居住点与另一行位置和人数都相同;其中 {repeats} 行是重复的",
        "删去重复录入的行:可能有 {doubled} 人算了两次",
    ),
    "near_residences": (
        "个居住点在 {near_m} 米内有人数相同的另一个",
        "核对是否同一处录入了两次、坐标略有不同",
    ),
    "stacked_residences": (
        "个居住点落在 {places} 个点上,每点有 {least} 个或更多",
        "同一栋楼的各单元属正常;若是地址查询不到而落在街道中点或办事处,步行时间就是那一点的",
    ),
    "sites_in_one_place": (
        "个站点与另一个坐标相同:共 {places} 个点,{repeats} 个重复",
        "同一站点只留一行(采样台合计):每站点人数和采样能力会重复计算;步行时间不受影响",
    ),
    "near_sites": (
        "个站点在 {near_m} 米内还有另一个,坐标不完全相同",
        "核对是否同一站点录入了两次",
    ),
    "candidates_in_one_place": (
        "个候选点与另一个坐标相同:共 {places} 个点,{repeats} 个重复",
        "一处只留一行",
    ),
    "candidates_at_sites": (
        "个候选点离开放站点不到 {near_m} 米",
        "删去;除非那里确实可以再设一个站点",
    ),
    "lost_candidates": (
        "个候选点附近没有道路,无法选用",
        "改正坐标,或补上通往那里的道路",
    ),
    "people_all_zero": (
        "个居住点,人数全部为 0",
        "核对人数一列:没有可覆盖的居民",
    ),
    "total_row": (
        "个居住点的人数等于其余全部之和",
        "合计行被当成了居住点:删去它,否则人人算了两次",
    ),
    "many_people": (
        "个居住点人数超过 {most}",
        "核对是否填了整个街道的人数或多了一位数字;若属实,请拆分,因为这些人都从同一点出发",
    ),
    "people_all_equal": (
        "个居住点,人数都是 {each},覆盖率实际上数的是居住点,不是人",
        "若有各自的人数,请填入",
    ),
    "no_people": (
        "个居住点人数为 0,不计入覆盖率",
        "空楼属正常;否则补填人数",
    ),
    "outside_zones": (
        "个居住点在所有辖区以外,单列一行,不归任何街道管",
        "核对坐标和边界,检查是否缺少辖区",
    ),
    "zone_holes": (
        "处辖区之间的空洞,共 {km2} 平方公里、{heads} 人,周边辖区为:{places}",
        "补上缺少的辖区,或把边界接上(湖泊、飞地可以保留)",
    ),
    "empty_zones": (
        "个辖区没有居住点",
        "检查是否漏了居住点:报告中这些辖区为 0 人",
    ),
    "unused_stages": (
        "个阶段没有居住点:{names}",
        "核对阶段名称和城乡分类代码,或从计划中删去",
    ),
    "stand_ins": (
        "个居住点是替代点:那里有人口,却没有给出居住点",
        "补上缺少的房屋;替代点从网格中心出发",
    ),
    "reading": (
        "条读取 {table} 时的说明:{text}",
        "核对表格是否被正确理解",
    ),
    "hours_not_understood": (
        "个站点的开放时间没有读懂:{texts}",
        "请写成 08:00-12:00;在此之前按 [desks] 的小时数计",
    ),
}
