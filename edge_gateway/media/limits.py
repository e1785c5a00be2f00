"""What media may cost."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class MediaLimits:
    """max_bytes: of all contents together, each counted once. max_files: entries of the list. when_full:
    refuse, or delete the oldest entries. waiting_bytes: of pictures that wait for the disk; more are refused.
    file_bytes: of one attachment. transfers: attachments that are under way at once. transfer_idle_ms:
    without a block, then one is given up."""

    max_bytes: int = 10 << 30
    max_files: int = 200_000
    when_full: Literal["refuse", "delete_oldest"] = "refuse"
    waiting_bytes: int = 64 << 20
    file_bytes: int = 64 << 20
    transfers: int = 256
    transfer_idle_ms: int = 600_000
