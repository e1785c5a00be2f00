"""The kinds of `bodies.py` that make lists, with or without lengths, and the additional items of a position.

A module of its own because a terminal needs it rarely: `bodies` loads it when it meets such a kind.
"""

from .bodies import (
    check,
    decode_field,
    decode_fields,
    encode_field,
    encode_fields,
    need,
    number_at,
    put_bytes,
    put_number,
)
from .errors import LocalProtocolError, RemoteProtocolError
from .tables import (
    COMPOSITE_ITEMS,
    KIND_COUNTED,
    KIND_GREEDY,
    KIND_ITEMS,
    KIND_KNOWN,
    KIND_PARAMETERS,
    KIND_REPEAT,
    NUMBER_ITEMS,
)

_PARAMETER_BYTES = 5  # of an id and a length


def decode(name, kind, body, at, end, values):
    """Puts the list that stands at body[at] into values[name]; gives where it ends."""
    if kind == KIND_ITEMS:
        values[name] = []
        return _decode_items(body, at, end, values[name])
    if isinstance(kind[0], int):
        return _decode_repeated(name, kind, body, at, end, values)
    return _decode_list(name, kind, body, at, end, values)


def encode(name, kind, elements, values, out):
    """Adds the list to `out`."""
    if kind == KIND_ITEMS:
        for item in elements:
            _encode_item(item, out)
    elif isinstance(kind[0], int):
        _encode_repeated(name, kind, elements, values, out)
    else:
        _encode_list(name, kind, elements, values, out)


def item_width(item_id):
    """The standard width in bytes of an additional item that is a plain number, 0 for every other item."""
    for index in range(0, len(NUMBER_ITEMS), 2):
        if NUMBER_ITEMS[index] == item_id:
            return NUMBER_ITEMS[index + 1]
    return 0


def _decode_repeated(name, kind, body, at, end, values):
    """The kinds that make a list: (KIND_…, count field or number, element, first word for KIND_KNOWN)."""
    values[name] = elements = []
    count = kind[1]
    count = values[count] if isinstance(count, str) else count
    element = {}
    while len(elements) < count and (at < end or kind[0] == KIND_REPEAT or kind[0] == KIND_PARAMETERS):
        if kind[0] == KIND_PARAMETERS:
            need(name, body, at, _PARAMETER_BYTES, end)
            stop = at + _PARAMETER_BYTES + body[at + 4]
            need(name, body, at, stop - at, end)
            elements.append({"id": number_at(body, at, at + 4), "value": bytes(body[at + 5 : stop])})
            at = stop
            continue
        try:
            if kind[0] == KIND_KNOWN and number_at(body, at, at + 2) != kind[3]:
                break
            stop = decode_field(name, kind[2], body, at, end, element)
        except (IndexError, RemoteProtocolError):
            if kind[0] == KIND_REPEAT:
                raise
            break  # what makes no whole element stays for the field behind the list
        elements.append(element.pop(name))
        at = stop
    return at


def _decode_list(name, kind, body, at, end, values):
    values[name] = elements = []
    for number in range(values[kind[0]]):
        need(name, body, at, 2, end)
        size = number_at(body, at, at + 2)
        at += 2
        need(name, body, at, size, end)
        element = {}
        elements.append(element)
        if decode_fields(kind[1], body, at, at + size, element) != at + size:
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
        decode_fields(layout, body, at, stop, value)
        return value
    if width and item_width(item_id) == width:
        return number_at(body, at, stop)
    return bytes(body[at:stop])


def _encode_repeated(name, kind, elements, values, out):
    count = len(elements)
    if kind[0] != KIND_GREEDY:
        count = values[kind[1]] if isinstance(kind[1], str) else kind[1]
    if count != len(elements) and (kind[0] != KIND_KNOWN or count < len(elements)):
        raise LocalProtocolError("%d, but %s says %d" % (len(elements), kind[1], count), -1, name)
    for element in elements:
        if kind[0] == KIND_PARAMETERS:
            put_number(name, element["id"], 4, out)
            put_bytes(name, KIND_COUNTED + 1, element["value"], out)
        else:
            encode_field(name, kind[2], {name: element}, out)


def _encode_list(name, kind, elements, values, out):
    if values[kind[0]] != len(elements):
        raise LocalProtocolError("%d, but %s says %d" % (len(elements), kind[0], values[kind[0]]), -1, name)
    for element in elements:
        inner = bytearray()
        encode_fields(kind[1], element, inner)
        put_number(name, len(inner), 2, out)
        out.extend(inner)


def _encode_item(item, out):
    check("items", item, dict)
    if "id" not in item or "value" not in item:
        raise LocalProtocolError("an item needs id and value", -1, "items")
    item_id = item["id"]
    value = item["value"]
    inner = value
    if not isinstance(value, (bytes, bytearray)):
        inner = bytearray()
        if isinstance(value, dict):
            encode_fields(_composite_layout(item_id, value), value, inner)
        else:
            put_number("items", value, item_width(item_id), inner)
    put_number("items", item_id, 1, out)
    put_number("items", len(inner), 1, out)
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
