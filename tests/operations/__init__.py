"""What operators use: the command's tools, figures, the control socket, systemd, the serial line."""
