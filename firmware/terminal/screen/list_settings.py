"""What the platform sets for the driver to choose from: events (0x8301), menu (0x8303), phone book (0x8401).

Result 1, and the list stays as it was, when it would be longer than flash has room for.
"""

from protocols.wire.errors import RemoteProtocolError
from protocols.wire.tables import RESULT_FAILED, RESULT_OK

from . import lists


def set_events(terminal, header, values, now_ms):
    """0x8301."""
    kind = _kind(values, lists.DELETE_LISTED, header)
    given = [(event["id"], event["content"]) for event in values.get("events", ())]
    if kind == lists.DELETE_LISTED:
        given = _deleted(values["deleted"], values["count"], header.message_id)
    return _set(terminal, lists.EVENTS, kind, given, lists.first_of)


def set_menu(terminal, header, values, now_ms):
    """0x8303."""
    kind = _kind(values, lists.MODIFY, header)
    given = [(entry["type"], entry["name"]) for entry in values.get("entries", ())]
    return _set(terminal, lists.MENU, kind, given, lists.first_of)


def set_phone_book(terminal, header, values, now_ms):
    """0x8401; an entry is known by its name."""
    kind = _kind(values, lists.MODIFY, header)
    given = [(each["flag"], each["number"] + b"\x00" + each["name"]) for each in values.get("contacts", ())]
    return _set(terminal, lists.PHONES, kind, given, lists.name_of)


def _kind(values, most, header):
    if values["type"] > most:
        raise RemoteProtocolError("%d" % values["type"], header.message_id, "type", 0)
    return values["type"]


def _deleted(data, count, message_id):
    """The ids alone, or each with a length byte of 0 behind it: the standard does not say which."""
    if len(data) == 2 * count:
        return [(data[at], b"") for at in range(0, len(data), 2)]
    if len(data) != count:
        raise RemoteProtocolError("%d bytes for %d ids" % (len(data), count), message_id, "deleted", 2)
    return [(byte, b"") for byte in data]


def _set(terminal, name, kind, given, key):
    store = terminal.settings.store
    entries = lists.changed(lists.load(store, name), kind, given, key)
    return RESULT_OK if lists.save(store, name, entries) else RESULT_FAILED
