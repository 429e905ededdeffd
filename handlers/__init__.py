"""Conversations: one file per journey a person makes."""
