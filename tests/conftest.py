"""What holds for all tests."""

from hypothesis import HealthCheck, settings

# A test says what is right, not how fast this machine is today.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
