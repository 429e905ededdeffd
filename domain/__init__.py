"""What the office does: rate, assess, teach, remind, announce, evaluate. No words, no SQL."""
