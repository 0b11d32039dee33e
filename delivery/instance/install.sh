#!/bin/sh
# Installs Studios beside a Seqera Platform that runs with docker compose, or takes it away again. Run it as root.
#
#   install.sh install   --folder FOLDER --bundle BUNDLE
#   install.sh install   --folder FOLDER --secret ID --version ID --region REGION
#   install.sh uninstall --folder FOLDER
#
# FOLDER is the one with Platform's docker-compose.yml. The owner's files stay as they are, but for one entry of tower.yml.
# What is installed already is not touched, and nothing restarts then. All that may fail is done beside the files in
# FOLDER/.studios first; then each file is moved into its place at once. A run that was killed is finished by the next.
# What the bundle holds is secret: a run that fails leaves nothing of it where it worked.
set -eu
umask 077

MARKER='# Written by the deployment of Seqera Studios'
PROXY_UID=65532
KEPT_BACKUPS=5
RETRIES=${STUDIOS_RETRIES:-6}
PAUSE=${STUDIOS_PAUSE:-10}
TOOLS=$(cd "$(dirname "$0")" && pwd)
# The agent of Systems Manager may leave it out, and docker finds the registry's login there.
HOME=${HOME:-/root}
export HOME

say() { printf 'studios: %s\n' "$*"; }
fail() {
    printf 'studios: %s\n' "$*" >&2
    exit 1
}
need() { command -v "$1" >/dev/null 2>&1 || fail "there is no program $1; install it on this host"; }
# Without site-packages: what else is installed on the host makes no difference.
tool() { python3 -E -s -S -B "$TOOLS/studios_tool.py" "$@"; }

# docker compose over the owner's files, and over the one named first where it is not empty.
compose() {
    ours=$1
    shift
    if [ -n "$ours" ]; then set -- -f "$ours" "$@"; fi
    if [ -n "$owners_override" ]; then set -- -f "$owners_override" "$@"; fi
    docker compose --project-directory "$folder" -f "$compose_file" "$@"
}

is_ours() { [ -f "$state/installed" ] && grep -qxF "$1" "$state/installed"; }

read_parameters() {
    compose_file='' override='' files='' allowed_workspaces='' uid='' platform_services='' studios_services=''
    docker_config=''
    while IFS='=' read -r key value; do
        case $key in
        compose_file) compose_file=$value ;;
        override) override=$value ;;
        files) files=$value ;;
        allowed_workspaces) allowed_workspaces=$value ;;
        uid) uid=$value ;;
        platform_services) platform_services=$value ;;
        studios_services) studios_services=$value ;;
        docker_config) docker_config=$value ;;
        *) fail "the bundle has the parameter $key, which this script does not know" ;;
        esac
    done <"$1"
    for name in compose_file override files allowed_workspaces uid platform_services studios_services; do
        eval "[ -n \"\${$name}\" ]" || fail "the bundle lacks the parameter $name"
    done
    if [ -n "$docker_config" ]; then
        DOCKER_CONFIG=$docker_config
        export DOCKER_CONFIG
    fi
    [ -f "$compose_file" ] || fail "there is no $compose_file in $folder; write the folder in composeFolder, the name in composeFile"
    owners_override=${compose_file%.*}.override.${compose_file##*.}
    if [ "$owners_override" = "$override" ] || [ ! -f "$owners_override" ] || is_ours "$owners_override"; then
        owners_override=''
    fi
}

fetch() {
    attempt=1
    # The policy that allows it may be seconds old, and not known everywhere yet.
    until aws secretsmanager get-secret-value --secret-id "$secret" --version-id "$version" --region "$region" \
        --query SecretString --output text >"$new/secret" 2>"$new/error"; do
        if [ "$attempt" -ge "$RETRIES" ]; then
            cat "$new/error" >&2
            if grep -q AccessDenied "$new/error"; then
                fail "the secret $secret cannot be read; attach the policy in the output instancePolicy to this instance's role"
            fi
            fail "the secret $secret cannot be read"
        fi
        attempt=$((attempt + 1))
        sleep "$PAUSE"
    done
    tool unpack "$new/secret" "$new" || exit 1
    rm -f "$new/secret"
}

prepare_files() {
    for name in $files; do
        [ -f "$new/files/$name" ] || fail "the bundle lacks $name"
        if [ -e "$name" ] && ! is_ours "$name"; then
            [ "$name" != "$override" ] ||
                fail "$folder/$name exists and is not of this deployment; write another name in composeOverride"
            fail "$folder/$name exists and is not of this deployment; move it away"
        fi
    done
    if [ -e data-studios ] && ! is_ours data-studios; then
        fail "$folder/data-studios exists and is not of this deployment; move it away"
    fi
    head -n 1 "$new/files/$override" | grep -qF "$MARKER" || fail "the bundle's $override is none of this deployment"
    chmod 644 "$new/files/$override"
    chown "$uid:$uid" "$new/files/data-studios-rsa.pem"
}

