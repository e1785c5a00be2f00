"""What each worker is to be, made of the one configuration."""

from ..config import Config

JOURNAL_BYTES_MIN = 1 << 20


def config_of(config: Config, index: int) -> Config:
    """The configuration of one worker: names and folders of its own, its share of what is bounded in all."""
    count = config.server.workers
    sections = {
        "gateway": {
            "id": config.worker_id(index),
            "data_dir": str(config.worker_dir(index)),
        },
        "server": {
            "workers": 1,
            "max_connections": _share(config.server.max_connections, count),
            "max_accepts_per_s": config.server.max_accepts_per_s / count,
            "status_file": "",
        },
        "registration": {"max_terminals": _share(config.registration.max_terminals, count)},
        "sessions": {"packages_total_bytes": max(1 << 20, config.sessions.packages_total_bytes // count)},
        "journal": {
            "max_bytes": journal_share(config),
            "max_waiting": max(1000, config.journal.max_waiting // count),
        },
        "udp": {"max_peers": _share(config.udp.max_peers, count)},
        # Files come to the supervisor; their alarms are seen where their terminals are.
        "media": _media_share(config)
        | {"attachments": False, "order_files": config.media.attachments and config.media.order_files},
        # What lives once, lives with the supervisor.
        "api": {"enabled": False},
        "commands": {"mqtt": False},
        "freight": {"enabled": False},
        "metrics": {"enabled": False},
    }
    changed = {name: getattr(config, name).model_copy(update=values) for name, values in sections.items()}
    return config.model_copy(update=changed)


def house_config(config: Config) -> Config:
    """The configuration of what lives once: its share of the media is that of one worker."""
    media = config.media.model_copy(update=_media_share(config))
    return config.model_copy(update={"media": media})


def journal_share(config: Config) -> int:
    """Bytes of one worker's journal at which it refuses."""
    return max(JOURNAL_BYTES_MIN, config.journal.max_bytes // config.server.workers)


def _media_share(config: Config) -> dict[str, int]:
    """The attachment server stores beside the workers."""
    count = config.server.workers + config.media.attachments
    return {
        "max_bytes": max(1 << 20, config.media.max_bytes // count),
        "max_files": _share(config.media.max_files, count),
    }


def _share(total: int, count: int) -> int:
    """Rounded up: terminals do not spread evenly."""
    return -(-total // count)
