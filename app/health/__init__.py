"""Whether the service works, and whether what it stores agrees."""
