"""What runs on a Docker Compose host: Studios is put beside a running Platform, or taken away from it.

Python 3.9 or newer with its standard library. `docker` is called through its command line.
"""
