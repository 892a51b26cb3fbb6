"""The words of every finding of the audit, in English; the page has the Chinese ones."""

# By code: what is counted, and what to do about it. Names in braces are values of the finding.
# fmt: off
TEXTS: dict[str, tuple[str, str]] = {
    # streets
    "coordinates": (
        "places looked at speak against the coordinate system of the plan: {text}",
        "settle this first: every walk from or to these places hangs on it",
    ),
    "pieces": (
        "connected pieces make up the street network; the largest has {largest} of its {street_km} "
        "km; islands among them: {islands}, with {island_km} km, which {residences} of the "
        "residences and {sites} of the sites joined",
        "where a large piece is cut off, look for a bridge, a crossing or a link that the street "
        "file lacks",
    ),
    "steep_edges": (
        "edges steeper than a street can be ({km} km, the steepest {steepest})",
        "check elevation there: a bridge, a tunnel, a cutting or a void of the elevation model; "
        "walks over them are too long",
    ),
    # residences on the network
    "lost_residences": (
        "residences have no street near: {share} of the people",
        "complete the street file there, or mend their coordinates; they count as not covered",
    ),
    "barred_residences": (
        "residences would join a street if no wall or other barrier stood between",
        "look for the gate that the street file lacks; they count as not covered",
    ),
    "island_residences": (
        "residences joined an island of the network, where they reach few others",
        "add the missing link to the street file; without a booth on the island nobody there is "
        "covered",
    ),
    "piece_without_site": (
        "residences stand on a piece of the network without any open site",
        "look for a bridge or a link that the street file lacks; else they need a site of their "
        "own",
    ),
    "long_legs": (
        "residences are farther than {leg_m} m from a street ({share} of the people); this leg is "
        "a straight line, not a way",
        "add the missing footways and gates around them: their walks are guesses",
    ),
    "gate_unknown": (
        "compounds are walled or private and nobody knows their gate",
        "map their gates (barrier=gate, entrance=*), or place the residence at its gate",
    ),
    "nobody_covered": (
        "open sites, and nobody is covered by any of them",
        "check that sites and residences are of the same town, and the crs of both",
    ),
    # sites on the network
    "lost_sites": (
        "open sites have no street near and serve nobody, though people live within {reach_m} m",
        "mend their coordinates, or add the streets that lead there",
    ),
    "far_sites": (
        "open sites lie farther than {reach_m} m from every residence and serve nobody",
        "right where the sites of a larger area were given; else check their coordinates, and "
        "whether residences are missing",
    ),
    "lost_planned_sites": (
        "planned sites have no street near and will serve nobody",
        "mend their coordinates, or add the streets that lead there",
    ),
    "island_sites": (
        "open sites stand on an island of the network, out of reach for all others",
        "mend their coordinates, or add the missing link to the street file",
    ),
    "none_open": (
        "sites are given and none of them is open",
        "check the column of status: with no open site nobody is covered",
    ),
    "closed_sites": ("sites are closed and serve nobody", "check that they really are closed"),
    "planned_sites": (
        "sites are planned: they count after building, not today",
        "set their status to open once they work",
    ),
    # places
    "far_off_residences": (
        "residences lie far away from all others: {places}",
        "mend their coordinates (a wrong digit, another town's address), or leave the rows out",
    ),
    "far_off_sites": (
        "sites lie far away from all others: {places}",
        "mend their coordinates (a wrong digit, another town's address), or leave the rows out",
    ),
    "far_off_candidates": (
        "candidates lie far away from all others: {places}",
        "mend their coordinates (a wrong digit, another town's address), or leave the rows out",
    ),
    "twin_residences": (
        "residences share place and number of people with another row; {repeats} rows repeat one",
        "delete what was entered twice: {doubled} people may count double",
    ),
    "near_residences": (
        "residences have another one with as many people within {near_m} m",
        "look whether the same one was entered twice with slightly different coordinates",
    ),
    "stacked_residences": (
        "residences lie on {places} points that hold {least} or more of them",
        "right for stairs of one house; where an address search put them on the middle of a "
        "street or an office, their walks are those of that point",
    ),
    "sites_in_one_place": (
        "sites share their coordinates with another one: {places} points, {repeats} repeats",
        "keep one row for one booth (with all its desks): people per site and desk time count it "
        "more than once; the walks do not change",
    ),
    "near_sites": (
        "sites have another one within {near_m} m, though not on the same point",
        "look whether the same booth was entered twice",
    ),
    "candidates_in_one_place": (
        "candidates share their coordinates with another one: {places} points, {repeats} repeats",
        "keep one row for one place",
    ),
    "candidates_at_sites": (
        "candidates lie within {near_m} m of an open site",
        "leave them out, unless a second booth can really stand there",
    ),
    "lost_candidates": (
        "candidates have no street near, so that nothing can be built there",
        "mend their coordinates, or add the streets that lead there",
    ),
    # people
    "people_all_zero": (
        "residences, and all of them have 0 people",
        "check the column of people: there is nobody to cover",
    ),
    "total_row": (
        "residence has as many people as all others together",
        "a row of totals was read as a residence: delete it, everybody counts twice",
    ),
    "many_people": (
        "residences have more than {most} people each",
        "check for numbers of a whole district or with a digit too many; split real ones, since "
        "all these people walk from one point",
    ),
    "people_all_equal": (
        "residences have {each} people each, so that shares count residences, not people",
        "give their own numbers of people where these are known",
    ),
    "no_people": (
        "residences have 0 people and enter no share",
        "right for empty houses; else fill in their people",
    ),
    # zones and stages
    "outside_zones": (
        "residences lie outside all zones; they are a row of their own and of no office",
        "check their coordinates, the borders, and whether a zone is missing",
    ),
    "zone_holes": (
        "holes lie between the zones, {km2} km² and {heads} people in all, beside these zones: "
        "{places}",
        "add the zone that is missing, or close the borders (lakes and neighbours' enclaves may "
        "stay)",
    ),
    "empty_zones": (
        "zones have no residence",
        "check whether their residences are missing: the report shows 0 people there",
    ),
    "unused_stages": (
        "stages of the plan have no residence: {names}",
        "check the spelling of stages and the class codes, or take them out of the plan",
    ),
    "stand_ins": (
        "residences are stand-ins: people live there, and no residence was given",
        "add the missing houses to the residences; walks start from the middle of the cell",
    ),
    # reading
    "reading": (
        "note(s) on reading {table}: {text}",
        "check that the table was understood rightly",
    ),
    "hours_not_understood": (
        "sites have opening hours that were not understood: {texts}",
        "write them as 08:00-12:00; until then the hours of [desks] hold for these sites",
    ),
}
# fmt: on
# These say the ids themselves.
NAMED = ("far_off_residences", "far_off_sites", "far_off_candidates")
