"""The one error that the testbed's commands print without a traceback."""


class TestbedError(Exception):
    """Something a person can act on: the message says what."""

    __test__ = False  # pytest would collect the class by its name
