"""Pages and the webhook doors."""
