"""What each worker is to be, made of the one configuration."""

from ..config import Config


def config_of(config: Config, index: int) -> Config:
    """The configuration of one worker: names and folders of its own, its share of what is bounded in all."""
    count = config.server.workers
    sections = {
        "gateway": {
            "id": f"{config.gateway.id}-w{index}",
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
            "max_bytes": max(1 << 20, config.journal.max_bytes // count),
            "max_waiting": max(1000, config.journal.max_waiting // count),
        },
        "media": {
            "max_bytes": max(1 << 20, config.media.max_bytes // count),
            "max_files": _share(config.media.max_files, count),
        },
        "metrics": {"port": config.metrics.port + index if config.metrics.port else 0},
    }
    changed = {name: getattr(config, name).model_copy(update=values) for name, values in sections.items()}
    return config.model_copy(update=changed)


def _share(total: int, count: int) -> int:
    """Rounded up: terminals do not spread evenly."""
    return -(-total // count)
