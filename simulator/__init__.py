"""A local Telegram: a Bot API server with scripted faults and phones in a web page."""
