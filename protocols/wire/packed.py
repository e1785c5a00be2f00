"""Layouts as bytes, which is how the linker stores them: a tuple costs a device five times as much.

One value stands behind the other: 0x00…0x1E a tuple of so many values; 0x1F a tuple whose count is the next
byte; 0x20…0x7E a text of one character; 0x7F None; 0x80…0xDF the numbers 0…95; 0xE0…0xEF the high half of
a number of 12 bits; 0xF0 a text behind its length; 0xF1 a number of four bytes; 0xF2 what stands at the place
that the next two give. 0xF8 at the very beginning: the places of the layouts of the three editions, two bytes
each, 0 for none.
"""

AGAIN = 0xF2
BY_EDITION = 0xF8


def unpacked(data, edition_index):
    """The layout that is packed in `data` for this edition; None when it has none."""
    at = 0
    if data[0] == BY_EDITION:
        at = data[1 + 2 * edition_index] << 8 | data[2 + 2 * edition_index]
        if not at:
            return None
    return _value(data, at)[0]


def _value(data, at):
    """The value at data[at], and where it ends."""
    code = data[at]
    at += 1
    if code < 0x20:
        if code == 0x1F:
            code = data[at]
            at += 1
        items = []
        for _ in range(code):
            item, at = _value(data, at)
            items.append(item)
        return tuple(items), at
    if code < 0x7F:
        return chr(code), at
    if code == 0x7F:
        return None, at
    if code < 0xE0:
        return code & 0x7F, at
    if code < 0xF0:
        return (code & 15) << 8 | data[at], at + 1
    if code == 0xF1:
        return int.from_bytes(data[at : at + 4], "big"), at + 4
    if code == AGAIN:
        return _value(data, data[at] << 8 | data[at + 1])[0], at + 2
    end = at + 1 + data[at]
    return data[at + 1 : end].decode(), end
