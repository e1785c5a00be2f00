"""One registered terminal and the device that speaks for it. Values and their small rules."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final

CODE_BYTES: Final = 16  # 128 random bits, as 32 hex digits on the wire
TERMINALS_MAX: Final = 100_000  # by default: each costs memory here and in the journal
UNUSED_CODES_MAX: Final = 3  # issued and never used yet; the answers that carried them may have been lost

APPROVED: Final = "approved"  # may register and authenticate
PENDING: Final = "pending"  # asked to register; somebody decides
BLOCKED: Final = "blocked"  # may not, whatever it says
STATUSES: Final = (APPROVED, PENDING, BLOCKED)


@dataclass(frozen=True)
class Device:
    """What a 0x0100 says, as on the wire but padding stripped: bytes stay bytes, GBK text too."""

    province: int
    city: int
    maker: bytes
    model: bytes
    terminal_id: bytes
    plate_colour: int
    plate: bytes

    def same_as(self, other: "Device") -> bool:
        """Whether it is the same piece of hardware; the vehicle it sits in may have changed."""
        mine, its = (self.maker, self.model, self.terminal_id), (other.maker, other.model, other.terminal_id)
        return mine == its


@dataclass
class Terminal:
    """One identity. codes: SHA-256 digests, oldest first; the first may be in use, the others were issued
    later. device is None until it registers and once it deregistered. group, note: of the fleet company."""

    identity: str
    edition: int
    device: Device | None
    codes: list[bytes] = field(default_factory=list)
    in_use: bool = False  # whether codes[0] was used to authenticate
    status: str = APPROVED
    group: str = ""
    note: str = ""

    def copy(self) -> "Terminal":
        """As it is now, for the writer's thread."""
        return Terminal(**{**vars(self), "codes": list(self.codes)})

    def issue(self) -> bytes:
        """A fresh code, ASCII. Of those never used the oldest goes when they are too many."""
        code = secrets.token_hex(CODE_BYTES).encode("ascii")
        self.codes.append(digest_of(code))
        used = 1 if self.in_use else 0
        if len(self.codes) > used + UNUSED_CODES_MAX:
            del self.codes[used]
        return code

    def place_of(self, code: bytes) -> int | None:
        """Which of the codes this is, None for a wrong one."""
        digest = digest_of(code)
        return next((n for n, kept in enumerate(self.codes) if hmac.compare_digest(kept, digest)), None)

    def revoke(self) -> None:
        """No code is good any longer."""
        self.codes, self.in_use = [], False


def digest_of(code: bytes) -> bytes:
    """How a code is kept."""
    return hashlib.sha256(code).digest()