# What runs says by its labels which project and which files it comes from: it must be what is used below.
check_agreement() {
    known=new
    if [ -f "$state/installed" ]; then known=installed; fi
    ours="$override $(cat "$state/override" 2>/dev/null || :)"
    tool agree "$folder" "$compose_file $owners_override" "$platform_services" "$ours" "$known" || exit 1
}

# tower.yml keeps owner and mode: the copy takes them over, and the new text is written into it.
prepare_tower_yml() {
    action=$1
    [ -f tower.yml ] || fail "there is no tower.yml in $folder; Platform up to 25.3 reads the allowed workspaces there"
    [ ! -L tower.yml ] || fail "$folder/tower.yml is a symbolic link; put the file itself there"
    cp -p tower.yml "$new/tower.yml"
    if [ "$action" = set ]; then
        tool set tower.yml "$state/tower.json" "$allowed_workspaces" "$new/tower.yml" "$new/tower.json" || exit 1
    else
        tool restore tower.yml "$state/tower.json" "$new/tower.yml" || exit 1
    fi
}

# The whole as it will be, before any of it is in place: the staged files are named by their paths.
check_model() {
    sed "s#\\./\\([A-Za-z0-9._-]*\\.\\(env\\|pem\\)\\)#$new/files/\\1#" "$new/files/$override" >"$new/check.yml"
    compose "$new/check.yml" config --quiet || fail "docker compose refuses the files above"
    rm -f "$new/check.yml"
}

note_change() {
    changed="$changed $1"
    # docker compose sees another environment and other mounts by itself, but not another content behind a mount.
    case $1 in tower.yml | data-studios-rsa.pem) recreate=recreate ;; esac
}

find_changes() {
    changed='' recreate=up
    for name in $files; do
        staged=$(stat -c '%a %u' "$new/files/$name")
        if [ ! -f "$name" ] || ! cmp -s "$new/files/$name" "$name" || [ "$(stat -c '%a %u' "$name")" != "$staged" ]; then
            note_change "$name"
        fi
    done
    if [ -f "$new/tower.yml" ] && ! cmp -s "$new/tower.yml" tower.yml; then note_change tower.yml; fi
    if [ -f "$state/installed" ]; then
        while read -r name; do
            case " $files data-studios tower.yml " in *" $name "*) ;; *) [ ! -e "$name" ] || note_change "$name" ;; esac
        done <"$state/installed"
    fi
    # The first time both get another environment, so that docker compose replaces them anyway.
    if [ ! -f "$state/services" ]; then recreate=up; fi
    if [ -f "$state/pending" ]; then
        say "the last run did not finish"
        changed="$changed the-last-run"
        if grep -q recreate "$state/pending"; then recreate=recreate; fi
    fi
}

back_up() {
    mkdir -p "$state/backup" "$new/backup"
    for name in $files tower.yml; do
        if [ -f "$name" ]; then cp -p "$name" "$new/backup/$name"; fi
    done
}

