"""BCD 8421, two decimal digits a byte (JT/T 808-2013 §4.2, data types), and the time written in it."""

from .errors import LocalProtocolError, RemoteProtocolError

TIME_BYTES = 6  # YYMMDDhhmmss, Beijing time


def digits_to_bcd(digits, width_bytes):
    """The BCD bytes of a string of decimal digits, left-padded with zeros to `width_bytes`.

    Raises LocalProtocolError when a character is no digit or the digits do not fit.
    """
    if len(digits) > 2 * width_bytes:
        raise LocalProtocolError("%d digits do not fit %d BCD bytes" % (len(digits), width_bytes))
    for character in digits:
        if not "0" <= character <= "9":
            raise LocalProtocolError("not a decimal digit: %r" % character)
    text = "0" * (2 * width_bytes - len(digits)) + digits
    return bytes([16 * int(text[at]) + int(text[at + 1]) for at in range(0, len(text), 2)])


def bcd_to_digits(data):
    """The decimal digits of BCD bytes, leading zeros kept.

    Raises RemoteProtocolError at the first byte that holds a nibble above 9: some terminals put an IMEI
    or a device id there, and a caller that must go on shows the bytes as they are.
    """
    for at in range(len(data)):
        if data[at] & 0x0F > 9 or data[at] >> 4 > 9:
            raise RemoteProtocolError("0x%02X is not BCD" % data[at], offset=at)
    return "".join(["%02x" % byte for byte in data])


def is_bcd(data):
    """Whether every nibble is a decimal digit."""
    for byte in data:
        if byte & 0x0F > 9 or byte >> 4 > 9:
            return False
    return True


def to_bcd_byte(number):
    """0…99 as one BCD byte. Raises LocalProtocolError outside that range."""
    if not 0 <= number <= 99:
        raise LocalProtocolError("%d does not fit one BCD byte" % number)
    return number // 10 * 16 + number % 10


def identity_of(digits):
    """The identity behind a phone field: leading zeros stripped, at least one digit left.

    The same SIM is `013800138000` on a 2013 link and `00000000013800138000` on a 2019 link. Replies must
    echo the field as it came, so this is for comparing only.
    """
    return digits.lstrip("0") or "0"
