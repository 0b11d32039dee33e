"""A stand-in for ``pulumi-language-python``: runs Pulumi programs and plugins that are written in Python."""
