"""The running program: command line, settings, wiring, inbox worker, sender, clock, health."""
