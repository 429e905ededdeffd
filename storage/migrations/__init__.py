"""The schema's history; its files import nothing of ours."""
