"""Everything between socket and handler."""
