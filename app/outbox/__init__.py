"""What a transaction leaves for others."""
