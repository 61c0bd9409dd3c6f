"""The command `labelapi`."""
