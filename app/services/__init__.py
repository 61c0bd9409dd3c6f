"""The rules. Services take a session and plain values, raise errors of `app.errors`, and never commit."""
