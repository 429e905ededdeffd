"""Measured figures: each printed by a command, none by a test that could be slow by chance."""
