"""Where proxy and server find the files of the settings, and the variables that lead to files and folders."""

from __future__ import annotations

from settings.marks import Variable, connect

REDIS_TLS_MOUNT = "/etc/connect/redis-tls"
"""Where `redisTlsSecret` is mounted in proxy and server."""
CA_MOUNT = "/etc/connect/ca"
"""Where `caCertificate` is mounted in proxy and server."""
REDIS_CA_MOUNT = "/etc/connect/redis-ca"
"""Where `redisCaSecret` is mounted in proxy and server."""
PLATFORM_CA_FOLDER = "/etc/studios-ca"
"""Where `caCertificate` is mounted in backend and cron."""
PLATFORM_CA_VARIABLE = "TOWER_SSL_CUSTOM_CA_CERT_FILE"
CA_FILE = "ca.crt"
"""What the file of a CA is called where it is mounted."""
SSH_KEY_MOUNT = "/etc/connect/ssh"
"""Where the Secret with the SSH host key is mounted in the proxy."""
SSH_KEY = "ssh-privatekey"
"""The key in it: that of Kubernetes' own type of Secret for SSH keys."""
TEMPORARY_FOLDER = "/tmp"  # noqa: S108 (in the pods)
"""Where proxy and server may always write."""
CERTIFICATES_VARIABLE = "SSL_CERT_DIR"
"""The folders with further certificates of authorities. Go reads them beside the one file that the image has."""
CONFIG_HOME_VARIABLE = "XDG_CONFIG_HOME"
DATA_HOME_VARIABLE = "XDG_DATA_HOME"

TEMPORARY_VOLUME, DATA_VOLUME, CA_VOLUME, REDIS_CA_VOLUME = "tmp", "data", "ca-certificate", "redis-ca"
"""The volumes of proxy and server, by what is in them."""
SECRET_VOLUME = "secret-"  # noqa: S105 (the beginning of a name)
"""How the names of their other volumes begin, each with a Secret."""

CHECKSUM_ANNOTATION = "checksum/studios"
"""The annotation of the pods that changes with what they read, and so restarts them."""


def redis_tls_file(variable: str, file: str) -> Variable:
    """The setting becomes a variable that names a file of `redisTlsSecret`.

    Args:
        variable: its name.
        file: the file's name.
    """

    def path(secret: str | None) -> str | None:
        return None if secret is None else f"{REDIS_TLS_MOUNT}/{file}"

    return connect(variable, path)
