"""Desensitisation (脱敏): how much of a value may be seen. The usual practice; no source gives formats.

A masked value is for people. What must still be joined gets a keyed hash besides (`pseudonyms`).
"""

import re
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

STAR: Final = "*"
_DISTRICT: Final = re.compile(r".*?(?:自治县|[市县区旗])(?!.*(?:自治县|[县区旗]))")
_GRID: Final = Decimal("0.01")
DOUBLE_SURNAMES: Final = frozenset(
    (
        "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "轩辕",
        "夏侯", "端木", "独孤",
    )
)  # fmt: skip


def name(value: str) -> str:
    """王小明 → 王**, 欧阳小明 → 欧阳**: the surname stays, of two characters where it is one of those."""
    kept = 2 if len(value) > 2 and value[:2] in DOUBLE_SURNAMES else 1
    return value[:kept] + STAR * (len(value) - kept)


def phone(value: str) -> str:
    """13812348000 → 138****8000; shorter numbers keep no more than the last two."""
    return _ends(value, 3, 4)


def identity(value: str) -> str:
    """530100199001011234 → 530100********1234."""
    return _ends(value, 6, 4)


def identity_closely(value: str) -> str:
    """530100199001011234 → 5****************4."""
    return _ends(value, 1, 1)


def plate(value: str) -> str:
    """云A12345 → 云A***45."""
    return _ends(value, 2, 2)


def account(value: str) -> str:
    """6222021234567896789 → ***************6789."""
    return _ends(value, 0, 4)


def address(value: str) -> str:
    """Down to the district: 云南省昆明市官渡区广福路1号 → 云南省昆明市官渡区; without a district, stars."""
    match = _DISTRICT.match(value)
    return match.group() if match else STAR * len(value)


def position(value: Any) -> str:
    """Degrees to two decimals: about a kilometre."""
    return str(Decimal(str(value)).quantize(_GRID, ROUND_HALF_EVEN))


def nothing(value: Any) -> Any:
    """The value itself."""
    return value


RULES: Final[dict[str, Callable[[Any], Any]]] = {
    "clear": nothing,
    "name": name,
    "phone": phone,
    "identity": identity,
    "identity-closely": identity_closely,
    "plate": plate,
    "account": account,
    "address": address,
    "position": position,
}


def _ends(value: str, first: int, last: int) -> str:
    """Stars between; a value too short for that keeps its last two at most."""
    hidden = len(value) - first - last
    if hidden <= 0:
        shown = min(2, len(value) // 2)
        return STAR * (len(value) - shown) + value[len(value) - shown :]
    return value[:first] + STAR * hidden + value[len(value) - last :]
