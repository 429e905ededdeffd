"""Tables, every query on them, migrations; the only place that begins and commits."""
