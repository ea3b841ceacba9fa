"""What to think of events: pure, without clock."""
