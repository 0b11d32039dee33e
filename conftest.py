"""What holds for all tests."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["testbed.required", "testbed.docker.fixtures"]

# A test says what is right, not how fast this machine is today.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples each time, so that what a change is judged by is the change.
settings.register_profile("repeatable", UNTIMED, derandomize=True)
# Others each time, and many more: `make test-all` looks for what no test names.
settings.register_profile("searching", UNTIMED, max_examples=400)
settings.load_profile("repeatable")
