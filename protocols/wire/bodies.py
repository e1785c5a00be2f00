"""Message bodies by table: encodes and decodes what `tables.py` lists, every range checked.

Bodies are flat tuples name, kind, name, kind …; `tables.py` explains the kinds. Text, BCD and unknown items
stay bytes. Knows no message by itself. What a device rarely does, lists of all kinds, is in `lists`.
"""

from .errors import LocalProtocolError, RemoteProtocolError
from .header import EDITION_2011, EDITION_2013, EDITION_2019
from .packed import unpacked
from .tables import (
    BODIES,
    KIND_COUNTED,
    KIND_FIXED,
    KIND_FIXED_MASK,
    KIND_IF,
    KIND_IF_BIT,
    KIND_ITEMS,
    KIND_MORE,
    KIND_REST,
)

LISTS = "protocols.wire.lists"  # loaded when a body has a list; the linker gives it another name
_EDITIONS = (EDITION_2011, EDITION_2013, EDITION_2019)


def lists_by(load):
    """A board whose heap is small says how `lists` is loaded: load(full name) → module."""
    global _load
    _load = load


def knows(message_id, edition):
    """Whether the body of this message in this edition can be encoded and decoded."""
    return (
        edition in _EDITIONS and message_id in BODIES and layout_of(BODIES, message_id, edition) is not None
    )


def encode_body(message_id, edition, values):
    """The body bytes of a dict of wire values; keys that the layout does not have are not looked at.

    Raises LocalProtocolError, with the field, for a missing value, a wrong type or a value out of range, and
    for a message that is not known in this edition.
    """
    out = bytearray()
    try:
        encode_fields(_known_layout(message_id, edition), values, out)
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
        end = decode_fields(_known_layout(message_id, edition), body, 0, len(body), values)
        if end != len(body):
            raise RemoteProtocolError("%d bytes too many" % (len(body) - end), -1, "", end)
    except RemoteProtocolError as error:
        error.message_id = message_id
        raise


def encode_layout(layout, values):
    """As encode_body, by a layout of `pages` (see layout_of); the error names no message."""
    out = bytearray()
    encode_fields(layout, values, out)
    return bytes(out)


def decode_layout(layout, body):
    """As decode_body, by a layout of `pages` (see layout_of); the error names no message."""
    values = {}
    end = decode_fields(layout, body, 0, len(body), values)
    if end != len(body):
        raise RemoteProtocolError("%d bytes too many" % (len(body) - end), -1, "", end)
    return values


def decode_at(layout, body, at, values):
    """Decodes what stands at body[at] into `values`, which may be used again; gives where it ends.

    For lists that are too long to be held as dicts: `layout` is that of one element (see head_of).
    """
    return decode_fields(layout, body, at, len(body), values)


def head_of(layout, name):
    """The fields before the list `name`, and the layout of one element of it."""
    at = layout.index(name)
    return layout[:at], layout[at + 1][2]


def layout_of(bodies, message_id, edition):
    """The layout of a message in a table like BODIES, None when the edition lacks it. KeyError: not there."""
    layout = bodies[message_id]
    if isinstance(layout, bytes):  # a linked program
        return unpacked(layout, _EDITIONS.index(edition))
    if layout and not isinstance(layout[0], str):  # one for each edition
        return layout[_EDITIONS.index(edition)]
    return layout


def _known_layout(message_id, edition):
    there = edition in _EDITIONS and message_id in BODIES
    layout = layout_of(BODIES, message_id, edition) if there else None
    if layout is None:
        raise LocalProtocolError("not declared in edition %s" % edition, message_id)
    return layout


def _applies(kind, name, value, values, left):
    """Whether the condition lets the field behind it be: `left` says whether there is something for it."""
    if kind == KIND_MORE:
        return left
    found = values.get(name)
    if found is None:
        return False
    if kind == KIND_IF_BIT:
        return found >> value & 1
    return (found in value if isinstance(value, tuple) else found == value) == (kind == KIND_IF)


def decode_fields(layout, body, at, end, values):
    index = 0
    while index < len(layout):
        name = layout[index]
        kind = layout[index + 1]
        index += 2
        if isinstance(kind, int) and KIND_IF <= kind <= KIND_MORE:
            if not _applies(kind, name, layout[index], values, at < end):
                index += 2
            index += 1
        else:
            at = decode_field(name, kind, body, at, end, values)
    return at


def decode_field(name, kind, body, at, end, values):
    if isinstance(kind, tuple):
        if isinstance(kind[0], int) or isinstance(kind[1], tuple):
            return _load(LISTS).decode(name, kind, body, at, end, values)
        values[name] = {}
        return decode_fields(kind, body, at, end, values[name])
    if kind == KIND_ITEMS:
        return _load(LISTS).decode(name, kind, body, at, end, values)
    if kind == KIND_REST:
        stop = end
    elif kind >= KIND_COUNTED:
        width = kind - KIND_COUNTED
        need(name, body, at, width, end)
        at += width
        stop = at + number_at(body, at - width, at)
    else:
        stop = at + (kind & KIND_FIXED_MASK)
    need(name, body, at, stop - at, end)
    if kind < KIND_FIXED:
        values[name] = number_at(body, at, stop)
    else:
        values[name] = bytes(body[at:stop])
    return stop


def number_at(body, at, stop):
    value = 0
    for index in range(at, stop):
        value = value << 8 | body[index]
    return value


def need(name, body, at, count, end):
    if at + count > end:
        raise RemoteProtocolError("%d bytes needed, %d left" % (count, end - at), -1, name, at)


def encode_fields(layout, values, out):
    index = 0
    while index < len(layout):
        name = layout[index]
        kind = layout[index + 1]
        index += 2
        if isinstance(kind, int) and KIND_IF <= kind <= KIND_MORE:
            if not _applies(kind, name, layout[index], values, name in values):
                index += 2
            index += 1
        else:
            encode_field(name, kind, values, out)


def encode_field(name, kind, values, out):
    if name not in values:
        raise LocalProtocolError("missing", -1, name)
    value = values[name]
    if isinstance(kind, tuple):
        if isinstance(kind[0], int) or isinstance(kind[1], tuple):
            check(name, value, list)
            _load(LISTS).encode(name, kind, value, values, out)
        else:
            check(name, value, dict)
            encode_fields(kind, value, out)
    elif kind == KIND_ITEMS:
        check(name, value, list)
        _load(LISTS).encode(name, kind, value, values, out)
    elif kind < KIND_FIXED:
        put_number(name, value, kind, out)
    else:
        put_bytes(name, kind, value, out)


def put_bytes(name, kind, value, out):
    if not isinstance(value, (bytes, bytearray)):
        raise LocalProtocolError("not bytes", -1, name)
    if kind >= KIND_COUNTED:
        put_number(name, len(value), kind - KIND_COUNTED, out)
    elif kind != KIND_REST and len(value) != kind & KIND_FIXED_MASK:
        raise LocalProtocolError("%d bytes, not %d" % (len(value), kind & KIND_FIXED_MASK), -1, name)
    out.extend(value)


def put_number(name, value, width, out):
    if not isinstance(value, int):
        raise LocalProtocolError("not an integer", -1, name)
    if not width or not 0 <= value < 1 << 8 * width:
        raise LocalProtocolError("%d does not fit %d bytes" % (value, width), -1, name)
    for shift in range(8 * width - 8, -8, -8):
        out.append(value >> shift & 0xFF)


def check(name, value, wanted):
    if not isinstance(value, wanted):
        raise LocalProtocolError("not a %s" % wanted.__name__, -1, name)


def _load(path):
    return __import__(path, None, None, ("decode",))
