"""Lists that the platform sets and the driver chooses from, in flash: events, information menu, phone book.

An entry is a byte (event id, kind of information, direction of calls) and a GBK text; of the phone book
the text is number, NUL, name. A list takes one value of the store, so it is all there or not at all.
"""

EVENTS = "events"
MENU = "menu"
PHONES = "phones"
ORDERED = "ordered"  # the kinds of information that the driver asked for
LIST_BYTES_MAX = 250
TEXT_BYTES_MAX = 60

# What a setting message asks for.
DELETE_ALL = 0
REPLACE = 1
APPEND = 2
MODIFY = 3
DELETE_LISTED = 4


def load(store, name):
    """The entries, (byte, text) each."""
    data = store.get(name)
    entries = []
    at = 0
    while at + 2 <= len(data):
        stop = at + 2 + data[at + 1]
        entries.append((data[at], data[at + 2 : stop]))
        at = stop
    return entries


def save(store, name, entries):
    """False, and nothing is changed, when they do not fit."""
    data = bytearray()
    for byte, text in entries:
        if len(text) > TEXT_BYTES_MAX:
            return False
        data.append(byte)
        data.append(len(text))
        data.extend(text)
    if len(data) > LIST_BYTES_MAX:
        return False
    store.put(name, bytes(data))
    return True


def changed(entries, kind, given, key):
    """The entries after a setting; key(entry) tells which of them are the same one."""
    if kind == DELETE_ALL:
        return []
    if kind == REPLACE:
        return given
    keys = [key(entry) for entry in given]
    if kind == DELETE_LISTED:
        return [entry for entry in entries if key(entry) not in keys]
    if kind == MODIFY:
        return [given[keys.index(key(entry))] if key(entry) in keys else entry for entry in entries]
    # What is appended and was there already is there once, as it is said now.
    return [entry for entry in entries if key(entry) not in keys] + given


def first_of(entry):
    """The byte as key."""
    return entry[0]


def name_of(entry):
    """The name of a telephone entry as key."""
    return entry[1][entry[1].find(b"\x00") + 1 :]
