"""Opening hours against minutes worked by hand, and laws that hold for any."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkcover.hours import DAY_MIN, Hours, parse_hours

EVERY = "every day"
WORKING = "Monday to Friday"
# Texts as real lists have them, and the minutes of a day worked out by hand.
SPELLINGS = [
    # Colons, dashes and separators of all kinds.
    ("8:00-20:00", 12 * 60, EVERY),
    ("08:00-17:00", 9 * 60, EVERY),
    ("8：00—11：00", 180, EVERY),
    ("13：00——14：00", 60, EVERY),
    ("17:30--21:30", 240, EVERY),
    ("周一到周日;8:30–11:30", 180, EVERY),
    ("周一------周日;上午8:00-11:00 下午13:00-16:00", 180 + 180, EVERY),
    ("周一至周日;8:00－11:00 14:00－17:00", 180 + 180, EVERY),
    ("周一至周日;上午7:00~10:00 下午17:00~20:00", 180 + 180, EVERY),
    ("周一至周日;8:00-11:00、18:00-21:00", 180 + 180, EVERY),
    ("周一至周日;07:30-10:30；13:00-16:00", 180 + 180, EVERY),
    ("7：00—11：00 13：00—17：00 18：00—22：00", 3 * 240, EVERY),
    ("7:00--9:30     18:00--21:00", 150 + 180, EVERY),
    ("周一至周日;8:00--11.00      14.00---17:00", 180 + 180, EVERY),
    ("8.30-11.30,13.30-17.00", 180 + 210, EVERY),
    ("8∶00～11∶30", 210, EVERY),
    # Slips of the pen that have one reading only.
    ("周一至周日;7：00-11:：00", 240, EVERY),
    ("周一至周日;8:30－12:00 13:30－15：:30", 210 + 120, EVERY),
    ("周一至周日;14:00-17；00", 180, EVERY),
    ("周一至周日;7；30-10:00；18:00-20:30", 150 + 150, EVERY),
    ("6:30--9；00；17:30--21:30", 150 + 240, EVERY),
    # Words for the time of day.
    ("周一至周日；上午:8:00-11:00；下午:13:00-16:30", 180 + 210, EVERY),
    ("周一至周日;上午8:30-11:30；下午1:30-4:30", 180 + 180, EVERY),
    ("周一至周日；上午9:00-11:00；下午14:00-17:00；晚上19:00-21:00", 120 + 180 + 120, EVERY),
    ("早8:30-晚17:30", 540, EVERY),
    ("早8点至晚8点", 720, EVERY),
    ("晚8点半-11点", 150, EVERY),
    ("晚上8:00-早上8:00", 720, EVERY),
    ("晚上10:00-12:00", 120, EVERY),
    ("中午12:00-1:30", 90, EVERY),
    ("8点半-11点半", 180, EVERY),
    ("8-12,14-18", 480, EVERY),
    # The whole day, and nights.
    ("周一至周日；24小时", DAY_MIN, EVERY),
    ("周一至周日；24h；", DAY_MIN, EVERY),
    ("全天24小时常年不停", DAY_MIN, EVERY),
    ("全天", DAY_MIN, EVERY),
    ("00:00-24:00", DAY_MIN, EVERY),
    ("24/7", DAY_MIN, EVERY),
    ("周一至周日;8:00-次日8：00", DAY_MIN, EVERY),
    ("22:00-次日6:00", 480, EVERY),
    ("20:00-08:00", 720, EVERY),
    # Who, where and when else.
    ("对外 9：00-12：00；14：00-17：00", 360, EVERY),
    ("每天;8：30-11：30；13：30-17：30", 180 + 240, EVERY),
    ("采样时间：每日8:00至20:00", 720, EVERY),
    ("8:00-17:00(12:00-13:00休息)", 480, EVERY),
    ("8:00-17:00,午休12:00-13:30", 450, EVERY),
    ("8:00-17:00（法定节假日除外）", 540, EVERY),
    ("周一至周日（除节假日外）8:00-17:00", 540, EVERY),
    ("（工作日）9:00-11:30；13：30—16：30", 150 + 180, WORKING),
    ("周一至周五 8:30—11:30,13:30-17:00", 180 + 210, WORKING),
    ("8:00-17:00（周一至周五）", 540, WORKING),
    ("工作日8:00-17:00,节假日9:00-12:00", 540, WORKING),
    ("Mo-Fr 08:00-12:00,13:00-17:00; PH off", 480, WORKING),
    ("Monday to Friday 9:00-17:00", 480, WORKING),
    # Spans that overlap are merged, spans that touch are one.
    ("周一到周日;8:00-11:00；13:00-16:00；8:00-21:00", 13 * 60, EVERY),
    ("周一至周日;6：00-9:00 14:00-17:00 17:00-21:00", 180 + 420, EVERY),
    # Decided by rule.
    ("周一至周日;8:00－11:00 14:00－5:00", 180 + 180, EVERY),
    ("7:00-6:00", 11 * 60, EVERY),
    ("周一至周日;8:00-8:00", DAY_MIN, EVERY),
    ("20:00-6:00", 600, EVERY),
    ("8:00-12:00,2:00-5:00", 240 + 180, EVERY),
    ("暂停采样", 0, EVERY),
]
WEEKS = [
    ("周一至周五8:00-17:00，周六9:00-12:00，周日休息", (540,) * 5 + (180, 0)),
    ("周一至周五 8:00-17:00 周六、周日 休息", (540,) * 5 + (0, 0)),
    ("8:00-12:00(周一至周五),9:00-11:00(周六)", (240,) * 5 + (120, 0)),
    ("周一、三、五 8:00-11:00", (180, 0, 180, 0, 180, 0, 0)),
    ("周一,周三,周五 8:00-11:00", (180, 0, 180, 0, 180, 0, 0)),
    ("星期一至四8:00-11:00", (180,) * 4 + (0,) * 3),
    ("周六日 9:00-12:00", (0,) * 5 + (180, 180)),
    ("双休日及节假日9:00-12:00", (0,) * 5 + (180, 180)),
    ("每天8:00-17:00(周日除外)", (540,) * 6 + (0,)),
    ("除周日外 8:00-17:00", (540,) * 6 + (0,)),
    ("周1-5 8:00-12:00", (240,) * 5 + (0, 0)),
    ("Mo-Fr 08:00-18:00; Sa 09:00-12:00", (600,) * 5 + (180, 0)),
    ("Mo-Fr 08:00-18:00; We 10:00-12:00", (600, 600, 120, 600, 600, 0, 0)),
    ("Mo-Su 08:00-18:00; Su off", (600,) * 6 + (0,)),
    ("Mo,We,Fr 08:00-12:00", (240, 0, 240, 0, 240, 0, 0)),
    ("Fr-Mo 08:00-12:00", (240, 0, 0, 0, 240, 240, 240)),
    # What goes on behind midnight counts on the next day, that of Sunday on Monday.
    ("周日 20:00-04:00", (240, 0, 0, 0, 0, 0, 240)),
    ("周五至周六 22:00-2:00", (0, 0, 0, 0, 120, 240, 120)),
]
UNCLEAR = [
    "",
    "详见公告",
    "早九晚五",
    "8:00",
    "08:00+",
    "周一至周日",
    "7:300-9:30；18:00-21:00",
    "25:00-26:00",
    "8:61-9:00",
    "①8:00-9:00",
    "6.10-6.30 8:00-12:00",
    "Apr-Oct: 08:00-18:00",
    "周一至周日;8：00-11：00? 13：30-16：30",
    "周一至周日；采样室8:00-20:00；其余时间在急诊室发热门诊24小时服务",
    # Two readings, neither of them likelier.
    "17:00-6:00",
    "08:00-05:00",
    "全天 8:00-20:00",
    "上午13:00-14:00",
    "8:00-17:00休息",
    "周六,周日休息",
    "周一至周日 8:00-11:00, 周一至周五 13:00-16:00",
]


@pytest.mark.parametrize(("text", "minutes", "days"), SPELLINGS)
def test_minutes_worked_by_hand(text, minutes, days):
    hours = parse_hours(text)
    assert hours is not None
    assert hours.minutes == (minutes,) * 5 + (minutes if days == EVERY else 0,) * 2


@pytest.mark.parametrize(("text", "minutes"), WEEKS)
def test_weekdays_are_told_apart(text, minutes):
    hours = parse_hours(text)
    assert hours is not None
    assert hours.minutes == minutes


@pytest.mark.parametrize("text", UNCLEAR)
def test_what_is_not_understood_is_not_guessed(text):
    assert parse_hours(text) is None


@pytest.mark.parametrize(
    ("text", "remarks"),
    [
        ("8:00-17:00", ()),
        ("8:00-5:00", ("8:00-5:00 is read as till 17:00",)),
        ("8:00-8:00", ("8:00-8:00 is read as 24 hours",)),
        ("14:00-17;00", ("17;00 is read as 17:00",)),
        ("8:00-12:00,2:00-5:00", ("2:00-5:00 is read as of the afternoon",)),
        ("7:30-9:30;8:00-21:00", ("8:00-21:00 overlaps hours before it",)),
        ("8:00-17:00 法定节假日除外", ("法定节假日除外",)),
        ("Mo-Fr 08:00-18:00; PH off", ("ph off",)),
        ("对外 8：00-12：00", ("对外",)),
    ],
)
def test_remarks_say_what_a_rule_decided_and_what_else_the_text_says(text, remarks):
    hours = parse_hours(text)
    assert hours is not None
    assert hours.remarks == remarks


def test_the_mean_is_over_the_week():
    hours = Hours(((1 << 420) - 1,) * 5 + (0, 0))
    assert hours.minutes == (420,) * 5 + (0, 0)
    assert hours.minutes_per_day == 300
    assert hours.hours_per_day == 5


@pytest.mark.parametrize(
    ("text", "open_days", "shares"),
    [
        ("8:30-11:00", 7, {8: 0.5, 9: 1.0, 10: 1.0}),
        # On two of the five open days until noon only.
        ("周一至周三 8:00-10:00 周四周五 8:00-9:00", 5, {8: 1.0, 9: 0.6}),
        ("22:00-次日1:00", 7, {22: 1.0, 23: 1.0, 0: 1.0}),
        # Open at 22 on Monday, till 1 on Tuesday: two days, each with its part.
        ("周一 22:00-次日1:00", 2, {22: 0.5, 23: 0.5, 0: 0.5}),
        ("休息", 0, {}),
    ],
)
def test_hours_of_the_day_by_hand(text, open_days, shares):
    hours = parse_hours(text)
    assert hours is not None
    assert hours.open_days == open_days
    assert hours.by_hour == pytest.approx([shares.get(hour, 0.0) for hour in range(24)])


def test_quarters_of_an_hour_by_hand():
    hours = parse_hours("8:10-8:50")
    assert hours is not None
    found = {at: share for at, share in enumerate(hours.by_quarter) if share}
    assert found == pytest.approx({32: 5 / 15, 33: 1.0, 34: 1.0, 35: 5 / 15})


@given(st.tuples(*[st.integers(0, (1 << DAY_MIN) - 1)] * 7))
def test_quarters_add_up_to_the_week(opened):
    hours = Hours(opened)
    quarters = sum(hours.by_quarter) * 15 * hours.open_days
    assert quarters == pytest.approx(sum(hours.minutes), rel=1e-12)
    assert sum(hours.by_hour) * hours.open_days / 7 == pytest.approx(hours.hours_per_day)


def spelt(start, end, colon=":", dash="-"):
    return dash.join(f"{minute // 60:02d}{colon}{minute % 60:02d}" for minute in (start, end))


spans = st.lists(
    st.tuples(st.integers(0, DAY_MIN - 1), st.integers(1, DAY_MIN)).filter(lambda s: s[0] < s[1]),
    min_size=1,
    max_size=4,
)
# Beside hours, the whole day makes a text unclear.
shorter_spans = spans.filter(lambda drawn: (0, DAY_MIN) not in drawn)


@given(shorter_spans, st.sampled_from(":：∶"), st.sampled_from("-—－~～至到"))
def test_any_spans_give_the_minutes_of_their_union(drawn, colon, dash):
    text = "；".join(spelt(*span, colon, dash) for span in drawn)
    hours = parse_hours(text)
    assert hours is not None
    union = {minute for start, end in drawn for minute in range(start, end)}
    assert hours.minutes == (len(union),) * 7


@given(shorter_spans, st.permutations(range(7)), st.integers(1, 6))
def test_days_that_are_named_are_open_and_no_others(drawn, order, count):
    named = sorted(order[:count])
    days = "、".join("周" + "一二三四五六日"[day] for day in named)
    hours = parse_hours(f"{days} {','.join(spelt(*span) for span in drawn)}")
    assert hours is not None
    assert [day for day in range(7) if hours.minutes[day]] == named


@given(st.integers(0, DAY_MIN - 1), st.integers(0, DAY_MIN - 1))
def test_until_the_next_day_is_the_rest_of_this_one_and_the_start_of_that(start, end):
    text = spelt(start, end, dash="-次日")
    hours = parse_hours(text)
    if end > start:
        assert hours is None
    else:
        assert hours is not None
        assert hours.minutes == (DAY_MIN - start + end,) * 7


@given(st.text(alphabet="0123456789:-;,. 周一日至上下午休息全天24小时节假除外", max_size=25))
def test_no_text_breaks_the_reader_or_gives_more_than_a_day(text):
    hours = parse_hours(text)
    if hours is not None:
        assert len(hours.minutes) == 7
        assert all(0 <= minutes <= DAY_MIN for minutes in hours.minutes)


def test_nearly_all_hours_of_a_real_city_are_understood(real_data):
    path = real_data / "hangzhou" / "hangzhou_sites.geojson"
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    texts = [feature["properties"]["工作时间"] for feature in features]
    assert len(texts) == 844
    assert len({*texts}) == 220
    unclear = [text for text in texts if parse_hours(text) is None]
    # One stray digit, one question mark, one start date, one second place.
    assert len(unclear) == 4
