"""What may lie in the data folder from a time with another number of workers."""

from pathlib import Path

from ..config import Config
from ..journal import read_queued


class LeftoverError(Exception):
    """Undelivered reports lie where nobody would deliver them; the message says how to go on."""


def check_leftovers(config: Config) -> None:
    """Raises LeftoverError when a journal of another number of workers still holds undelivered reports."""
    used = set(config.journal_paths)
    for path in sorted(_journals_in(config.data_dir) - used):
        if queued := read_queued(path):
            raise LeftoverError(
                f"server.workers: {path} holds {queued} undelivered reports and belongs to another number"
                " of workers: run with that number until `status` says queued 0, then change it"
            )


def _journals_in(data_dir: Path) -> set[Path]:
    return {
        path for path in (data_dir / "journal.db", *data_dir.glob("worker-*/journal.db")) if path.is_file()
    }
