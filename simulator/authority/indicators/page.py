"""The report as one HTML page, in Chinese and English, with nothing to load: to read, print and send.

Lists are cut at ROWS_SHOWN; the JSON has all of them. Everything that came in from outside is escaped.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from html import escape
from itertools import islice
from typing import Final

from .anomalies import ENGLISH, Anomaly
from .compute import Report
from .result import Better, Indicator

ROWS_SHOWN: Final = 200
_GOOD_FROM: Final = Decimal(95)  # percent, colours of the bars only: ours, no grade of the notice
_FAIR_FROM: Final = Decimal(80)

_STYLE: Final = """
:root{--ink:#17212b;--soft:#5d6b79;--line:#e3e8ee;--blue:#1f5fa8;
--good:#1c8a5b;--fair:#c98a12;--poor:#c23b3b}
*{box-sizing:border-box}
body{margin:0;background:#f4f6f9;color:var(--ink);
font:15px/1.5 "Noto Sans SC","Source Han Sans SC","PingFang SC","Microsoft YaHei",
"Noto Sans CJK SC",sans-serif}
main{max-width:1080px;margin:0 auto;padding:32px 24px 64px}
header{border-left:5px solid var(--blue);padding:2px 0 2px 16px;margin-bottom:24px}
h1{font-size:26px;line-height:1.3;margin:0}
h2{font-size:18px;margin:36px 0 12px}
.soft{color:var(--soft)}.en{color:var(--soft);font-size:13px}
.cards{display:flex;gap:16px;flex-wrap:wrap}
.card{flex:1 1 200px;background:#fff;border:1px solid var(--line);border-radius:8px;padding:14px 18px}
.card b{display:block;font-size:26px;font-weight:600;font-variant-numeric:tabular-nums}
table{width:100%;border-collapse:separate;border-spacing:0;background:#fff;
border:1px solid var(--line);border-radius:8px}
th,td{text-align:left;padding:9px 12px;border-bottom:1px solid var(--line);vertical-align:top}
th{font-size:12px;font-weight:600;color:var(--soft);background:#fafbfc}
tr:last-child td{border-bottom:0}
td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.id{color:var(--soft);white-space:nowrap}
.bar{height:6px;border-radius:3px;background:#edf0f4;width:120px;margin-top:8px;overflow:hidden}
.bar i{display:block;height:6px;border-radius:3px}
.good{color:var(--good)}.fair{color:var(--fair)}.poor{color:var(--poor)}.none{color:var(--soft)}
i.good{background:var(--good)}i.fair{background:var(--fair)}i.poor{background:var(--poor)}
details{background:#fff;border:1px solid var(--line);border-radius:8px;margin:8px 0;padding:10px 16px}
summary{cursor:pointer}details table{border:0;margin-top:8px}details td{padding:4px 8px;font-size:13px}
footer{margin-top:40px;color:var(--soft);font-size:13px}
@page{margin:15mm}
@media print{*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
body{background:#fff;font-size:12px}main{max-width:none;padding:0}
tr,.card{break-inside:avoid}h2{break-after:avoid}
details::details-content{content-visibility:visible;height:auto}}
"""


# Short, for the page; the numbers stand in the English reading, which the rules write.
_READINGS: Final = {
    "1": "本期五类单据均至少上传一次的持证企业",
    "2": "本期至少上传一次驾驶员位置单的持证企业",
    "3-1": "以本期最后版本为准，字段与代码全部通过校验",
    "3-2": "以本期最后版本为准，字段与代码全部通过校验",
    "4": "以运单号加分段号双向匹配，双方单据均计入分母",
    "5": "时间先后、起讫地、重量、运费、资金与直线车速合理",
    "6": "每次发车时道路运输证有效，基础数据与运政一致；4.5 吨及以下普货除外",
    "7": "每次发车时从业资格有效、信息一致、不在黑名单；仅驾驶 4.5 吨及以下普货车者除外",
    "8": "每次发车时经营许可有效、证号一致；仅用 4.5 吨及以下普货车者除外",
    "9": "货物总重不超过核定载质量，牵引车按挂车计；无法判断不计为正常",
    "10": "实际承运人登记的经营范围仅有网络货运",
    "11": "货物类型超出承运人或车辆登记的经营范围",
    "12": "车牌、起讫地相同，时间、重量相近；簇内全部计数",
    "13-1": "起讫点、车辆轨迹、驾驶员轨迹三方相符；12 吨及以下普货只比对驾驶员",
    "13-2-1": "以运单号加分段号双向匹配，双方单据均计入分母",
    "13-2-2": "已匹配单据的每笔付款与银行（模拟）金额、账户、时间一致",
}


def render(report: Report, title: str = "") -> str:
    """The whole page."""
    first, last = (f"{each[:4]}-{each[4:6]}-{each[6:8]}" for each in report.period.words)
    name = escape(title or report.period.name)
    parts = [
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>{name} · 网络货运监测指标</title><style>{_STYLE}</style></head><body><main>",
        "<header><h1>网络货运监测指标报告</h1>",
        f'<div class="soft">Freight monitoring indicators · {name} · {first} – {last}</div></header>',
        _cards(report),
        "<h2>指标 <span class=en>Indicators</span></h2>",
        _indicators(report),
        "<h2>异常 <span class=en>Anomalies</span></h2>",
        _anomalies(report),
        "<h2>明细 <span class=en>What counts against them</span></h2>",
        *(_details(each) for each in report.indicators.values() if len(each.offenders)),
        "<footer>公告未尽之处按本系统规则解读，逐项注明。"
        "What the notice leaves open is read by rules of our own, said at each indicator. "
        "模拟数据，不具官方效力。 Simulated data, no official statement.</footer>",
        "</main></body></html>",
    ]
    return "\n".join(parts) + "\n"


def _cards(report: Report) -> str:
    cards = (
        f'<div class="card"><span class="soft">{escape(each.chinese)}</span><b>{each.value}</b>'
        f'<span class="en">{escape(each.name)} · {escape(each.unit)}</span></div>'
        for each in report.indicators.values()
        if each.better is Better.SIZE
    )
    return f'<div class="cards">{"".join(cards)}</div>'


def _indicators(report: Report) -> str:
    head = (
        "<thead><tr><th>No</th><th>指标 Indicator</th><th>值 Value</th><th>分子 / 分母<br>Counts</th>"
        "<th>解读 Reading</th></tr></thead>"
    )
    rows = (_row(each) for each in report.indicators.values() if each.better is not Better.SIZE)
    return f"<table>{head}{''.join(rows)}</table>"


def _row(indicator: Indicator) -> str:
    value, grade = indicator.value, _grade(indicator)
    shown = "—" if value is None else f"{value} %"
    bar = "" if value is None else f'<div class="bar"><i class="{grade}" style="width:{value}%"></i></div>'
    arrow = "higher is better 越高越好" if indicator.better is Better.HIGH else "lower is better 越低越好"
    return (
        f'<tr><td class="id">{indicator.id}</td>'
        f'<td>{escape(indicator.chinese)}<div class="en">{escape(indicator.name)}</div></td>'
        f'<td><b class="{grade}">{shown}</b>{bar}</td>'
        f'<td class="n">{indicator.numerator:,} / {indicator.denominator:,}</td>'
        f"<td>{_READINGS.get(indicator.id, '')}"
        f'<div class="en">{escape(indicator.reading)} · {arrow}</div></td></tr>'
    )


def _grade(indicator: Indicator) -> str:
    value = indicator.value
    if value is None:
        return "none"
    goodness = value if indicator.better is Better.HIGH else 100 - value
    return "good" if goodness >= _GOOD_FROM else "fair" if goodness >= _FAIR_FROM else "poor"


def _anomalies(report: Report) -> str:
    counts = Counter(finding.kind for finding in report.anomalies())
    cards = (
        f'<div class="card" style="flex-basis:140px"><span class="soft">{kind.value}</span>'
        f'<b class="{"poor" if counts[kind] else "good"}">{counts[kind]:,}</b>'
        f'<span class="en">{ENGLISH[kind]}</span></div>'
        for kind in Anomaly
    )
    return f'<div class="cards">{"".join(cards)}</div>'


def _details(indicator: Indicator) -> str:
    count = len(indicator.offenders)
    rows = "".join(
        f"<tr><td>{escape(label)}</td><td>{escape(reason)}</td></tr>"
        for label, reason in islice(indicator.offenders, ROWS_SHOWN)
    )
    more = f'<div class="en">… {count - ROWS_SHOWN:,} more in the JSON</div>' if count > ROWS_SHOWN else ""
    return (
        f"<details><summary>{indicator.id} {escape(indicator.chinese)} "
        f'<span class="en">{escape(indicator.name)} · {count:,}</span></summary>'
        f"<table>{rows}</table>{more}</details>"
    )
