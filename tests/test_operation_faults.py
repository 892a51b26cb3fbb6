"""Sections of the plan on daily work: defaults, and values that cannot be meant."""

import pytest

from walkcover import PlanError
from walkcover.plan_mapping import plan_from_mapping
from walkcover.plan_operations import SERVICES, Costs, Group

BASE = {"network": {"source": "a.osm.pbf"}, "residences": {"source": "osm", "people": 1}}


def test_the_defaults_are_those_of_the_source():
    plan = plan_from_mapping(BASE)
    assert plan.demand.peaks == (12.0, 18.0)
    assert plan.demand.intervals == (7.0, 5.0, 3.0, 2.0)
    assert (plan.relay.pooling, plan.relay.collect_every_h, plan.relay.hold_h) == (10, 2.0, 4.0)
    assert 500 <= plan.relay.dispatch_tubes <= 1000
    assert plan.roads.snap_limit_m == 1000
    assert plan.services == SERVICES
    assert not plan.costs.are_given
    assert Costs(desk_day=1.0).are_given


def test_entries_are_read_and_chinese_kinds_are_understood():
    plan = plan_from_mapping(
        BASE
        | {
            "services": [{"kind": "学校", "at_least": 50, "by": "visit"}, {"by": "round"}],
            "groups": [{"kind": "企业", "hours": ["7-9", "17-20"], "peaks": 8}],
        }
    )
    assert [(rule.kind, rule.by) for rule in plan.services] == [
        ("school", "visit"),
        ("any", "round"),
    ]
    assert plan.groups[0].kind == "employer"
    assert plan.groups[0].peaks == (8.0,)
    assert [hour for hour, may in enumerate(plan.groups[0].allowed) if may] == [7, 8, 17, 18, 19]
    assert all(Group().allowed)


@pytest.mark.parametrize(
    ("section", "content", "words"),
    [
        ("demand", {"peaks": [25]}, "hours of the day"),
        ("demand", {"peaks": []}, "at least one hour"),
        ("demand", {"peak_share": 1.5}, "a share from 0 to 1"),
        ("demand", {"peak_spread_h": 0}, "a positive number"),
        ("demand", {"opens": 24}, "an hour from 0 to 24"),
        ("demand", {"week": [1] * 6}, "seven numbers"),
        ("demand", {"week": [0] * 7}, "a weight above 0"),
        ("demand", {"intervals": [7, 0]}, "days above 0"),
        ("demand", {"peaks": "noon"}, "a number or a list of numbers"),
        ("groups", [{"kind": "school", "hours": ["9-7"]}], 'whole hours as "7-9"'),
        ("groups", [{"kind": "school", "hours": []}], "at least one span"),
        ("groups", [{"kind": "school"}, {"kind": "学校"}], "is used 2 times"),
        ("groups", [{"hours": ["7-9"]}], "has no kind"),
        ("groups", {"kind": "school"}, r"\[\[groups\]\] entries"),
        ("services", [], "must fit every place"),
        ("services", [{"kind": "school", "by": "round"}], "must fit every place"),
        ("services", [{"by": "car"}], "expected one of site, visit, round, itself"),
        ("services", [{"reached": "maybe", "by": "round"}], "expected one of yes, no, any"),
        ("services", [{"by": "site"}], "nobody is sent to a site that is out of reach"),
        ("services", [{"kind": "school"}], "has no by"),
        ("roads", {"kmh": {"trak": 10}}, "no kind of road"),
        ("roads", {"kmh": {"track": 200}}, "expected at most 130"),
        ("roads", {"snap_limit_m": 0}, "a positive number"),
        ("rounds", {"shift_h": 25}, "at most 24"),
        ("rounds", {"days_per_week": 8}, "at most 7"),
        ("rounds", {"tests_per_hour": 0}, "a positive number"),
        ("rounds", {"setup_min": -1}, "zero or more"),
        ("rounds", {"starts": 30}, "hours of the day"),
        ("relay", {"pooling": 0}, "1 or more people per tube"),
        ("relay", {"collect_every_h": 4}, "expected less"),
        ("relay", {"vehicle_tubes": 0}, "a positive number"),
        ("costs", {"team_day": -1}, "zero or more"),
        ("relais", {}, "did you mean 'relay'"),
    ],
)
def test_what_cannot_be_meant_is_refused(section, content, words):
    with pytest.raises(PlanError, match=words):
        plan_from_mapping(BASE | {section: content})
