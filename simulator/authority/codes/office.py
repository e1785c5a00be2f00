"""The office that issues codes: one code a holder, a new one for each change, the old one revoked.

A holder is known by the keyed hash of its identity. Signed codes are `protocols.driver_code`'s; the office
knows no format. Every refusal and every event is an answer, none an exception of the applicant's making.
"""

from dataclasses import dataclass, replace
from typing import Final

from protocols.driver_code.codec import Codec
from protocols.driver_code.content import IDENTITY_HASH_BYTES, Colour, Content
from protocols.driver_code.masked_name import masked
from protocols.driver_code.trust import IssuerKey, Revocations, code_id
from protocols.freight.certificates import NAMES, Paper, Status
from protocols.guomi import Guomi

from .colours import RULES, ColourRule, Standing, Violation, history, standing_at
from .examination import Application, Refusal, Register, examine, valid_until
from .holders import HolderRecord, Holders, HoldersInMemory, Issued
from .score import Score, score_at

HOLDERS_MAX: Final = 1_000_000
VIOLATIONS_MAX: Final = 1000  # of one holder


@dataclass(frozen=True)
class Refused:
    """Why not: every paper that is missing or wrong, or one reason of the office's own."""

    refusals: tuple[Refusal, ...]
    reason: str = ""


class Office:
    """key, private: of the issuer. secret: of the identity hashes. register: of papers. holders: where
    holders are kept; in memory when absent."""

    def __init__(
        self,
        guomi: Guomi,
        codec: Codec,
        key: IssuerKey,
        *,
        private: bytes,
        secret: bytes,
        register: Register,
        rules: tuple[ColourRule, ...] = RULES,
        holders: Holders | None = None,
    ) -> None:
        self._guomi, self._codec, self._key = guomi, codec, key
        self._private, self._secret = private, secret
        self._register, self._rules = register, rules
        self._holders: Holders = HoldersInMemory() if holders is None else holders

    def rekey(self, key: IssuerKey, private: bytes) -> None:
        """Signs with another key from now on. What was issued stays good as long as its key is trusted."""
        self._key, self._private = key, private

    def holder_of(self, identity: str) -> bytes:
        """The keyed hash of an identity number, 16 bytes."""
        named = identity.encode("utf-8", "surrogatepass")  # an upload may hold half a character
        return self._guomi.sm3_hmac(self._secret, named)[:IDENTITY_HASH_BYTES]

    def record_of(self, holder: bytes) -> HolderRecord:
        """All that the office has of a holder. Raises KeyError for an unknown one."""
        known = self._holders.get(holder)
        if known is None:
            raise KeyError("no such holder")
        return known

    def apply(self, application: Application, now_s: int) -> Issued | Refused:
        """Examines everything and issues. One code a holder: who has one that stands changes it instead."""
        holder = self.holder_of(application.identity)
        known = self._holders.get(holder)
        if known is not None and now_s < known.issued.valid_until_s:
            return Refused((), "the holder has a code already")
        if known is None and self._holders.count() >= HOLDERS_MAX:
            return Refused((), "the register of holders is full")
        refusals = examine(application, self._register, now_s)
        if refusals:
            return Refused(tuple(refusals))
        violations = known.violations if known is not None else self._holders.kept(holder)
        issued = self._issue(holder, application, violations, now_s)
        self._holders.put(holder, HolderRecord(application, issued, now_s, violations), now_s, "issued")
        return issued

    def change(self, application: Application, now_s: int) -> Issued | Refused:
        """Another vehicle or other papers: examined anew. A refusal leaves the present code as it is."""
        holder = self.holder_of(application.identity)
        known = self._holders.get(holder)
        if known is None:
            return Refused((), "no code to change")
        refusals = examine(application, self._register, now_s)
        if refusals:
            return Refused(tuple(refusals))
        self._revoke(known, now_s)
        issued = self._issue(holder, application, known.violations, now_s)
        self._holders.put(holder, replace(known, application=application, issued=issued), now_s, "changed")
        return issued

    def cancel(self, holder: bytes, now_s: int) -> bool:
        """The holder's own wish: the code is revoked and the holder forgotten, but for violations that are
        open. False when there was none."""
        known = self._holders.get(holder)
        if known is None:
            return False
        self._revoke(known, now_s)
        self._holders.remove(holder, tuple(v for v in known.violations if v.handled_s is None), now_s)
        return True

    def record(self, holder: bytes, violation: Violation, now_s: int) -> Issued | None:
        """Notes a violation, or its handling when its number is known. A new code when the colour changed.

        Raises KeyError for an unknown holder, ValueError when there are too many violations.
        """
        known = self.record_of(holder)
        others = tuple(each for each in known.violations if each.number != violation.number)
        if len(others) >= VIOLATIONS_MAX:
            raise ValueError(f"violations: at most {VIOLATIONS_MAX} of one holder")
        action = "violation" if violation.handled_s is None else "violation handled"
        self._holders.put(holder, replace(known, violations=(*others, violation)), now_s, action)
        return self.refresh(holder, now_s)

    def give_presence(self, holder: bytes, reference: int, key: bytes, now_s: int) -> None:
        """Notes the key of the holder's proofs of presence. Raises KeyError for an unknown holder."""
        known = self.record_of(holder)
        changed = replace(known, presence_reference=reference, presence_key=key)
        self._holders.put(holder, changed, now_s, "presence key")

    def refresh(self, holder: bytes, now_s: int) -> Issued | None:
        """A new code when today's colour is another than the code's; None when it is not, or has ended."""
        known = self.record_of(holder)
        if now_s >= known.issued.valid_until_s:
            return None
        colour = self.standing(holder, now_s).colour
        if colour is known.issued.colour:
            return None
        self._revoke(known, now_s)
        issued = self._issue(holder, known.application, known.violations, now_s, colour)
        self._holders.put(holder, replace(known, issued=issued), now_s, f"colour {colour.name.lower()}")
        return issued

    def standing(self, holder: bytes, now_s: int) -> Standing:
        """Today's colour and its causes: violations, certificates that ended, and those that the register has
        suspended or cancelled since. Raises KeyError for an unknown holder."""
        known = self.record_of(holder)
        standing = standing_at(now_s, known.violations, known.issued.valid_until_s, self._rules)
        fallen = self._fallen(known.application)
        return Standing(Colour.RED, (*fallen, *standing.causes)) if fallen else standing

    def score(self, holder: bytes, now_s: int) -> Score:
        """The overall rating and its reasons. Raises KeyError."""
        return score_at(now_s, self.record_of(holder).violations)

    def history(self, holder: bytes, until_s: int) -> list[tuple[int, Standing]]:
        """Each colour since the holder's first code, with its causes. Raises KeyError."""
        known = self.record_of(holder)
        return history(known.since_s, until_s, known.violations, known.issued.valid_until_s, self._rules)

    def revocations(self, now_s: int) -> Revocations:
        """The list for verifiers. Codes that have ended anyway are left out, so it does not grow for ever."""
        return Revocations(now_s, self._holders.revoked(now_s))

    def _fallen(self, application: Application) -> tuple[str, ...]:
        """The papers behind the code that the register no longer has as valid."""
        found = []
        for shown in application.papers:
            entry = self._register.get((shown.paper, shown.number))
            status = "no longer on the register" if entry is None else entry.status.value
            if entry is None or entry.status is not Status.VALID:
                found.append(f"{NAMES[shown.paper]} ({shown.paper.value}): {status}")
        return tuple(found)

    def _revoke(self, known: HolderRecord, now_s: int) -> None:
        self._holders.revoke(code_id(known.issued.text), known.issued.valid_until_s, now_s)

    def _issue(
        self,
        holder: bytes,
        application: Application,
        violations: tuple[Violation, ...],
        now_s: int,
        colour: Colour | None = None,
    ) -> Issued:
        until_s = valid_until(application)
        if colour is None:
            colour = standing_at(now_s, violations, until_s, self._rules).colour
        driving = [each for each in application.papers if each.paper is Paper.DRIVING]
        content = Content(
            application.holder,
            holder,
            masked(application.name),
            application.plate,
            int(application.plate_colour or 0),
            driving[0].classes if driving else (),
            colour,
            now_s,
            until_s,
            self._key.key_id,
        )
        return Issued(holder, self._codec.sign(content, self._private), colour, until_s)
