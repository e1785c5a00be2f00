"""Scopes of operating permits and transport certificates, and which of them allows which cargo.

The names are those that permits bear as generally known; the table is OURS: neither the notice nor the code
sets that were found link cargo codes to scopes.
"""

from collections.abc import Mapping
from typing import Final

GENERAL: Final = "普通货运"
CONTAINER: Final = "货物专用运输(集装箱)"
COLD: Final = "货物专用运输(冷藏保鲜)"
TANK: Final = "货物专用运输(罐式)"
LARGE: Final = "大型物件运输"
DANGEROUS: Final = "危险货物运输"
NETWORK: Final = "网络货运"

CARGO_SCOPES: Final[Mapping[str, frozenset[str]]] = {  # any of them allows the cargo code
    "0200": frozenset({DANGEROUS}),
    "1602": frozenset({COLD}),
}
DEFAULT_SCOPES: Final = frozenset({GENERAL})


def scopes_for(cargo: str) -> frozenset[str]:
    """The scopes that allow this cargo code."""
    return CARGO_SCOPES.get(cargo, DEFAULT_SCOPES)
