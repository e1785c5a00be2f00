"""The gateway: journal, registry, session core, server, configuration, commands. No broker, no firmware."""
