"""Judges a scanned driver code: signature, time, revocation, colour of today, and whether it is here now.
Pure but for the registers that it asks.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from protocols.driver_code import presence
from protocols.driver_code.content import Colour, Content
from protocols.driver_code.trust import State
from protocols.driver_code.trust import Verdict as CodeVerdict

from .registers import Registers

TEXT_CHARACTERS_MAX: Final = 400


@dataclass(frozen=True)
class Checked:
    """code: without the proof. verdict: of the code. present: of the proof. colour: of today as far as it is
    known (online, else by the snapshot, else the code's own). source: online, snapshot or code."""

    code: str
    verdict: CodeVerdict
    present: presence.Verdict
    colour: Colour | None
    source: str

    @property
    def content(self) -> Content | None:
        """What the code says."""
        return self.verdict.content

    def refusal(self, needs_presence: bool) -> tuple[str, str]:
        """(kind, words) why it gives no order; ("", "") when it may."""
        if not self.verdict.accepted:
            return self.verdict.state.name.lower(), self.verdict.reason or self.verdict.state.value
        if self.colour is Colour.RED:
            return State.RED.name.lower(), f"red today ({self.source})"
        if self.present is presence.Verdict.PRESENT or (
            self.present is presence.Verdict.ABSENT and not needs_presence
        ):
            return "", ""
        return (
            f"presence_{self.present.value}",
            "the symbol was not made by the terminal just now: scan it anew",
        )

    def as_json(self) -> dict[str, Any]:
        """For people: no hash of an identity."""
        content = self.content
        shown: dict[str, Any] = {
            "state": self.verdict.state.name.lower(),
            "accepted": self.verdict.accepted,
            "reason": self.verdict.reason,
            "presence": self.present.value,
            "colour": self.colour.name.lower() if self.colour else None,
            "colour_from": self.source,
        }
        if content is not None:
            shown |= {
                "holder": content.holder.name.lower(),
                "name": content.masked_name,
                "plate": content.plate,
                "plate_colour": content.plate_colour,
                "classes": list(content.classes),
                "issued_s": content.issued_s,
                "valid_until_s": content.valid_until_s,
            }
        return shown


def check_code(text: str, registers: Registers, now_s: int, online: Colour | None = None) -> Checked:
    """online: the colour that the authority tells now, None when it was not asked or not reached."""
    proof = presence.verify(
        text[:TEXT_CHARACTERS_MAX], registers.presence_key, datetime.fromtimestamp(now_s, UTC)
    )
    verdict = registers.verifier().verify(proof.code, now_s)
    colour, source = online, "online"
    snapshot = registers.snapshot
    if colour is None and verdict.content is not None and snapshot is not None:
        driver = snapshot.driver_by_holder.get(verdict.content.identity_hash)
        colour, source = (driver.colour if driver else None), "snapshot"
    if colour is None:
        colour, source = (verdict.content.colour if verdict.content else None), "code"
    return Checked(proof.code, verdict, proof.verdict, colour, source)


def symbol_of(text: str, checked: Checked, order: str) -> bytes:
    """What gives one order: one showing of a code. Without a proof showings cannot be told apart: then it is
    the code for this order."""
    what = text if checked.present is not presence.Verdict.ABSENT else f"{checked.code} {order}"
    return sha256(what.encode()).digest()
