"""The testbed's AWS: moto's server, made as strict as AWS where moto is lax.

Each module of patches names what AWS does and moto doesn't; :func:`testbed.emulator.strictness.apply` installs them
all. ``python -m testbed.emulator --port N`` serves the result, :mod:`testbed.emulator.seed` fills it with what a
Platform install on EKS has around it.
"""
