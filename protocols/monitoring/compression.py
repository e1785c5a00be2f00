"""The three ways a content may be packed, and unpacking that no hostile length or bomb can make large."""

import zlib
from functools import cache
from typing import Final

import zstandard

from ..wire.errors import LocalProtocolError, RemoteProtocolError

NONE: Final = 0
ZLIB: Final = 1
ZSTD: Final = 2
CODES: Final = {"none": NONE, "zlib": ZLIB, "zstd": ZSTD}

# zstd-1 is as small here as zlib-6 at a tenth of the cost, and zstd-3 gains nothing (docs: `make bench`).
_ZSTD_LEVEL: Final = 1
_ZLIB_LEVEL: Final = 6
_ZSTD_WINDOW_MAX: Final = 8 * 1024 * 1024


def compress(content: bytes, method: str) -> tuple[int, bytes]:
    """(code, packed bytes) by "zstd", "zlib" or "none". Raises LocalProtocolError for another name."""
    if method == "zstd":
        return ZSTD, zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(content)
    if method == "zlib":
        return ZLIB, zlib.compress(content, _ZLIB_LEVEL)
    if method == "none":
        return NONE, content
    raise LocalProtocolError(f"{method!r} is no compression", field="compression")


def expand(code: int, packed: bytes, length: int) -> bytes:
    """The content, which must be exactly `length` bytes. Memory stays near `length`.

    Raises RemoteProtocolError naming `compression` (unknown code) or `content` (anything else).
    """
    if code == NONE:
        content = packed
    elif code == ZLIB:
        content = _expand_zlib(packed, length)
    elif code == ZSTD:
        content = _expand_zstd(packed, length)
    else:
        raise RemoteProtocolError(f"compression {code} is unknown", field="compression")
    if len(content) != length:
        raise RemoteProtocolError(f"content is not {length} bytes", field="content")
    return content


def _expand_zlib(packed: bytes, length: int) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(packed, length + 1)
    except zlib.error as error:
        raise RemoteProtocolError(f"zlib: {error}", field="content") from None
    if not unpacker.eof or unpacker.unused_data:
        raise RemoteProtocolError("zlib: longer than it says", field="content")
    return content


def _expand_zstd(packed: bytes, length: int) -> bytes:
    """Reads no more than one byte beyond `length`, whatever size the frame itself claims."""
    try:
        with _zstd_unpacker().stream_reader(packed, read_across_frames=False) as reader:
            return reader.read(length + 1)
    except (zstandard.ZstdError, MemoryError) as error:
        raise RemoteProtocolError(f"zstd: {error}", field="content") from None


@cache
def _zstd_unpacker() -> zstandard.ZstdDecompressor:
    return zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_MAX)
