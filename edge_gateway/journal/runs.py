"""Groups that were taken apart, kept for who reads on behind: a batch is smaller than a large group."""

from collections import OrderedDict
from typing import Final

from protocols.monitoring.table import RecordTable

from .packing import unpack_records

GROUPS_KEPT: Final = 4  # two destinations with two lanes each; some 3 MB a group at most
GROUP_BYTES_MAX: Final = 2 << 20  # of the packed records; what is larger is taken apart again each time


class Runs:
    """The groups that were read last, as tables. To be used by one thread at a time."""

    def __init__(self) -> None:
        self._groups: OrderedDict[int, RecordTable] = OrderedDict()  # by first sequence, last used last

    def behind(self, sequence: int, max_records: int) -> RecordTable | None:
        """At most `max_records` behind `sequence` out of a kept group; None when no group holds the first."""
        for first_sequence, records in self._groups.items():
            skip = sequence + 1 - first_sequence
            if 0 <= skip < len(records):
                self._groups.move_to_end(first_sequence)
                return records[skip : skip + max_records]
        return None

    def take_apart(
        self, first_sequence: int, contents: bytes, records: bytes, skip: int, max_records: int
    ) -> RecordTable:
        """The records of a group without the first `skip`, at most `max_records`. When some are left for
        later, the group is kept. Raises DamagedGroupError."""
        if len(records) > GROUP_BYTES_MAX:
            return unpack_records(contents, records, first_sequence, skip, max_records)
        whole = unpack_records(contents, records, first_sequence)
        if skip + max_records < len(whole):
            self._groups[first_sequence] = whole
            while len(self._groups) > GROUPS_KEPT:
                self._groups.popitem(last=False)
        return whole[skip : skip + max_records]
