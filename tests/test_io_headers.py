import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkcover import InputError
from walkcover.io.headers import Merge, table_of_rows

PLAIN = [["编号", "名称", "人数"], ["B1", "东门", "5"], ["B2", "西门", "7"]]


def read(rows, merges=()):
    return table_of_rows(rows, what="t", merges=merges)


def refusal(rows, merges=()):
    with pytest.raises(InputError) as caught:
        read(rows, merges)
    return str(caught.value)


def test_a_plain_table_is_taken_as_it_is():
    table = read(PLAIN)
    assert table.columns.tolist() == PLAIN[0]
    assert table.to_numpy().tolist() == PLAIN[1:]
    assert table.index.tolist() == [2, 3]
    assert table.attrs == {"notes": []}


def test_titles_and_labels_above_the_header_are_left_out_and_noted():
    table = read([["采样点一览表", "", ""], ["单位：人", "", ""], [], *PLAIN])
    assert table.to_numpy().tolist() == PLAIN[1:]
    assert table.index.tolist() == [5, 6]
    assert table.attrs["notes"] == [
        "row 1 is a title (采样点一览表) and was left out",
        "row 2 is a title (单位：人) and was left out",
        "header in row 4",
    ]
    wide = [[*row, "x"] for row in PLAIN]
    assert len(read([["填报单位:卫健委", "", "日期:5月20日", ""], *wide])) == 2


def test_a_first_row_over_numbers_is_no_title():
    assert "more cells than the header has" in refusal([["people"], ["a", "1"], ["b", "2"]])
    assert read([["name"], ["a"], ["b"]])["name"].tolist() == ["a", "b"]


@pytest.mark.parametrize("title", ["单位：万人", "各区人口（单位:万人）"])
def test_titles_that_multiply_all_numbers_are_refused(title):
    assert "expected plain numbers" in refusal([[title, "", ""], *PLAIN])


TWO_ROWS = [
    ["编号", "经纬度", "", "人口", ""],
    ["", "经度", "纬度", "总数", "老人"],
    ["B1", "112.5", "37.8", "215", "30"],
]


def test_a_header_of_two_rows_without_knowledge_of_merged_cells():
    table = read(TWO_ROWS)
    assert table.columns.tolist() == ["编号", "经度", "纬度", "总数", "老人"]
    assert table.attrs["full_names"] == {
        "经纬度/经度": "经度",
        "经纬度/纬度": "纬度",
        "人口/总数": "总数",
        "人口/老人": "老人",
    }
    assert table.attrs["notes"] == ["header in rows 1-2"]
    assert table.to_numpy().tolist() == TWO_ROWS[2:]


def test_names_that_two_parents_share_are_written_in_full():
    rows = [["编号", "城区", "", "乡镇", ""], ["", "人数", "点位", "人数", "备注"], ["1", *"2345"]]
    table = read(rows)
    assert table.columns.tolist() == ["编号", "城区/人数", "点位", "乡镇/人数", "备注"]
    assert table.attrs["full_names"] == {"城区/点位": "点位", "乡镇/备注": "备注"}


def test_a_header_of_three_rows_by_its_merged_cells():
    rows = [
        ["采样点", "", "", "", ""],
        ["编号", "位置", "", "", "备注"],
        ["", "坐标", "", "地址", ""],
        ["", "经度", "纬度", "", ""],
        ["B1", "112.5", "37.8", "东街1号", ""],
    ]
    merges = [
        Merge(1, 1, 0, 4),
        Merge(2, 4, 0, 0),
        Merge(2, 2, 1, 3),
        Merge(2, 4, 4, 4),
        Merge(3, 3, 1, 2),
        Merge(3, 4, 3, 3),
    ]
    table = read(rows, merges)
    assert table.columns.tolist() == ["编号", "经度", "纬度", "地址", "备注"]
    assert table.attrs["full_names"]["位置/坐标/经度"] == "经度"
    assert table.attrs["full_names"]["位置/地址"] == "地址"
    assert table.index.tolist() == [5]
    assert "header in rows 2-4" in table.attrs["notes"]


