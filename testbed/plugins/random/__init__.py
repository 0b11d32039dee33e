"""A stand-in for the random provider: passwords, strings, ids and bytes."""
