"""The records of the areas' file and the lists of their messages, for the pages that set and tell areas."""

import struct

from . import area_file as record

LISTS = {  # the field of a setting message in which its areas, or its points, are
    record.CIRCLE: "areas",
    record.RECTANGLE: "areas",
    record.POLYGON: "vertices",
    record.ROUTE: "points",
}


def layout_parts(layout, name):
    """What stands before the list `name`, one element of it, what stands behind."""
    at = layout.index(name)
    return layout[:at], layout[at + 1][2], layout[at + 2 :]


def area_records(files):
    """(head, place in the file, the open file) of each record on flash."""
    try:
        file = files.open(record.FILE, False)
    except OSError:
        return
    try:
        at = record.FILE_HEAD_BYTES
        file.seek(at - 1)
        count = bytearray(1)
        file.readinto(count)
        for _ in range(count[0]):
            head = bytearray(record.HEAD_BYTES)
            file.seek(at)
            file.readinto(head)
            yield head, at, file
            at += record.two_bytes(head, record.LENGTH_AT)
    finally:
        file.close()


def area_id_of(head):
    """The id in the head of a record."""
    return struct.unpack_from(">I", head, record.ID_AT)[0]
