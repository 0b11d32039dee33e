"""``python -m pipeline verify``: checks a deployed stack from outside, as a user's browser meets it; nothing changes.

Each check is a function of one subject, in a module by what it asks. :mod:`~pipeline.verify.checks` lists them with
what each needs, :mod:`~pipeline.verify.runner` runs them, and :mod:`~pipeline.verify.table` prints what they find.
"""
