"""A Docker engine of the testbed's own, in namespaces of its own: the machine that Docker Compose installs live on."""
