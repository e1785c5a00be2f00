"""The segments of the trip memory on flash: which there are, where the last one ends, the next. See trip."""

from ..vehicle.trip import SEGMENTS_MAX, SLOT_BYTES, SLOTS, trip_segment_name


def trip_segments(files):
    """The numbers of the segments that are there, in order."""
    found = []
    for name in files.names():
        if len(name) == 10 and name[:4] == "trip":
            try:
                found.append(int(name[4:], 16))
            except ValueError:
                continue  # somebody else's file
    return sorted(found)


def end_of_trip(files):
    """(number of the last segment, whole slots in it); a cut may have left a part of one more, which the next
    one overwrites.
    """
    numbers = trip_segments(files)
    if not numbers:
        return 0, 0
    slot = bytearray(SLOT_BYTES)
    file = files.open(trip_segment_name(numbers[-1]), False)
    try:
        count = 0
        while count < SLOTS and file.readinto(slot) == SLOT_BYTES:
            count += 1
    finally:
        file.close()
    return numbers[-1], count


def next_segment(files, number):
    """Makes room for one more segment and gives its number."""
    numbers = trip_segments(files)
    for old in numbers[: max(0, len(numbers) - SEGMENTS_MAX + 1)]:
        files.remove(trip_segment_name(old))
    return number + 1
