"""What a caller of the API sees of a person: masked, unless he asks for it unmasked and says why.

Who somebody is, is masked: names, phone, identity and licence numbers. Positions and plates are what the
fleet company's own programs ask this API for; they stay exact.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import Depends, Query

from protocols.freight import masking
from protocols.freight.showing import PAPERS, without_persons

from ..commands import CommandError
from ..tokens import Principal
from .services import Services

PurposeName = Literal["", "verification", "exchange", "monitoring", "aftermarket", "analysis"]
DRIVER: dict[str, str] = {"qualification": "identity", "name": "name", "phone": "phone"}
# Of the five documents of freight, wherever they stand; sender and receiver may be persons too.
DOCUMENT: dict[str, str] = {
    "driverName": "name",
    "drivingLicense": "identity",
    "qualificationCertificate": "identity",
    "telephone": "phone",
    "recipient": "name",
    "receiptAccount": "account",
    "owner": "name",
    "consignor": "name",
    "consignorId": "identity",
    "consignee": "name",
    "consigneeId": "identity",
    "placeOfLoading": "address",
    "goodsReceiptPlace": "address",
}


class Sight:
    """unmasked: everything as it is; then there is a purpose, and `note` leaves its audit line first."""

    def __init__(self, unmasked: bool, purpose: str) -> None:
        self.unmasked = unmasked
        self._purpose = purpose

    async def note(self, house: Services, who: Principal, what: str, terminal: str = "") -> None:
        """The audit line of an unmasked look. Raises CommandError when it cannot be written."""
        if self.unmasked:
            await house.commands.note(who.name, f"{what} seen unmasked", terminal, self._purpose)

    def row(self, kind: str, row: dict[str, Any]) -> dict[str, Any]:
        """A vehicle, driver or group."""
        if self.unmasked or kind != "drivers":
            return row
        return row | {
            name: masking.RULES[rule](str(row[name])) for name, rule in DRIVER.items() if row.get(name)
        }

    def document(self, part: Any, name: str = "") -> Any:
        """A document of freight, or a part of it."""
        if self.unmasked:
            return part
        if isinstance(part, Mapping):
            return {each: self.document(value, each) for each, value in part.items()}
        if isinstance(part, list):
            return [self.document(each, name) for each in part]
        return masking.RULES[DOCUMENT[name]](str(part)) if name in DOCUMENT and part is not None else part

    def command(self, command: dict[str, Any]) -> dict[str, Any]:
        """A command with its answer."""
        if self.unmasked:
            return command
        answer = command["answer"]
        if answer is not None:
            body = answer["body"] and without_persons(answer["message_id"], answer["body"])
            whole = body == answer["body"] and answer["message_id"] not in PAPERS
            answer = answer | {"body": body, "hex": answer["hex"] if whole else ""}
        return command | {"body": without_persons(command["message_id"], command["body"]), "answer": answer}


async def sight_of(
    unmasked: Annotated[bool, Query(description="names and numbers in full; leaves an audit line")] = False,
    purpose: Annotated[PurposeName, Query(description="why; needed with `unmasked`")] = "",
) -> Sight:
    """A dependency: how much the caller sees. 422 for `unmasked` without a purpose."""
    if unmasked and not purpose:
        raise CommandError("personal data leaves with a purpose only", "purpose")
    return Sight(unmasked, purpose)


Seen = Annotated[Sight, Depends(sight_of)]