number_of() {
    number=${1##*/}
    number=${number%%[!0-9]*}
    printf '%s\n' "${number:-0}"
}

# A number tells which is newer: runs may be quicker than a second, and clocks are set back.
keep_backup() {
    newest=0
    for copy in "$state/backup"/*; do
        number=$(number_of "$copy")
        if [ "$number" -gt "$newest" ]; then newest=$number; fi
    done
    newest=$((newest + 1))
    mv "$new/backup" "$state/backup/$newest-$(date -u +%Y%m%dT%H%M%SZ)"
    for copy in "$state/backup"/*; do
        if [ "$(number_of "$copy")" -le "$((newest - KEPT_BACKUPS))" ]; then rm -rf "$copy"; fi
    done
}

# What is noted about this run, before any of it is in place: a full disk is met here.
prepare_notes() {
    if [ -f "$state/installed" ]; then cp "$state/installed" "$new/old-installed"; else : >"$new/old-installed"; fi
    for name in $files data-studios; do printf '%s\n' "$name"; done >"$new/installed"
    sort -u "$new/old-installed" "$new/installed" >"$new/all-installed"
    printf '%s\n' "$recreate" >"$new/pending"
    printf '%s\n' "$studios_services" >"$new/services"
    printf '%s\n' "$override" >"$new/override"
}

put_in_place() {
    keep_backup
    touched=yes
    old_services=$(cat "$state/services" 2>/dev/null || :)
    old_override=$(cat "$state/override" 2>/dev/null || :)
    if [ -f "$old_override" ]; then
        for service in $old_services; do
            case " $studios_services " in
            *" $service "*) ;;
            *) compose "$old_override" rm --stop --force "$service" || say "$service could not be stopped" ;;
            esac
        done
    fi
    # What is about to be ours, before it is: a run that is killed from here on is finished by the next.
    mv -f "$new/all-installed" "$state/installed"
    mv -f "$new/pending" "$state/pending"
    mv -f "$new/parameters" "$state/parameters"
    mkdir -p data-studios
    chown "$PROXY_UID:$PROXY_UID" data-studios
    chmod 700 data-studios
    if [ -f "$new/tower.json" ]; then mv -f "$new/tower.json" "$state/tower.json"; fi
    if [ -f "$new/tower.yml" ] && ! cmp -s "$new/tower.yml" tower.yml; then mv -f "$new/tower.yml" tower.yml; fi
    # The override comes last in the list: until it is there, the others mean nothing to docker compose.
    for name in $files; do mv -f "$new/files/$name" "$name"; done
    while read -r name; do
        case " $files data-studios " in *" $name "*) ;; *) rm -f "$name" ;; esac
    done <"$new/old-installed"
    mv -f "$new/installed" "$state/installed"
    mv -f "$new/services" "$state/services"
    mv -f "$new/override" "$state/override"
}

start() {
    # By name: everything else of Platform stays as it runs.
    # shellcheck disable=SC2086 # lists of names without spaces
    compose "$override" up --detach --no-deps $platform_services $studios_services ||
        fail "docker compose could not start the services; the next run tries again"
    if [ "$recreate" = recreate ]; then
        # shellcheck disable=SC2086 # a list of names without spaces
        compose "$override" up --detach --no-deps --force-recreate $platform_services ||
            fail "docker compose could not restart $platform_services; the next run tries again"
    fi
    rm -f "$state/pending"
}

install() {
    mkdir -p "$state"
    begin
    if [ -n "$bundle" ]; then
        cp -R "$bundle/files" "$bundle/parameters" "$new/" || fail "$bundle holds no bundle"
    else
        need aws
        fetch
    fi
    chown -R 0:0 "$new"
    chmod -R go-rwx "$new"
    read_parameters "$new/parameters"
    check_agreement
    prepare_files
    if [ "$allowed_workspaces" != leave ]; then
        prepare_tower_yml set
    elif [ -f "$state/tower.json" ]; then
        # From 26.1 on Platform has them from its environment.
        prepare_tower_yml restore
    fi
    check_model
    find_changes
    if [ -z "$changed" ]; then
        say "nothing has changed"
    else
        back_up
        prepare_notes
        put_in_place
        if [ "$allowed_workspaces" = leave ]; then rm -f "$state/tower.json"; fi
        start
        say "installed:$changed"
    fi
}

uninstall() {
    if [ -d "$state" ]; then begin; fi
    if [ ! -f "$state/parameters" ]; then
        rm -rf "$state"
        say "nothing is installed in $folder"
        return
    fi
    read_parameters "$state/parameters"
    check_agreement
    if [ -f "$state/tower.json" ] && [ -f tower.yml ]; then prepare_tower_yml restore; fi
    touched=yes
    if [ -f "$override" ]; then
        # docker compose reads nothing unless all that the override names is there.
        for name in $files; do [ -e "$name" ] || : >"$name"; done
        # shellcheck disable=SC2086 # a list of names without spaces
        compose "$override" rm --stop --force $studios_services || fail "$studios_services could not be stopped"
    fi
    if [ -f "$new/tower.yml" ] && ! cmp -s "$new/tower.yml" tower.yml; then mv -f "$new/tower.yml" tower.yml; fi
    rm -f "$override"
    # shellcheck disable=SC2086 # a list of names without spaces
    compose '' up --detach --no-deps $platform_services ||
        fail "docker compose could not start Platform again; the next run tries again"
    while read -r name; do rm -rf "./$name"; done <"$state/installed"
    # First what says that there is something to take away.
    rm -f "$state/parameters"
    rm -rf "$state"
    say "taken away"
}

# An empty folder to work in, on the file system of the files; alone.
begin() {
    exec 9>"$state/lock"
    flock -n 9 || fail "another run is at work in $folder"
    trap end EXIT
    trap 'exit 1' HUP INT TERM
    rm -rf "$new"
    mkdir "$new"
}

end() {
    code=$?
    rm -rf "$new"
    [ "$code" = 0 ] || [ -n "$touched" ] || printf 'studios: nothing was changed\n' >&2
    exit "$code"
}

action=${1:-}
case $action in install | uninstall) shift ;; *) fail "write install or uninstall first" ;; esac
folder='' bundle='' secret='' version='' region=''
while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || fail "$1 has no value"
    case $1 in
    --folder) folder=$2 ;;
    --bundle) bundle=$(cd "$2" && pwd) || fail "there is no folder $2" ;;
    --secret) secret=$2 ;;
    --version) version=$2 ;;
    --region) region=$2 ;;
    *) fail "$1 is no option" ;;
    esac
    shift 2
done
[ -n "$folder" ] || fail "write --folder, the one with docker-compose.yml"
if [ "$action" = install ] && [ -z "$bundle" ]; then
    [ -n "$secret" ] && [ -n "$version" ] && [ -n "$region" ] || fail "write --bundle, or --secret, --version and --region"
fi
[ "$(id -u)" = 0 ] || fail "only root can give the key to the containers' user; run it with sudo"
for program in docker flock python3; do need "$program"; done
python3 -E -s -S -c 'import sys; sys.exit(sys.version_info < (3, 9))' || fail "python3 is older than 3.9"
cd "$folder" || fail "there is no folder $folder; write the one with docker-compose.yml in composeFolder"
folder=$(pwd)
state=$folder/.studios
new=$state/new
touched=''
if [ "$action" = install ]; then install; else uninstall; fi
