"""The rules. Services take a connection to read by or a session, and plain values; raise errors of `app.errors`; never commit."""
