"""What the Platform install looks like, read before any resource exists; nothing here writes."""
