"""Message bodies by table: encodes and decodes what `tables.py` lists, every range checked.

Bodies are flat tuples name, kind, name, kind …; `tables.py` explains the kinds. Text, BCD and unknown items
stay bytes. Knows no message by itself.
"""

from .errors import LocalProtocolError, RemoteProtocolError
from .header import EDITION_2011, EDITION_2013, EDITION_2019
from .tables import (
    BODIES,
    COMPOSITE_ITEMS,
    KIND_COUNTED,
    KIND_FIXED,
    KIND_FIXED_MASK,
    KIND_IF,
    KIND_IF_NOT,
    KIND_ITEMS,
    KIND_REST,
    NUMBER_ITEMS,
)

_EDITIONS = (EDITION_2011, EDITION_2013, EDITION_2019)


def knows(message_id, edition):
    """Whether the body of this message in this edition can be encoded and decoded."""
    return edition in _EDITIONS and message_id in BODIES and _layout(message_id, edition) is not None


def encode_body(message_id, edition, values):
    """The body bytes of a dict of wire values; keys that the layout does not have are not looked at.

    Raises LocalProtocolError, with the field, for a missing value, a wrong type or a value out of range, and
    for a message that is not known in this edition.
    """
    out = bytearray()
    try:
        _encode(_known_layout(message_id, edition), values, out)
    except LocalProtocolError as error:
        error.message_id = message_id
        raise
    return bytes(out)


def decode_body(message_id, edition, body):
    """The wire values of a body: a dict of ints, bytes, lists and dicts.

    Raises RemoteProtocolError, with field and byte offset, when the body is shorter or longer than its
    layout says; LocalProtocolError for a message that is not known in this edition.
    """
    values = {}
    decode_into(values, message_id, edition, body)
    return values


def decode_into(values, message_id, edition, body):
    """As decode_body, into the caller's dict: when it raises, `values` holds what was understood so far."""
    try:
        end = _decode(_known_layout(message_id, edition), body, 0, len(body), values)
        if end != len(body):
            raise RemoteProtocolError("%d bytes too many" % (len(body) - end), -1, "", end)
    except RemoteProtocolError as error:
        error.message_id = message_id
        raise


def item_width(item_id):
    """The standard width in bytes of an additional item that is a plain number, 0 for every other item."""
    for index in range(0, len(NUMBER_ITEMS), 2):
        if NUMBER_ITEMS[index] == item_id:
            return NUMBER_ITEMS[index + 1]
    return 0


def _layout(message_id, edition):
    layout = BODIES[message_id]
    if layout and not isinstance(layout[0], str):  # one for each edition
        return layout[_EDITIONS.index(edition)]
    return layout


def _known_layout(message_id, edition):
    if not knows(message_id, edition):
        raise LocalProtocolError("not declared in edition %s" % edition, message_id)
    return _layout(message_id, edition)


def _applies(kind, name, value, values):
    """Whether the condition `name`, `value` lets the field behind it be."""
    return (values[name] == value) == (kind == KIND_IF)


def _decode(layout, body, at, end, values):
    index = 0
    while index < len(layout):
        name = layout[index]
        kind = layout[index + 1]
        index += 2
        if kind == KIND_IF or kind == KIND_IF_NOT:
            if not _applies(kind, name, layout[index], values):
                index += 2
            index += 1
        else:
            at = _decode_field(name, kind, body, at, end, values)
    return at


def _decode_field(name, kind, body, at, end, values):
    if isinstance(kind, tuple):
        if isinstance(kind[1], tuple):
            return _decode_list(name, kind, body, at, end, values)
        values[name] = {}
        return _decode(kind, body, at, end, values[name])
    if kind == KIND_ITEMS:
        values[name] = []
        return _decode_items(body, at, end, values[name])
    if kind == KIND_REST:
        stop = end
    elif kind == KIND_COUNTED:
        _need(name, body, at, 1, end)
        at += 1
        stop = at + body[at - 1]
    else:
        stop = at + (kind & KIND_FIXED_MASK)
    _need(name, body, at, stop - at, end)
    if kind < KIND_FIXED:
        values[name] = _number(body, at, stop)
    else:
        values[name] = bytes(body[at:stop])
    return stop


def _decode_list(name, kind, body, at, end, values):
    values[name] = elements = []
    for number in range(values[kind[0]]):
        _need(name, body, at, 2, end)
        size = _number(body, at, at + 2)
        at += 2
        _need(name, body, at, size, end)
        element = {}
        elements.append(element)
        if _decode(kind[1], body, at, at + size, element) != at + size:
            raise RemoteProtocolError("element %d is too long" % number, -1, name, at)
        at += size
    return at


