"""The container images of the testbed, made from local programs under the names that the real ones have."""
