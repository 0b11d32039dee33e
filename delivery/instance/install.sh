#!/bin/sh
# Installs Studios beside a Seqera Platform that runs with docker compose, or takes it away again. Run it as root.
#
#   install.sh install   --folder FOLDER --bundle BUNDLE
#   install.sh install   --folder FOLDER --secret ID --version ID --region REGION
#   install.sh uninstall --folder FOLDER
#
# FOLDER is the one with Platform's docker-compose.yml. --timeout SECONDS is how long it may take, 900 unless it is given.
# What it does, and what it does not touch, is in studios_host/ and in docs/compose.md.
set -eu
umask 077

fail() {
    printf 'studios: %s\n' "$*" >&2
    exit 1
}

tools=$(cd "$(dirname "$0")" && pwd)
[ "$(id -u)" = 0 ] || fail "only root can give the key to the containers' user; run it with sudo"
command -v python3 >/dev/null 2>&1 || fail "there is no program python3; install Python 3.9 or newer on this host"
python3 -E -s -S -c 'import sys; sys.exit(sys.version_info < (3, 9))' || fail "python3 is older than 3.9"
# Without site-packages: what else is installed on the host makes no difference.
exec python3 -E -s -S -B "$tools/studios.py" "$@"
