"""A span of time over which indicators are computed: a calendar quarter of Beijing, or any other."""

from dataclasses import dataclass

from protocols.freight.values import day_start, time_text


@dataclass(frozen=True)
class Period:
    """from_s included, until_s excluded (Unix time). Raises ValueError for an empty span."""

    name: str
    from_s: int
    until_s: int

    def __post_init__(self) -> None:
        if self.until_s <= self.from_s:
            raise ValueError(f"{self.name}: a period ends after it begins")

    def __contains__(self, second: int) -> bool:
        return self.from_s <= second < self.until_s

    @property
    def words(self) -> tuple[str, str]:
        """Its first and its last second, Beijing time, YYYYMMDDhhmmss."""
        return time_text(self.from_s), time_text(self.until_s - 1)


def quarter(year: int, number: int) -> Period:
    """The calendar quarter 1…4, Beijing time. Raises ValueError for another number."""
    if number not in (1, 2, 3, 4):
        raise ValueError(f"quarter {number}: there are 1 to 4")
    following = (year, 3 * number + 1) if number < 4 else (year + 1, 1)
    return days(
        f"{year}Q{number}", f"{year:04d}{3 * number - 2:02d}01", f"{following[0]:04d}{following[1]:02d}01"
    )


def days(name: str, first: str, after: str) -> Period:
    """From the day `first` to before the day `after`, both YYYYMMDD. Raises ValueError for no such day."""
    start, end = day_start(first), day_start(after)
    if start is None or end is None:
        raise ValueError(f"{name}: {first}, {after}: days of the form YYYYMMDD are needed")
    return Period(name, start, end)