@pytest.mark.parametrize(
    "rows",
    [
        # A column without name, and rows that leave cells open.
        [["a", "", "c"], ["x", "1", ""], ["y", "2", "3"]],
        [["a", "", "c"], ["x", "y", "z"], ["x", "1", "2"]],
        [["a", "", "c"], ["x", "暂无", ""], ["y", "2", ""]],
    ],
)
def test_a_row_of_data_is_no_second_row_of_the_header(rows):
    table = read(rows)
    assert table.columns.tolist() == ["a", "column 2", "c"]
    assert table.to_numpy().tolist() == rows[1:]


def test_line_breaks_in_names_are_taken_out():
    table = read([["采样\n点", "of\npeople"], ["B1", "5"]])
    assert table.columns.tolist() == ["采样点", "of people"]
    assert table.attrs["notes"] == ["line breaks were taken out of the names of 2 columns"]


def test_totals_notes_and_repeated_headers_are_left_out_and_noted():
    rows = [
        *PLAIN,
        ["", "小计", "12"],
        PLAIN[0],
        ["B3", "合计路口", "8"],
        ["合 计", "", "20人"],
        ["注：不含流动点", "", ""],
        ["填表人:张三", "", "审核人:李四"],
    ]
    table = read(rows)
    assert table["编号"].tolist() == ["B1", "B2", "B3"]
    # 5 + 7 + 8 are 20, so nothing is said of the sum.
    assert table.attrs["notes"] == [
        "rows 5 repeat the header and were left out",
        "row 9 is a note (填表人:张三 审核人:李四) and was left out",
        "row 8 is a note (注：不含流动点) and was left out",
        "row 4 is a total row (小计) and was left out",
        "row 7 is a total row (合 计) and was left out",
    ]


def test_a_total_that_is_not_the_sum_is_noted():
    notes = read([*PLAIN, ["合计", "", "1,000"]]).attrs["notes"]
    assert notes[-1] == "row 4 says 1000 for column '人数', but its rows add up to 12"


@pytest.mark.parametrize(
    "row",
    [["B3", "合计", "9"], ["合计路", "x", "9"], ["注意路", "", ""], ["小计算机城", "", "5"]],
)
def test_rows_that_only_look_like_totals_or_notes_stay(row):
    assert read([*PLAIN, row]).iloc[-1].tolist() == row


def test_a_row_that_fills_every_column_is_a_total_only_if_it_adds_up():
    zones = [["区", "人数", "老人"], ["东", "5", "1"], ["西", "7", "2"]]
    assert len(read([*zones, ["合计", "12", "3"]])) == 2
    assert read([*zones, ["合计", "13", "4"]]).iloc[-1].tolist() == ["合计", "13", "4"]
    places = [["id", "lon"], ["B1", "112.5"], ["B2", "112.7"], ["Total", "112.6"]]
    places = [[*row, "37.8" if row[0] != "id" else "lat"] for row in places]
    assert read(places)["id"].tolist() == ["B1", "B2", "Total"]


def test_words_of_merged_cells_hold_for_every_row_and_numbers_are_refused():
    rows = [["区", "编号", "人数"], ["东区", "B1", "5"], ["", "B2", "7"], ["西区", "B3", "1"]]
    table = read(rows, [Merge(2, 3, 0, 0)])
    assert table["区"].tolist() == ["东区", "东区", "西区"]
    assert table.attrs["notes"] == ["merged cells in 1 places hold for every row that they span"]
    rows[2][2] = ""
    message = refusal(rows, [Merge(2, 3, 0, 0), Merge(2, 3, 2, 2)])
    assert "first rows 2-3 of column '人数' ('5')" in message
    assert "unmerge the cells" in message


def test_merged_cells_of_a_total_are_no_data():
    rows = [*PLAIN, ["合计", "", "12"]]
    assert read(rows, [Merge(4, 4, 0, 1)]).to_numpy().tolist() == PLAIN[1:]


words = st.text(alphabet="东西南北门村园", min_size=1, max_size=4)


@given(st.lists(st.tuples(words, words, st.integers(0, 999)), min_size=1, max_size=8))
def test_no_row_of_data_is_ever_lost(drawn):
    rows = [[f"B{place}", *map(str, row)] for place, row in enumerate(drawn)]
    given_rows = [["一览表", "", "", ""], ["编号", "名称", "地址", "人数"], *rows]
    total = str(sum(row[2] for row in drawn))
    table = read([*given_rows, ["合计", "", "", total]])
    assert table.to_numpy().tolist() == rows
    assert not any("add up" in note for note in table.attrs["notes"])
