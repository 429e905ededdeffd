"""The test bed: a whole office on a real database, with the simulator as its Telegram."""
