"""Polygons and legs of routes against a fix, in integers: the part of geometry that only areas need."""

from .geometry import compare_products, scaled

_LEG_MAX = 12000  # units; a leg of a route is halved until it is shorter, then squares stay below 2^29


def edge_crossing(x, y, x1, y1, x2, y2):
    """What the edge from (x1, y1) to (x2, y2) says of a point: 2 it is on the edge, 1 the ray eastward of
    the point crosses it, 0 neither. An odd number of crossings means inside.
    """
    if (y1 > y) == (y2 > y):
        if y1 == y == y2 and (x1 <= x <= x2 or x2 <= x <= x1):
            return 2
        return 2 if x2 == x and y2 == y else 0
    if x1 < x and x2 < x:
        return 0
    side = compare_products(x2 - x1, y - y1, x - x1, y2 - y1)
    if side == 0:
        return 2
    return 1 if (side > 0) == (y2 > y1) else 0


def near_leg(x1, y1, x2, y2, reach, cosine):
    """Whether the origin is within `reach` units of the leg from (x1, y1) to (x2, y2).

    x: micro-degrees of longitude from the fix, y: of latitude. cosine: cosine_e14 of the fix.
    reach: below 8192.
    """
    x1 = scaled(x1, cosine)
    x2 = scaled(x2, cosine)
    if min(x1, x2) > reach or max(x1, x2) < -reach or min(y1, y2) > reach or max(y1, y2) < -reach:
        return False
    while abs(x2 - x1) > _LEG_MAX or abs(y2 - y1) > _LEG_MAX:
        # The nearest point lies in the half into which the fix falls when it is dropped on the leg.
        x = (x1 + x2) >> 1
        y = (y1 + y2) >> 1
        if compare_products(x2 - x1, -x, y2 - y1, y) > 0:
            x1 = x
            y1 = y
        else:
            x2 = x
            y2 = y
    if min(x1, x2) > reach or max(x1, x2) < -reach or min(y1, y2) > reach or max(y1, y2) < -reach:
        return False
    return _near_short_leg(x1, y1, x2 - x1, y2 - y1, reach)


def square_root(square):
    """The integer square root of 1…2^30-1."""
    guess = 1 << 15
    while True:
        better = (guess + square // guess) >> 1
        if better >= guess:
            return guess
        guess = better


def _near_short_leg(x, y, along_x, along_y, reach):
    """As near_leg, from (x, y) by (along_x, along_y); all below 2^15 units."""
    square = along_x * along_x + along_y * along_y
    drop = -(x * along_x + y * along_y)  # how far along the leg the fix falls, times its length
    if 0 < drop < square:
        return abs(x * along_y - y * along_x) <= reach * square_root(square)
    if drop > 0:
        x += along_x
        y += along_y
    return abs(x) <= reach and abs(y) <= reach and x * x + y * y <= reach * reach
