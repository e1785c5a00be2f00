"""Places of Yunnan for scenarios: area code, name, plate letter, about where (degrees, WGS-84).

unverified: the codes are those of GB/T 2260 as generally known; the reference only says that they have six
digits. They are scenario data, and the scenario's table of area codes that exist.
"""

from typing import Final, NamedTuple


class Place(NamedTuple):
    """code: six digits. letter: of plates there, after 云."""

    code: str
    name: str
    letter: str
    latitude: float
    longitude: float


KUNMING: Final = (
    Place("530102", "云南省昆明市五华区", "A", 25.036, 102.707),
    Place("530103", "云南省昆明市盘龙区", "A", 25.116, 102.752),
    Place("530111", "云南省昆明市官渡区", "A", 24.950, 102.749),
    Place("530112", "云南省昆明市西山区", "A", 25.038, 102.604),
    Place("530113", "云南省昆明市东川区", "A", 26.083, 103.188),
    Place("530114", "云南省昆明市呈贡区", "A", 24.886, 102.822),
    Place("530181", "云南省昆明市安宁市", "A", 24.919, 102.478),
)
PREFECTURES: Final = (
    Place("530100", "云南省昆明市", "A", 25.038, 102.718),
    Place("530300", "云南省曲靖市", "D", 25.490, 103.796),
    Place("530400", "云南省玉溪市", "F", 24.352, 102.547),
    Place("530500", "云南省保山市", "M", 25.112, 99.161),
    Place("530600", "云南省昭通市", "C", 27.338, 103.717),
    Place("530700", "云南省丽江市", "P", 26.872, 100.233),
    Place("530800", "云南省普洱市", "J", 22.777, 100.972),
    Place("530900", "云南省临沧市", "S", 23.887, 100.087),
    Place("532300", "云南省楚雄州", "E", 25.045, 101.528),
    Place("532500", "云南省红河州", "G", 23.363, 103.375),
    Place("532600", "云南省文山州", "H", 23.369, 104.244),
    Place("532800", "云南省西双版纳州", "K", 22.002, 100.797),
    Place("532900", "云南省大理州", "L", 25.606, 100.267),
    Place("533100", "云南省德宏州", "N", 24.436, 98.578),
    Place("533300", "云南省怒江州", "Q", 25.852, 98.855),
    Place("533400", "云南省迪庆州", "R", 27.827, 99.707),
)
EXISTING: Final = frozenset(place.code for place in KUNMING + PREFECTURES)
