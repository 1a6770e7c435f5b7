"""Every call of the system that a command makes goes wrong once: killed there, refused, or asked to stop."""
