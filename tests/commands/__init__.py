"""Commands: the desk in memory, the service over its file, both through a real gateway."""
