"""Takes a Studios that exists already into a stack, without a moment in which it doesn't serve."""
