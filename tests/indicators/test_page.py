"""The report for people and for programs: complete, the same each time, safe to open."""

import json
from html.parser import HTMLParser

from protocols.freight import Kind
from simulator.authority.indicators.page import ROWS_SHOWN, render

from .desk import clean_desk, waybill

VOID = {"meta", "br"}


class Balanced(HTMLParser):
    """Notes what is opened and not closed, and whatever would be loaded from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.foreign: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.foreign += [name for name, _ in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(text: str) -> Balanced:
    reader = Balanced()
    reader.feed(text)
    return reader


def test_every_indicator_is_on_the_page() -> None:
    report = clean_desk().report()
    text = render(report, "2026Q1 · 试点")
    reader = parsed(text)
    assert reader.open == []
    assert reader.foreign == []
    for indicator in report.indicators.values():
        assert indicator.chinese in text
        assert indicator.name in text
    assert "2026-01-01" in text
    assert "2026-03-31" in text
    assert render(report, "2026Q1 · 试点") == text


def test_what_came_from_outside_is_escaped() -> None:
    desk = clean_desk()
    desk.put(Kind.WAYBILL, waybill("<script>alert(1)", transportTypeCode="99"))
    text = render(desk.report(), "<script>")
    assert "script" not in parsed(text).tags
    assert "&lt;script&gt;alert(1)" in text


def test_long_lists_are_cut_on_the_page_and_whole_in_json() -> None:
    desk = clean_desk()
    for i in range(ROWS_SHOWN + 10):
        desk.put(Kind.WAYBILL, waybill(f"YD9{i:04d}", transportTypeCode="99"))
    report = desk.report()
    text = render(report)
    assert "… 10 more in the JSON" in text
    document = json.loads(json.dumps(report.as_dict()))
    offenders = {each["id"]: each["offenders"] for each in document["indicators"]}
    assert len(offenders["3-1"]) == ROWS_SHOWN + 10
    assert len(document["indicators"]) == 19
    assert document["period"] == {"name": "2026Q1", "first": "20260101000000", "last": "20260331235959"}
