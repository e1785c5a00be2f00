"""Where a fix is to a shape, in integer micro-degrees; exact where a shape is exact, and off the heap.

A 32-bit board keeps integers below 2^30 off the heap and the product of two differences of coordinates has
up to 58 bits, so products are compared in two halves and never made. Lengths are counted in units: one unit
is a micro-degree of latitude, 0.1112 m on a sphere of 6371 km (the ellipsoid differs from it by 0.6 % at
most). Coordinates lie within ±180,000,000, so every difference is below 2^29. Shapes across the meridian of
180° are not meant. Knows no area and no rule.
"""

UNITS_PER_10_KM = 89932


def compare_products(a, b, c, d):
    """The sign of a·b - c·d: -1, 0 or 1. Every factor below 2^29 in size."""
    left = a and b and (1 if (a > 0) == (b > 0) else -1)
    right = c and d and (1 if (c > 0) == (d > 0) else -1)
    if left != right or left == 0:
        return (left > right) - (left < right)
    a = abs(a)
    b = abs(b)
    c = abs(c)
    d = abs(d)
    # Limbs of 15 bits: high·2^30 + low, where both halves are small integers.
    low = (a & 0x7FFF) * (b & 0x7FFF)
    first = (a >> 15) * (b & 0x7FFF)
    second = (a & 0x7FFF) * (b >> 15)
    middle = (first & 0x7FFF) + (second & 0x7FFF) + (low >> 15)
    high = (a >> 15) * (b >> 15) + (first >> 15) + (second >> 15) + (middle >> 15)
    low = (middle & 0x7FFF) << 15 | low & 0x7FFF
    other_low = (c & 0x7FFF) * (d & 0x7FFF)
    first = (c >> 15) * (d & 0x7FFF)
    second = (c & 0x7FFF) * (d >> 15)
    middle = (first & 0x7FFF) + (second & 0x7FFF) + (other_low >> 15)
    high -= (c >> 15) * (d >> 15) + (first >> 15) + (second >> 15) + (middle >> 15)
    if high == 0:
        high = low - ((middle & 0x7FFF) << 15 | other_low & 0x7FFF)
    return left * ((high > 0) - (high < 0))


def cosine_e14(latitude_udeg):
    """The cosine of a latitude in 1/16384, right to 3/16384: its series in integers."""
    angle = abs(latitude_udeg) // 100 * 1144 // 40007  # radians in 1/16384
    square = angle * angle >> 14
    cosine = 16384 - square // 56
    cosine = 16384 - (square * cosine >> 14) // 30
    cosine = 16384 - (square * cosine >> 14) // 12
    return 16384 - (square * cosine >> 14) // 2


def scaled(length, factor_e14):
    """length · factor / 16384, for a factor of 0…16384 and a length below 2^29."""
    if length < 0:
        return -scaled(-length, factor_e14)
    return (length >> 14) * factor_e14 + ((length & 0x3FFF) * factor_e14 >> 14)


def in_circle(east, north, radius):
    """Whether a point `east`, `north` units from the centre is within `radius` units, border included."""
    east = abs(east)
    north = abs(north)
    if east > radius or north > radius:
        return False
    return compare_products(east, east, radius - north, radius + north) <= 0
