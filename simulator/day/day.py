"""The day itself: road up, truck on it, what happens to both at its second, and the account at the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from ..broker import free_port
from ..demo.road import Road
from ..faults.power_cut import TearingFiles
from ..fleet.events import FleetLog
from ..fleet.gnss import TALKERS
from ..fleet.motion import Plan
from ..fleet.routes import find_route
from ..fleet.scenario import Options, TruckPlan
from ..fleet.truck import WAYBILL_TYPE, Truck
from . import truth
from .areas import CIRCLES_GONE, EDITION, deletion, plan_areas
from .cab import SENSED, limits
from .line import Line
from .orders import Orders
from .outcome import Outcome
from .schedule import DAY_S, LEGS, MIDNIGHT, DaySky, Schedule, clock_s, clock_text
from .truth import name_of

ROUTE: Final = "kunming-mohan"
PHONE: Final = "10012345678"
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
    """`run()`: the whole day. folder: gets data and logs of the road."""

    def __init__(self, folder: Path, seed: int, say: Say) -> None:
        self.seed = seed
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
            deadline_ms = self._truck.next_deadline_ms()
            now_ms = end_ms if deadline_ms is None else max(deadline_ms, now_ms + STEP_MS)

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
        return [*self._orders_of_the_day(), *self._faults(), *self._cab(), *self._driving()]

    def _orders_of_the_day(self) -> list[Step]:
        at = clock_s("05:03")
        steps = [
            self._order("00:10", 0x8103, limits(), "limits are set by 0x8103", "下发终端参数"),
            self._order("04:30", 0x8104, b"", "parameters are asked for", "查询终端参数"),
            self._waybill("05:02", "#YD;L;YD20260302-01;Steel 49 t", "waybill: loaded", "电子运单：装货"),
            self._order("13:20", 0x8700, b"\x00", "the recorder is read", "采集行驶记录数据"),
            self._waybill("16:50", "#YD;U", "waybill: unloaded", "电子运单：卸货"),
            self._order("20:30", 0x8702, b"", "who drives? by 0x8702", "上报驾驶员身份信息请求"),
        ]
        for area in self._areas:
            kind, chinese = name_of((area.kind, area.number, 0))
            title = kind.removesuffix(" entered")
            give = self._giver(area.message_id, area.body)
            steps.append(Step(at, f"{title} is set by 0x{area.message_id:04X}", f"设置{chinese[1:]}", give))
            if area.until_s < DAY_S:
                gone = self._giver(CIRCLES_GONE, deletion(area))
                steps.append(Step(area.until_s, f"{title} is taken away", f"删除{chinese[1:]}", gone))
        return steps

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
        return Step(clock_s(at), english, chinese, self._giver(message_id, body))

    def _waybill(self, at: str, text: str, english: str, chinese: str) -> Step:
        return self._order(at, 0x8900, bytes([WAYBILL_TYPE]) + text.encode("gbk"), english, chinese)

    def _giver(self, message_id: int, body: bytes) -> Callable[[], object]:
        return lambda: self._orders.give(message_id, body, lambda: self._line.wait(ORDER_WAIT_S))

    def _sensor(self, kind: int, value: int) -> Callable[[], object]:
        return lambda: self._truck.terminal.on_input(kind, value, self._line.now_ms)

    def _plan(self) -> TruckPlan:
        route = self.schedule.route
        return TruckPlan(0, PHONE, EDITION, "云A12345", 2, TALKERS[0], self.seed, route, Plan(0.0, 1, 20.0))

    def _outcome(self, wall_s: float) -> Outcome:
        log = self._log.terminal(PHONE)
        ledger = self._road.ledger(self._log)
        wanted = truth.expected(self.schedule, self._areas, self._inputs)
        seen = truth.told(log.emitted[sequence] for sequence in sorted(log.emitted))
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
        }
        faults = truth.differences(wanted, seen)
        return Outcome(self.seed, ledger, wanted, seen, faults, figures, self._timeline)


def _nothing() -> None:
    """The sky has done it."""
