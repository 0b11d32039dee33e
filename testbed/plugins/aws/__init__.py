"""The stand-in for the official AWS provider: the same types and words, over real AWS calls.

:mod:`~testbed.plugins.aws.provider` does what is the same for every type, from the tables of
:mod:`~testbed.plugins.aws.schema`; each service's module holds its types' tables and calls.
"""
