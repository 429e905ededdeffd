"""What a person said and what we say back, channel-neutral."""
