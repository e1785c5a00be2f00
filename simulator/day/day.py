"""The day itself: road up, truck on it, what happens to both at its second, and the account at the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from firmware.terminal.pages import passthrough
from firmware.terminal.terminal import Terminal
from protocols.driver_code.push import Colour
from protocols.jt808.catalog import MESSAGES

from ..broker import free_port
from ..demo.road import Road
from ..faults.power_cut import TearingFiles
from ..fleet.events import FleetLog
from ..fleet.gnss import TALKERS
from ..fleet.motion import Plan
from ..fleet.routes import find_route
from ..fleet.scenario import Options, TruckPlan
from ..fleet.truck import Truck
from . import truth
from .areas import CIRCLES_GONE, deletion, plan_areas
from .cab import SENSED, limits
from .line import Line
from .orders import Orders
from .outcome import Outcome
from .schedule import DAY_S, LEGS, MIDNIGHT, DaySky, Schedule, clock_s, clock_text
from .screen import DayScreen, code_order, code_text, colour_order
from .truth import name_of
from .upgrade import UpgradeBoard, upgrade_order

ROUTE: Final = "kunming-mohan"
PHONE: Final = "10012345678"
PLATE: Final = "云A12345"
EDITION: Final = 2019
VERSION: Final = "0.2.0"  # of the firmware that comes in the evening
SHOW: Final = 4  # of the flags of 0x8300: on the screen
INTERVAL_S: Final = 15
DRAIN_S: Final = 3600  # of the truck's time, after midnight
SETTLE_S: Final = 60.0  # of the wall's
STEP_MS: Final = 10  # the shortest step of time
TUNNEL: Final = "into a tunnel"
ORDER_WAIT_S: Final = 0.1
Say = Callable[[str], None]


class Step(NamedTuple):
    """Something that happens at a second, told in English and Chinese."""

    second: int
    english: str
    chinese: str
    do: Callable[[], object]


class Day:
    """`run()`: the whole day. folder: gets data and logs of the road, and the pictures of the screen."""

    def __init__(self, folder: Path, seed: int, say: Say, edition: int = EDITION) -> None:
        self.seed = seed
        self._edition = edition
        self._say_line = say
        self._timeline: list[str] = []
        api_port = free_port()
        self._road = Road(
            folder,
            {
                "batch": {"max_age_ms": 300},
                "mqtt": {"receipt_timeout_s": 5},
                "api": {"enabled": True, "port": api_port},
            },
        )
        self._api_port = api_port
        self._random = Random(f"day/{seed}/faults")
        self.schedule = Schedule(seed, find_route(ROUTE))
        self._areas = plan_areas(self.schedule, clock_s("05:03"))
        self._board = UpgradeBoard()
        self._screen = DayScreen(folder / "screen")
        self._code = code_text(PLATE)
        self._inputs: dict[int, list[int]] = {}
        self._log = FleetLog()
        self._flash = TearingFiles(self._random, 0)

    def run(self) -> Outcome:
        """Takes minutes. Raises what the parts raise when one does not come up or an order is refused."""
        began = time.monotonic()
        with self._road:
            self._truck = Truck(
                self._plan(),
                Options(trucks=1, seconds=DAY_S, interval_s=INTERVAL_S, base=MIDNIGHT),
                [self._road.server],
                self._log,
                flash=self._flash,
                sky=DaySky(self.schedule),
                fitted=self._fit,
            )
            self._line = Line(self._truck, self._road.server)
            self._orders = Orders(self._road.gateway.config_file, self._api_port, PHONE)
            steps = sorted(self._steps(), key=lambda step: step.second)
            for second in range(DAY_S):
                while steps and steps[0].second <= second:
                    self._take(steps.pop(0), second)
                self._live(second)
            self._drain()
            self._road.wait_delivered(self._log.emitted, SETTLE_S)
            return self._outcome(time.monotonic() - began)

    def _live(self, second: int) -> None:
        """One second of the truck's time."""
        line, end_ms = self._line, (second + 1) * 1000
        now_ms = second * 1000
        while now_ms < end_ms:
            line.advance(now_ms)
            self._board.look(self._truck.terminal)
            if self._board.restart_asked:
                line.restart()
            deadline_ms = self._truck.next_deadline_ms()
            now_ms = end_ms if deadline_ms is None else max(deadline_ms, now_ms + STEP_MS)

    def _fit(self, terminal: Terminal) -> None:
        self._board.start(terminal)
        self._screen.fit(terminal)

    def _drain(self) -> None:
        """The truck is switched off at midnight; what it holds still goes out."""
        self._truck.stop_driving()
        for second in range(DAY_S, DAY_S + DRAIN_S):
            if not self._truck.held:
                return
            self._live(second)

    def _take(self, step: Step, second: int) -> None:
        step.do()
        self._tell(second, step.english, step.chinese)

    def _tell(self, second: int, english: str, chinese: str) -> None:
        line = f"{clock_text(second)}  {english} · {chinese}"
        self._timeline.append(line)
        self._say_line(line)

    def _steps(self) -> list[Step]:
        return [
            *self._orders_of_the_day(),
            *self._code_s_life(),
            *self._faults(),
            *self._cab(),
            *self._driving(),
        ]

    def _orders_of_the_day(self) -> list[Step]:
        at = clock_s("05:03")
        steps = [
            self._order("00:10", 0x8103, limits(self._edition), "limits are set by 0x8103", "下发终端参数"),
            self._order("04:30", 0x8104, b"", "parameters are asked for", "查询终端参数"),
            self._waybill("05:02", "#YD;L;YD20260302-01;Steel 49 t", "waybill: loaded", "电子运单：装货"),
            self._order("13:20", 0x8700, b"\x00", "the recorder is read", "采集行驶记录数据"),
            self._waybill("16:50", "#YD;U", "waybill: unloaded", "电子运单：卸货"),
            self._order("15:20", 0x8300, self._text("前方拥堵"), "a text for the driver", "文本信息下发"),
            self._order("20:30", 0x8702, b"", "who drives? by 0x8702", "上报驾驶员身份信息请求"),
            self._order(
                "21:30", 0x8108, upgrade_order(self._random, VERSION), "new firmware", "下发终端升级包"
            ),
        ]
        for area in self._areas:
            kind, chinese = name_of((area.kind, area.number, 0))
            title = kind.removesuffix(" entered")
            give = self._giver(area.message_id, area.body(self._edition))
            steps.append(Step(at, f"{title} is set by 0x{area.message_id:04X}", f"设置{chinese[1:]}", give))
            if area.until_s < DAY_S:
                gone = self._giver(CIRCLES_GONE, deletion(area, self._edition))
                steps.append(Step(area.until_s, f"{title} is taken away", f"删除{chinese[1:]}", gone))
        return steps

    def _code_s_life(self) -> list[Step]:
        """What is pushed for the screen, and a picture of each state."""
        covered = next(at for at in range(DAY_S) if self.schedule.seconds[at].covered)

        def pushed(at: str, body: bytes, english: str, chinese: str) -> Step:
            return self._order(at, 0x8900, body, english, chinese)

        def shot(second: int, name: str) -> Step:
            return Step(second, f"the screen: {name}", "屏幕", lambda: self._shoot(name))

        code = code_order(clock_s("05:00"), self._code, PLATE)
        return [
            shot(clock_s("04:58"), "none"),
            pushed("05:00", code, "the driver's code, blue", "驾驶员码：蓝码"),
            shot(clock_s("05:01"), "blue"),
            shot(covered + 20, "blue-tunnel"),
            shot(clock_s("11:50"), "blue-gateway-away"),
            pushed("12:30", colour_order(clock_s("12:30"), Colour.YELLOW), "the code turns yellow", "转黄码"),
            shot(clock_s("12:31"), "yellow"),
            shot(clock_s("15:20") + 5, "text"),
            pushed("17:10", colour_order(clock_s("17:10"), Colour.RED), "the code turns red", "转红码"),
            shot(clock_s("17:11"), "red"),
            shot(clock_s("23:30"), "expired"),
        ]

    def _shoot(self, name: str) -> None:
        self._screen.shoot(self._truck.terminal, name, self._line.now_ms)

    def _text(self, text: str) -> bytes:
        kind = b"\x01" if self._edition == EDITION else b""  # a notice; earlier editions have no kinds
        return bytes([SHOW]) + kind + text.encode("gbk")

    def _faults(self) -> list[Step]:
        road, line, flash = self._road, self._line, self._flash
        torn = self._random.randrange(20, 200)
        return [
            Step(
                clock_s("10:00"),
                "the gateway is killed",
                "网关中断",
                lambda: setattr(line, "strike", road.gateway.kill),
            ),
            Step(
                clock_s("11:00"),
                f"power fails in a write, {torn} bytes on",
                "写入中断电",
                lambda: flash.arm(torn),
            ),
            Step(clock_s("12:00"), "the gateway is back", "网关恢复", road.gateway.start),
            Step(clock_s("14:00"), "the broker is killed", "消息代理中断", road.broker.kill),
            Step(clock_s("14:45"), "the broker is back", "消息代理恢复", road.broker.start),
            Step(
                clock_s("15:30"),
                f"power fails in a write, {2 * torn} bytes on",
                "写入中断电",
                lambda: flash.arm(2 * torn),
            ),
            Step(clock_s("16:20"), "the network breaks", "网络中断", line.cut),
            Step(clock_s("21:00"), "power fails, parked", "停车断电", line.power_cut),
        ]

    def _cab(self) -> list[Step]:
        """What is sensed beside the satellites; each must be told once."""
        steps = []
        for at, alarm, kind, value, after, lasts_s, told_s in SENSED:
            second = clock_s(at)
            self._inputs.setdefault(alarm, []).append(second + told_s)
            steps.append(Step(second, *name_of(alarm), self._sensor(kind, value)))
            steps.append(
                Step(second + lasts_s, f"{name_of(alarm)[0]}: over", "结束", self._sensor(kind, after))
            )
        return steps

    def _driving(self) -> list[Step]:
        """Nothing to do: the sky does it. For the timeline."""
        steps = []
        for number, leg in enumerate(LEGS):
            driver, chinese = ("second", "二") if number in (1, 2) else ("first", "一")
            steps.append(
                Step(leg.start_s, f"the {driver} driver sets off", f"第{chinese}位驾驶员出发", _nothing)
            )
            steps.append(Step(leg.end_s, "rest", "停车休息", _nothing))
        for burst in self.schedule.bursts:
            steps.append(Step(burst, "too fast from here", "开始超速", _nothing))
        seconds = self.schedule.seconds
        for second in range(1, DAY_S):
            if seconds[second].covered and not seconds[second - 1].covered:
                steps.append(Step(second, TUNNEL, "进入隧道", _nothing))
        return steps

    def _order(self, at: str, message_id: int, body: bytes, english: str, chinese: str) -> Step:
        if self._edition not in MESSAGES[message_id].bodies:
            return Step(clock_s(at), f"{english}: not in this edition", chinese, _nothing)
        return Step(clock_s(at), english, chinese, self._giver(message_id, body))

    def _waybill(self, at: str, text: str, english: str, chinese: str) -> Step:
        return self._order(at, 0x8900, bytes([passthrough.WAYBILL]) + text.encode("gbk"), english, chinese)

    def _giver(self, message_id: int, body: bytes) -> Callable[[], object]:
        return lambda: self._orders.give(message_id, body, lambda: self._line.wait(ORDER_WAIT_S))

    def _sensor(self, kind: int, value: int) -> Callable[[], object]:
        return lambda: self._truck.terminal.on_input(kind, value, self._line.now_ms)

    def _plan(self) -> TruckPlan:
        route = self.schedule.route
        return TruckPlan(0, PHONE, self._edition, PLATE, 2, TALKERS[0], self.seed, route, Plan(0.0, 1, 20.0))

    def _outcome(self, wall_s: float) -> Outcome:
        log = self._log.terminal(PHONE)
        ledger = self._road.ledger(self._log)
        wanted = truth.expected(self.schedule, self._areas, self._inputs)
        seen = truth.told((log.emitted[sequence] for sequence in sorted(log.emitted)), self._edition)
        line, terminal = self._line, self._truck.terminal
        figures = {
            "wall_s": round(wall_s, 1),
            "reports": len(log.emitted),
            "letters": sum(letter.times for letter in log.letters),
            "answers": sum(not message.promised for message in log.messages.values()),
            "orders": self._orders.given,
            "alarms": len(wanted),
            "tunnels": sum(step.english == TUNNEL for step in self._driving()),
            "km": round(sum(now.speed_kmh for now in self.schedule.seconds) / 3600),
            "connections": line.connections,
            "power_cuts": line.power_cuts,
            "torn_writes": self._flash.torn,
            "stalls": line.stalls,
            "refused": terminal.refused,
            "dropped": terminal.log.dropped,
            "firmware": self._board.versions[-1],
            "pictures": len(self._screen.pictures),
        }
        faults = truth.differences(wanted, seen)
        return Outcome(self.seed, ledger, wanted, seen, faults, figures, self._timeline)


def _nothing() -> None:
    """The sky has done it."""
