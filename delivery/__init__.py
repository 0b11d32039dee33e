"""What a Docker Compose host gets: the files, and the script that installs them there and takes them away again.

Nothing here imports Pulumi or calls AWS. `delivery.bundle` makes the files of a stack, `delivery.package` puts the
script and its tools beside them, and `python -m delivery` writes both into a folder. `instance/` runs on the host.
"""
