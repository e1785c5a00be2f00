"""A code from a picture: zxing-cpp where it is installed. A helper for people and for scan-to-dispatch."""

import io
from typing import Final

PICTURE_BYTES_MAX: Final = 4 << 20
PIXELS_MAX: Final = 25_000_000  # what a small picture file may unfold to
MISSING: Final = (
    "pictures need the packages zxing-cpp and Pillow: pip install zxing-cpp Pillow, or give the text"
)


class ScanError(ValueError):
    """No code could be read; the text says why."""


def text_in(picture: bytes) -> str:
    """The text of the one QR code in a PNG or JPEG. Raises ScanError."""
    try:
        import zxingcpp  # noqa: PLC0415  # optional, and a large library for the few who scan here
        from PIL import Image  # noqa: PLC0415
    except ImportError:
        raise ScanError(MISSING) from None
    if len(picture) > PICTURE_BYTES_MAX:
        raise ScanError(f"the picture has {len(picture)} bytes, {PICTURE_BYTES_MAX} at most")
    try:
        with Image.open(io.BytesIO(picture), formats=("PNG", "JPEG")) as opened:
            if opened.width * opened.height > PIXELS_MAX:
                raise ScanError(f"the picture has more than {PIXELS_MAX} pixels")
            image = opened.convert("L")
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ScanError(f"no PNG or JPEG: {type(error).__name__}") from None
    found = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    if len(found) != 1:
        raise ScanError(f"{len(found)} QR codes are in the picture; exactly one is needed")
    return str(found[0].text)
