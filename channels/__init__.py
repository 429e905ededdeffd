"""How a platform speaks: each channel turns raw updates into Inbound and Outbound into calls."""