def _decode_items(body, at, end, items):
    # A truncated last item is not an error: it stays for `trailing`, so that the position is not lost.
    while at + 2 <= end and at + 2 + body[at + 1] <= end:
        stop = at + 2 + body[at + 1]
        items.append({"id": body[at], "value": _item_value(body[at], body, at + 2, stop)})
        at = stop
    return at


def _item_value(item_id, body, at, stop):
    width = stop - at
    layout = COMPOSITE_ITEMS.get(item_id << 8 | width)
    if layout is not None:
        value = {}
        _decode(layout, body, at, stop, value)
        return value
    if width and item_width(item_id) == width:
        return _number(body, at, stop)
    return bytes(body[at:stop])


def _number(body, at, stop):
    value = 0
    for index in range(at, stop):
        value = value << 8 | body[index]
    return value


def _need(name, body, at, count, end):
    if at + count > end:
        raise RemoteProtocolError("%d bytes needed, %d left" % (count, end - at), -1, name, at)


def _encode(layout, values, out):
    index = 0
    while index < len(layout):
        name = layout[index]
        kind = layout[index + 1]
        index += 2
        if kind == KIND_IF or kind == KIND_IF_NOT:
            if not _applies(kind, name, layout[index], values):
                index += 2
            index += 1
        else:
            _encode_field(name, kind, values, out)


def _encode_field(name, kind, values, out):
    if name not in values:
        raise LocalProtocolError("missing", -1, name)
    value = values[name]
    if isinstance(kind, tuple):
        _check(name, value, list if isinstance(kind[1], tuple) else dict)
        if isinstance(value, list):
            _encode_list(name, kind, value, values, out)
        else:
            _encode(kind, value, out)
    elif kind == KIND_ITEMS:
        _check(name, value, list)
        for item in value:
            _encode_item(item, out)
    elif kind < KIND_FIXED:
        _put_number(name, value, kind, out)
    else:
        _put_bytes(name, kind, value, out)


def _put_bytes(name, kind, value, out):
    if not isinstance(value, (bytes, bytearray)):
        raise LocalProtocolError("not bytes", -1, name)
    if kind == KIND_COUNTED:
        _put_number(name, len(value), 1, out)
    elif kind != KIND_REST and len(value) != kind & KIND_FIXED_MASK:
        raise LocalProtocolError("%d bytes, not %d" % (len(value), kind & KIND_FIXED_MASK), -1, name)
    out.extend(value)


def _encode_list(name, kind, elements, values, out):
    if values[kind[0]] != len(elements):
        raise LocalProtocolError("%d, but %s says %d" % (len(elements), kind[0], values[kind[0]]), -1, name)
    for element in elements:
        inner = bytearray()
        _encode(kind[1], element, inner)
        _put_number(name, len(inner), 2, out)
        out.extend(inner)


def _encode_item(item, out):
    _check("items", item, dict)
    if "id" not in item or "value" not in item:
        raise LocalProtocolError("an item needs id and value", -1, "items")
    item_id = item["id"]
    value = item["value"]
    inner = value
    if not isinstance(value, (bytes, bytearray)):
        inner = bytearray()
        if isinstance(value, dict):
            _encode(_composite_layout(item_id, value), value, inner)
        else:
            _put_number("items", value, item_width(item_id), inner)
    _put_number("items", item_id, 1, out)
    _put_number("items", len(inner), 1, out)
    out.extend(inner)


def _composite_layout(item_id, value):
    for width in range(256):
        layout = COMPOSITE_ITEMS.get(item_id << 8 | width)
        if layout and len(layout) == 2 * len(value) and _has_all(value, layout):
            return layout
    raise LocalProtocolError("no layout of item 0x%02X has these fields" % item_id, -1, "items")


def _has_all(value, layout):
    for index in range(0, len(layout), 2):  # MicroPython slices tuples only with step 1
        if layout[index] not in value:
            return False
    return True


def _put_number(name, value, width, out):
    if not isinstance(value, int):
        raise LocalProtocolError("not an integer", -1, name)
    if not width or not 0 <= value < 1 << 8 * width:
        raise LocalProtocolError("%d does not fit %d bytes" % (value, width), -1, name)
    for shift in range(8 * width - 8, -8, -8):
        out.append(value >> shift & 0xFF)


def _check(name, value, wanted):
    if not isinstance(value, wanted):
        raise LocalProtocolError("not a %s" % wanted.__name__, -1, name)
