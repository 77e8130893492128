#!/usr/bin/env bash
# A throw-away PostgreSQL cluster on loopback, for `make test`.
#
#   run.sh start [DIR]   makes and starts one in DIR, prints its URL; prints
#                        the same URL when it runs already
#   run.sh stop [DIR]    stops it and removes DIR
#
# DIR is by default a folder of yours under /tmp. The URL holds the random
# password of a superuser; it is also in DIR/url, for you only. Nothing in the
# cluster is durable: it never waits for the disk. Its locale sorts as people
# do (ICU, en-US), so a query that relies on bytewise order by chance fails.
set -euo pipefail

PORTS_FROM=20000
PORTS=20000
ATTEMPTS=20

fail() {
    echo "run.sh: $*" >&2
    exit 1
}

# The folder of initdb and pg_ctl: $PADWACHT_POSTGRES_BIN, else Debian's newest.
find_bin() {
    local bin
    if [ -n "${PADWACHT_POSTGRES_BIN:-}" ]; then
        bin=$PADWACHT_POSTGRES_BIN
    else
        bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
        [ -x "$bin/initdb" ] || bin=$(dirname "$(command -v initdb || echo none/initdb)")
    fi
    [ -x "$bin/initdb" ] && [ -x "$bin/pg_ctl" ] ||
        fail "found no PostgreSQL server; install it (apt-get install postgresql-15)" \
            "or set PADWACHT_POSTGRES_BIN to the folder that holds initdb"
    echo "$bin"
}

# PostgreSQL refuses to run as root, so root's cluster runs as nobody.
as_server() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && runuser -u nobody -- "$@")
    else
        "$@"
    fi
}

random() {
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n'
}

init() {
    local bin=$1 dir=$2 password=$3
    (umask 077 && mkdir "$dir") || fail "cannot make $dir; remove it or name another folder"
    mkdir "$dir/cluster"
    printf '%s\n' "$password" >"$dir/cluster.password"
    if [ "$(id -u)" -eq 0 ]; then
        chmod 711 "$dir"
        chown nobody "$dir/cluster" "$dir/cluster.password"
    fi
    as_server "$bin/initdb" --pgdata="$dir/cluster/data" --username=padwacht \
        --pwfile="$dir/cluster.password" --auth=scram-sha-256 --encoding=UTF8 \
        --locale=C.UTF-8 --locale-provider=icu --icu-locale=en-US --no-sync >"$dir/initdb.log" ||
        fail "initdb failed; see $dir/initdb.log"
    rm "$dir/cluster.password"
}

# Starts on a random port, and on another when that one is taken.
launch() {
    local bin=$1 dir=$2 port attempt
    for attempt in $(seq "$ATTEMPTS"); do
        port=$((PORTS_FROM + RANDOM % PORTS))
        if as_server "$bin/pg_ctl" start --silent --wait --pgdata="$dir/cluster/data" \
            --log="$dir/cluster/log" --options="-h 127.0.0.1 -p $port -k '' -F \
                -c max_connections=200 -c synchronous_commit=off -c full_page_writes=off" \
            >/dev/null 2>&1; then
            echo "$port"
            return
        fi
    done
    fail "PostgreSQL did not start; see $dir/cluster/log"
}

start() {
    local dir=$1 bin password port
    bin=$(find_bin)
    if [ -O "$dir" ] && [ -f "$dir/url" ]; then
        if as_server "$bin/pg_ctl" status --pgdata="$dir/cluster/data" >/dev/null; then
            cat "$dir/url"
            return
        fi
        rm -rf "$dir"
    fi
    password=$(random)
    init "$bin" "$dir" "$password"
    port=$(launch "$bin" "$dir")
    (umask 077 && echo "postgres://padwacht:$password@127.0.0.1:$port/postgres" >"$dir/url")
    cat "$dir/url"
}

stop() {
    local dir=$1 bin
    [ -d "$dir" ] || return 0
    # A folder that is not ours or not a cluster is not ours to remove either.
    [ -O "$dir" ] && [ -d "$dir/cluster" ] || fail "$dir is not a cluster made by run.sh"
    bin=$(find_bin)
    as_server "$bin/pg_ctl" stop --silent --mode=immediate --pgdata="$dir/cluster/data" \
        >/dev/null 2>&1 || true
    rm -rf "$dir"
}

dir=${2:-/tmp/padwacht-postgres-$(id -u)}
case "${1:-}" in
start) start "$dir" ;;
stop) stop "$dir" ;;
*) fail "usage: run.sh start|stop [DIR]" ;;
esac
