"""How far labels agree: pure functions."""
