"""How codes look in answers. Nothing but shapes."""

from datetime import UTC, datetime
from typing import Any

from protocols.driver_code.content import Content

from ..bureau import Bureau
from ..codes import Office


def utc(second: int) -> datetime:
    """An aware time."""
    return datetime.fromtimestamp(second, UTC)


def code_of(office: Office, holder: bytes, now_s: int) -> dict[str, Any]:
    """A holder's own view. Raises KeyError for an unknown holder."""
    record, standing, score = (
        office.record_of(holder),
        office.standing(holder, now_s),
        office.score(holder, now_s),
    )
    return {
        "holder": holder.hex(),
        "text": record.issued.text,
        "plate": record.application.plate,
        "colour": standing.colour.name.lower(),
        "causes": list(standing.causes),
        "valid_until_s": record.issued.valid_until_s,
        "ended": now_s >= record.issued.valid_until_s,
        "history": [
            {"since_s": since_s, "colour": then.colour.name.lower(), "causes": list(then.causes)}
            for since_s, then in office.history(holder, now_s + 1)
        ],
        "rating": {"points": score.points, "reasons": list(score.reasons)},
    }


def standing_of(bureau: Bureau, holder: bytes, now_s: int) -> dict[str, Any]:
    """Today's colour, its causes and the rating; of a holder who is gone: no colour."""
    if bureau.holders.get(holder) is None:
        return {"colour": None, "causes": ["the holder has no code any more"], "points": None}
    standing, score = bureau.office.standing(holder, now_s), bureau.office.score(holder, now_s)
    return {
        "colour": standing.colour.name.lower(),
        "causes": list(standing.causes),
        "points": score.points,
    }


def content_of(content: Content) -> dict[str, Any]:
    """What a code says, as it says it."""
    return {
        "holder_kind": content.holder.name.lower(),
        "holder": content.identity_hash.hex(),
        "name": content.masked_name,
        "plate": content.plate,
        "plate_colour": content.plate_colour,
        "classes": list(content.classes),
        "colour": content.colour.name.lower(),
        "issued_s": content.issued_s,
        "valid_until_s": content.valid_until_s,
        "key_id": content.key_id.hex(),
    }
