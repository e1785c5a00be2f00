"""Distances between columns of points, in metres: flat strips of a spherical Earth, good to some 1,000 km.

An area of its own beside the fleet's geometry on purpose: what judges must not be what drove.
"""

from typing import Any, Final

import numpy as np

Column = np.ndarray[Any, Any]
METRES_PER_UDEG: Final = 6_371_008.8 * np.pi / 180 / 1e6


def distance_m(latitude_a: Column, longitude_a: Column, latitude_b: Column, longitude_b: Column) -> Column:
    """Between points in micro-degrees, row by row."""
    a, b = latitude_a.astype(np.float64), latitude_b.astype(np.float64)
    north = b - a
    east = longitude_b.astype(np.float64) - longitude_a.astype(np.float64)
    shrink = np.cos((a + b) / 2 * (np.pi / 180 / 1e6))
    return np.hypot(north, east * shrink) * METRES_PER_UDEG
