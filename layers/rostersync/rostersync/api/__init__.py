"""What the portal calls: who is calling, what a problem looks like, the routes."""
