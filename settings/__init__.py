"""The settings of a stack: read, checked as a whole, and explained, before any resource exists."""
