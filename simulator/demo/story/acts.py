"""A driver code's life on a real terminal, told as it happens: refused, issued, shown, scanned, ordered with,
turned yellow, turned red. Each step waits until it is so; one that does not come ends the story with a name.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from firmware.terminal.pages.passthrough import WAYBILL
from protocols.evidence import verify_bundle
from protocols.freight.certificates import NAMES, Paper
from protocols.freight.values import day_text

from ...http_api import Answer
from . import screen
from .road import FreightRoad

PATIENCE_S: Final = 45.0
COLOUR_LIMIT_S: Final = 3.0  # from the violation to the truck's screen
UNLOADED: Final = "#YD;U"
_LOOK_S: Final = 0.1
_DAY_S: Final = 86400

Say = Callable[[str], None]


class StoryError(RuntimeError):
    """A step did not come about; the text says which."""


@dataclass
class Told:
    """What the story ended with. steps: step → what was seen. pictures: of the screen, by colour."""

    steps: dict[str, Any] = field(default_factory=dict)
    pictures: dict[str, Path] = field(default_factory=dict)
    evidence: Path | None = None


class Story:
    """`await tell()` beside the traffic. files: the screen's picture, and the folder that gets
    pictures and evidence.

    calm: held by faults while they last; measured steps take it, so that they measure the road and not the
    fault. moments: when the finished world is judged (today's documents wait for it), and when the gateway is
    back from its kill (what it knew must still be true then).
    """

    def __init__(
        self,
        road: FreightRoad,
        files: tuple[Path, Path],
        say: Say,
        calm: asyncio.Lock,
        moments: tuple[asyncio.Event, asyncio.Event],
    ) -> None:
        self._road, self._say = road, say
        self._picture, self._output = files
        self._calm = calm
        self._quarter, self._killed = moments
        self._number = time.strftime("YD%y%m%d%H%M%S")
        self.told = Told()

    async def tell(self) -> Told:
        """The whole life. Raises StoryError, OSError."""
        await self._registers_known()
        await self._refused()
        text = await self._issued()
        await self._verified(text)
        text = screen.scan(self._picture)  # anew: an order wants a proof of this moment
        await self._ordered(text)
        await self._photograph(text)
        await self._coloured("minor", "yellow")
        await self._unloaded()
        await self._killed.wait()
        await self._evidence()
        await self._coloured("serious", "red")
        await self._stopped()
        await self._cancelled()
        return self.told

    async def _registers_known(self) -> None:
        one = self._road.one
        asked = {"vehicle": one.vehicle.key, "driver": one.driver.identity, "cargo": one.pattern.cargo}

        def verified() -> bool:
            return self._good(self._road.office.post("/capacity", asked)).body["answer"] == "yes"

        took_s = await self._until(verified, "the gateway has the registers")
        self._tell(
            "capacity", {"answer": "yes", "seconds": took_s}, "运力核验 capacity verified at the edge: yes"
        )

    async def _refused(self) -> None:
        true = next(each for each in self._road.one.papers if each.paper is Paper.TRANSPORT)
        wrong = replace(true, valid_to=day_text(int(time.time()) - _DAY_S))
        answer = await self._post(self._road.desk, "/codes/applications", self._road.one.application(wrong))
        said = answer.body
        named = [each["paper"] for each in said.get("refusals", [])]
        if answer.status == 201 or named != [Paper.TRANSPORT.value]:
            raise StoryError(f"an application with one wrong paper: {answer.status} {said}")
        reason = said["refusals"][0]["reason"]
        self._tell("refused", named, f"application refused: {NAMES[Paper.TRANSPORT]} {named[0]}, {reason}")

    async def _issued(self) -> str:
        begun = time.monotonic()
        answer = await self._post(self._road.desk, "/codes/applications", self._road.one.application())
        if answer.status != 201:
            raise StoryError(f"an application with good papers: {answer.status} {answer.body}")
        issued = answer.body["text"]

        def shown() -> bool:
            text = screen.scan(self._picture)
            return text.startswith(issued) and len(text) > len(issued)  # the proof of presence stands behind

        await self._until(shown, "the code is on the terminal's screen")
        took_s = time.monotonic() - begun
        self._keep("blue")
        self._tell(
            "shown_s",
            round(took_s, 2),
            f"滇运码 issued, pushed, shown: scanned from the screen {took_s:.1f} s later",
        )
        return screen.scan(self._picture)

    async def _verified(self, text: str) -> None:
        edge = (await self._post(self._road.office, "/codes/verify", {"text": text})).body
        online = (await self._post(self._road.platform, "/codes/verify", {"text": text})).body
        if not (edge["accepted"] and online["accepted"]) or online["presence"] != edge["presence"]:
            raise StoryError(f"the scanned code: {edge} at the edge, {online} at the authority")
        picture = self.told.pictures["blue"]
        offline = await asyncio.to_thread(self._road.gateway.verify_code, picture)
        if not offline["accepted"]:
            raise StoryError(f"the picture of the screen, without a network: {offline}")
        seen = {"offline": offline["state"], "edge": edge["state"], "authority": online["state"]}
        who = f"{edge['name']} {edge['plate']}"
        self._tell(
            "verified",
            seen | {"presence": edge["presence"]},
            f"verified from its picture offline, at the edge, at the authority: {who}, {edge['colour']},"
            f" {edge['presence']}",
        )

    async def _ordered(self, text: str) -> None:
        order = {"document": self._road.one.order(self._number, int(time.time()))}
        answer = await self._post(self._road.office, "/dispatch", {"text": text, "order": order})
        if answer.status not in (200, 201) or answer.body["held"]:
            raise StoryError(f"an order for a good code: {answer.status} {answer.body}")
        await self._until(lambda: self._state() in ("under_way", "unloaded"), "the waybill is under way")
        self._tell(
            "order",
            self._number,
            f"扫码派单 one scan, one order: waybill {self._number} loaded (0x0701), under way",
        )

    async def _photograph(self, text: str) -> None:
        order = {"document": self._road.one.order(self._number[:-1] + "X", int(time.time()))}
        answer = await self._post(self._road.office, "/dispatch", {"text": text, "order": order})
        if answer.status != 409:
            raise StoryError(f"a photograph of a used code: {answer.status} {answer.body}")
        self._tell(
            "photograph",
            answer.status,
            f"a photograph of that screen gives no second order: {answer.body['detail']}",
        )

    async def _coloured(self, severity: str, wanted: str) -> None:
        body = {
            "number": f"V-{severity}", "severity": severity, "words": "演示 demonstration",
            "identity": self._road.one.driver.identity,
        }  # fmt: skip
        async with self._calm:
            await self._until(lambda: bool(screen.colour(self._picture)), "the screen is there")
            begun = time.monotonic()
            self._good(await self._post(self._road.platform, "/violations", body))
            await self._until(lambda: screen.colour(self._picture) == wanted, f"the screen is {wanted}")
            took_s = time.monotonic() - begun
        self._keep(wanted)
        late = "" if took_s <= COLOUR_LIMIT_S else f", later than {COLOUR_LIMIT_S:.0f} s"
        self._tell(
            f"{wanted}_s",
            round(took_s, 2),
            f"a {severity} violation: the screen is {wanted} {took_s:.1f} s later{late}",
        )

    async def _unloaded(self) -> None:
        await self._quarter.wait()
        content = (bytes([WAYBILL]) + UNLOADED.encode("gbk")).hex()
        command = {
            "terminal": self._road.one.phone,
            "message": "DownlinkPassthrough",
            "body": {"hex": content},
        }
        self._good(await self._post(self._road.office, "/commands", command))
        await self._until(lambda: self._state() in ("unloaded", "paid"), "the waybill is unloaded")
        document = self._road.one.payment(self._number, int(time.time()))
        funds = {"kind": "WLHY_ZJ1001", "document": document}
        self._good(await self._post(self._road.office, "/documents", funds))
        await self._until(lambda: len(self._taken()) >= 3, "waybill, location and funds documents are taken")
        self._tell(
            "documents",
            sorted(self._taken()),
            "waybill, track and funds flow of today: each taken by the authority, once",
        )

    async def _evidence(self) -> None:
        path = f"/waybills/{self._number}/0000/evidence"
        bundle: bytes = (await asyncio.to_thread(self._road.office.get, path)).body
        report = verify_bundle(bundle)
        if not report.holds:
            raise StoryError(f"the evidence of {self._number}: {report}")
        self.told.evidence = self._output / f"{self._number}.evidence"
        self.told.evidence.write_bytes(bundle)
        self._tell("evidence", report.holds, "存证 its evidence chain was exported and holds")

    async def _stopped(self) -> None:
        text = screen.scan(self._picture)
        order = {"document": self._road.one.order(f"{self._number[:-2]}RD", int(time.time()))}
        answer = await self._post(self._road.office, "/dispatch", {"text": text, "order": order})
        held = answer.body.get("held", [])
        if answer.status in (200, 201) and not held:
            raise StoryError(f"an order for a red code: {answer.status} {answer.body}")
        why = held[0]["words"] if held else answer.body["detail"]
        self._tell("red_order", answer.status, f"an order for the red code is stopped: {why}")

    async def _cancelled(self) -> None:
        asked = {"identity": self._road.one.driver.identity}
        text = screen.scan(self._picture)
        async with self._calm:
            self._good(await self._post(self._road.driver, "/codes/cancellation", asked))
            await self._until(lambda: screen.gone(self._picture), "the code leaves the screen")
        kept = self._good(await self._post(self._road.driver, "/persons/export", asked)).body
        online = (await self._post(self._road.platform, "/codes/verify", {"text": text})).body
        if kept["code"] is not None or kept["code_history"] or online["accepted"]:
            raise StoryError(f"a holder who cancelled: {kept['code']}, {kept['code_history']}, {online}")
        self._tell(
            "cancelled", online["state"], "the driver cancels: the code leaves the screen and every export"
        )

    def _state(self) -> str:
        return str(self._road.office.get(f"/waybills/{self._number}/0000").body["state"])

    def _taken(self) -> list[str]:
        found = self._road.office.get("/documents?state=taken&limit=20").body["items"]
        return [each["kind"] for each in found if self._number[2:] in each["name"]]

    async def _post(self, api: Any, path: str, body: Any) -> Answer:
        return await asyncio.to_thread(api.post, path, body)

    def _good(self, answer: Answer) -> Answer:
        if answer.status >= 300:
            raise StoryError(f"{answer.status}: {answer.body}")
        return answer

    def _keep(self, colour: str) -> None:
        kept = self._output / f"screen-{colour}.png"
        shutil.copyfile(self._picture, kept)
        self.told.pictures[colour] = kept

    def _tell(self, step: str, seen: Any, words: str) -> None:
        self.told.steps[step] = seen
        self._say(words)

    async def _until(self, happened: Callable[[], bool], what: str) -> float:
        """How long it took."""
        begun = time.monotonic()
        while not await asyncio.to_thread(happened):
            if time.monotonic() - begun > PATIENCE_S:
                raise StoryError(f"{what}: not within {PATIENCE_S:.0f} s")
            await asyncio.sleep(_LOOK_S)
        return time.monotonic() - begun
