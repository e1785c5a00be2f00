"""The square: fixed patterns, the path of the data, masks, and what a mask costs.

A module is a byte at buffer[at + row * size + column]: bit 0 dark, bit 1 fixed (no data, no mask).
"""

DARK = 1
FIXED = 2
FORMAT_XOR = 0x5412
_FORMAT_LEVELS = (1, 0, 3)  # L, M, Q as the format information says them
_FINDER_LIKE = 0x5D0  # dark light dark dark dark light dark, then four light, as eleven bits
_FINDER_LIKE_BEHIND = 0x05D


def draw_fixed(buffer, at, version):
    """Finders, timing, alignment; format and version places are kept free (light)."""
    size = 4 * version + 17
    for index in range(at, at + size * size):
        buffer[index] = 0
    for row in range(9):  # the corners: finder, separator, format
        for column in range(9):
            buffer[at + row * size + column] = FIXED
            if column < 8:
                buffer[at + row * size + size - 1 - column] = FIXED
                buffer[at + (size - 1 - column) * size + row] = FIXED
    _finder(buffer, at, size, 3, 3)
    _finder(buffer, at, size, 3, size - 4)
    _finder(buffer, at, size, size - 4, 3)
    for place in range(8, size - 8):
        module = FIXED | (place + 1 & DARK)
        buffer[at + 6 * size + place] = buffer[at + place * size + 6] = module
    for number in range(1 if version == 1 else 4 if version < 7 else 9 if version < 14 else 16):
        _alignment(buffer, at, version, size, number)
    if version >= 7:
        for place in range(18):
            near = size - 11 + place % 3
            buffer[at + place // 3 * size + near] = buffer[at + near * size + place // 3] = FIXED


def _finder(buffer, at, size, row, column):
    for down in range(-3, 4):
        for right in range(-3, 4):
            far = max(abs(down), abs(right))
            buffer[at + (row + down) * size + column + right] = FIXED | (far != 2)


def _alignment(buffer, at, version, size, number):
    """One of the pattern's places, the corners with finders left out."""
    side = 1 if version == 1 else 2 if version < 7 else 3 if version < 14 else 4
    down = number // side
    right = number % side
    if not (down or right) or (down == 0 and right == side - 1) or (right == 0 and down == side - 1):
        return
    row = _centre(version, size, down, side)
    column = _centre(version, size, right, side)
    for y in range(-2, 3):
        for x in range(-2, 3):
            far = max(abs(y), abs(x))
            buffer[at + (row + y) * size + column + x] = FIXED | (far != 1)


def _centre(version, size, number, side):
    if number == 0:
        return 6
    if number == side - 1:
        return size - 7
    if side == 3:
        return (size - 1) // 2
    return 26 if number == 1 else 46 + 2 * (version - 14)


def place_data(buffer, at, size, column, bit):
    """Codeword bits (from buffer[0], this one first) into two columns: `column` and the one left of it.

    Gives the next bit. Columns go from the right, `size - 1`, `size - 3`, … and from 6 on one further left;
    of those every second runs upwards. The remainder bits find the codewords used up: light.
    """
    bits = 8 * at  # the codewords end where the modules begin
    up = (size - 1 - column) // 2 % 2 == 0 if column > 6 else (size - 2 - column) // 2 % 2 == 0
    for step in range(size):
        index = at + (size - 1 - step if up else step) * size + column
        for _ in range(2):
            if not buffer[index] & FIXED:
                if bit < bits:
                    buffer[index] = buffer[bit >> 3] >> (7 - (bit & 7)) & 1
                bit += 1
            index -= 1
    return bit


def mask_row(mask, row):
    """The mask in one row, six bits that repeat: bit n for columns n, n + 6, …"""
    bits = 0
    for column in range(6):
        product = row * column
        if mask == 0:
            rest = (row + column) % 2
        elif mask == 1:
            rest = row % 2
        elif mask == 2:
            rest = column % 3
        elif mask == 3:
            rest = (row + column) % 3
        elif mask == 4:
            rest = (row // 2 + column // 3) % 2
        elif mask == 5:
            rest = product % 2 + product % 3
        elif mask == 6:
            rest = (product % 2 + product % 3) % 2
        else:
            rest = ((row + column) % 2 + product % 3) % 2
        if not rest:
            bits |= 1 << column
    return bits


def toggle(buffer, at, size, row, bits):
    """Turns the data modules of a row over where the six repeating bits say so."""
    if not bits:
        return
    start = at + row * size
    for column in range(size):
        index = start + column
        if bits >> column % 6 & 1 and buffer[index] < FIXED:
            buffer[index] ^= DARK


def line_cost(buffer, start, stop, step):
    """Runs of five and more, and places that look like a finder, in one row or column."""
    cost = same = history = 0
    colour = -1
    seen = 0
    while start < stop:  # a range with a step would be an object
        module = buffer[start] & DARK
        start += step
        if module == colour:
            same += 1
            if same >= 5:
                cost += 3 if same == 5 else 1
        else:
            same = 1
            colour = module
        history = (history << 1 | module) & 0x7FF
        seen += 1
        if seen >= 11 and (history == _FINDER_LIKE or history == _FINDER_LIKE_BEHIND):
            cost += 40
    return cost


def square_cost(buffer, start, size):
    """3 for each square of 2×2 in one colour, of the row at `start` and the one below it."""
    cost = 0
    above = below = 2
    for index in range(start, start + size):
        top = buffer[index] & DARK
        bottom = buffer[index + size] & DARK
        if top == bottom == above == below:
            cost += 3
        above = top
        below = bottom
    return cost


def dark_cost(dark, modules):
    """10 for every whole 5 % that the dark modules are away from a half."""
    return abs(100 * dark - 50 * modules) // (5 * modules) * 10


def draw_format(buffer, at, version, level, mask):
    """Level and mask beside the finders, the version from 7 on, and the module that is always dark."""
    size = 4 * version + 17
    bits = _format_bits(_FORMAT_LEVELS[level] << 3 | mask)
    for place in range(15):
        module = FIXED | bits >> place & 1
        down = place if place < 6 else place + 1 if place < 8 else size - 15 + place
        right = size - 1 - place if place < 8 else 7 if place == 8 else 14 - place
        buffer[at + down * size + 8] = module
        buffer[at + 8 * size + right] = module
    buffer[at + (size - 8) * size + 8] = FIXED | DARK
    if version >= 7:
        bits = _remainder(version, 12, 0x1F25)
        for place in range(18):
            near = size - 11 + place % 3
            module = FIXED | bits >> place & 1
            buffer[at + place // 3 * size + near] = buffer[at + near * size + place // 3] = module


def _format_bits(value):
    return _remainder(value, 10, 0x537) ^ FORMAT_XOR


def _remainder(value, width, polynomial):
    """The value with the remainder of its division behind it (BCH code)."""
    rest = value
    for _ in range(width):
        rest = rest << 1 ^ (rest >> width - 1) * polynomial
    return value << width | rest
