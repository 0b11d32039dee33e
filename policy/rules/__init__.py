"""The policies as plain functions of a resource: each yields what is wrong, in words, and by URN where it sees all.

Their docstrings are what a user reads about the policy.
"""
