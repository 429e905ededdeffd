"""The crash stepper: the real program, struck at every await and at every call of its database."""
