#!/usr/bin/env bash
# One real Apache Kafka broker (KRaft, no ZooKeeper) on loopback, for tests and
# the demo; see README.md beside this file. Never for production: one replica,
# no authentication.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${PADWACHT_KAFKA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/padwacht/kafka}
heap=${PADWACHT_KAFKA_HEAP:-512m}
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
ready_seconds=120
stop_seconds=30
release_seconds=10
data=$cache/data
port=

usage() {
  cat <<EOF
usage: $0 start|stop|run [--data DIR] [--port PORT]

  start  start the broker in the background, wait until it is ready, and print
         its bootstrap address; if it runs already, only print the address
  stop   stop the broker of this data directory
  run    run the broker in the foreground

  --data DIR   where its data, settings, log and process id are
               (default $data)
  --port PORT  where it listens on 127.0.0.1 (default: the port that this data
               directory had before, or else a free one)
EOF
}

fail() {
  echo "kafka: $*" >&2
  exit 1
}

# Is nobody listening on port $1 of loopback?
is_free() {
  ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# A broker that was just killed holds its port for a moment longer.
require_free() {
  local deadline=$((SECONDS + release_seconds))
  until is_free "$1"; do
    ((SECONDS < deadline)) || fail "port $1 of 127.0.0.1 is in use; choose another with --port"
    sleep 0.2
  done
}

free_port() {
  local candidate
  for _ in $(seq 100); do
    # Below the range that Linux gives to outgoing connections.
    candidate=$((20000 + RANDOM % 12000))
    if is_free "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  fail "no free port found between 20000 and 32000"
}

require_java() {
  local version
  version=$("$java" -version 2>&1 | sed -n '1s/.*version "\([0-9]*\).*/\1/p') ||
    fail "no java found; install Java 17 or later, or set JAVA_HOME"
  [[ -n $version && $version -ge 17 ]] ||
    fail "Kafka 4 needs Java 17 or later, found ${version:-none}; set JAVA_HOME"
}

# Gathers the jars that pom.xml names, once for each version of that file.
gather_jars() {
  local key
  key=$(sha256sum "$here/pom.xml" | cut -c1-12)
  jars=$cache/jars-$key
  [[ -d $jars ]] && return
  command -v mvn >/dev/null || fail "no mvn found; install Maven to gather the jars of Kafka"
  mkdir -p "$cache"
  exec 9>"$cache/lock"
  flock 9
  if [[ ! -d $jars ]]; then
    echo "kafka: gathering the jars with Maven (once)" >&2
    rm -rf "$jars.part"
    mvn --quiet --batch-mode -Dstyle.color=never --file "$here/pom.xml" dependency:copy-dependencies \
      -DincludeScope=runtime "-DoutputDirectory=$jars.part" >&2 ||
      fail "Maven could not gather the jars of Kafka; see its message above"
    mv "$jars.part" "$jars"
  fi
  exec 9>&-
}

# The process id of this data directory's broker; fails when it does not run.
# The command line is checked too, because process ids are used again.
running_pid() {
  local pid
  pid=$(cat "$data/broker.pid" 2>/dev/null) || return 1
  tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF "$data/server.properties" || return 1
  echo "$pid"
}

# The value of setting $1 as of the last start; empty before the first.
setting() {
  if [[ -f $data/server.properties ]]; then
    sed -n "s|^$1=||p" "$data/server.properties"
  fi
}

address() {
  setting advertised.listeners | sed 's|^PLAINTEXT://||'
}

write_settings() {
  local controller
  if [[ -z $port ]]; then
    port=$(address | sed 's|.*:||')
  fi
  controller=$(setting controller.quorum.voters | sed 's|.*:||')
  port=${port:-$(free_port)}
  controller=${controller:-$(free_port)}
  require_free "$port"
  require_free "$controller"
  mkdir -p "$data"
  cat >"$data/server.properties" <<EOF
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:$controller
log.dirs=$data/log
num.partitions=1
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# The default of 128 MB is for larger heaps.
log.cleaner.dedupe.buffer.size=4194304
num.network.threads=2
num.io.threads=4
EOF
}

# Everything up to the moment where java takes over.
prepare() {
  require_java
  gather_jars
  if pid=$(running_pid); then
    fail "a broker runs already in $data (process $pid)"
  fi
  write_settings
  broker=("$java" "-Xms$heap" "-Xmx$heap" -XX:+UseG1GC -XX:+ExitOnOutOfMemoryError
    "-Dlog4j2.configurationFile=$here/log4j2.properties" -cp "$jars/*")
  if [[ ! -f $data/log/meta.properties ]]; then
    local id
    id=$("${broker[@]}" kafka.tools.StorageTool random-uuid)
    "${broker[@]}" kafka.tools.StorageTool format --ignore-formatted \
      --cluster-id "$id" --config "$data/server.properties" >"$data/format.log" 2>&1 ||
      fail "the storage could not be formatted; see $data/format.log"
  fi
  broker+=(kafka.Kafka "$data/server.properties")
}

start() {
  # One start at a time in a data directory; the broker must not keep the lock.
  mkdir -p "$data"
  exec 8>"$data/lock"
  flock 8
  if running_pid >/dev/null; then
    address
    return
  fi
  prepare
  : >"$data/broker.log"
  setsid nohup "${broker[@]}" >"$data/broker.log" 2>&1 </dev/null 8>&- &
  local pid=$!
  echo "$pid" >"$data/broker.pid"
  local deadline=$((SECONDS + ready_seconds))
  until grep -q 'Kafka Server started' "$data/broker.log"; do
    kill -0 "$pid" 2>/dev/null ||
      fail "the broker ended while starting; see $data/broker.log"
    ((SECONDS < deadline)) ||
      fail "the broker is not ready after $ready_seconds s; see $data/broker.log"
    sleep 0.2
  done
  address
}

stop() {
  local pid
  pid=$(running_pid) || return 0
  kill "$pid" || return 0
  local deadline=$((SECONDS + stop_seconds))
  while running_pid >/dev/null; do
    if ((SECONDS >= deadline)); then
      echo "kafka: process $pid did not stop in $stop_seconds s and is killed" >&2
      kill -9 "$pid" || true
    fi
    sleep 0.2
  done
  rm -f "$data/broker.pid"
}

run() {
  prepare
  echo "$$" >"$data/broker.pid"
  echo "kafka: listening on $(address)" >&2
  exec "${broker[@]}"
}

verb=${1:-}
shift || true
while (($# > 0)); do
  case $1 in
    --data) data=${2:?--data needs a directory} && shift 2 ;;
    --port) port=${2:?--port needs a port} && shift 2 ;;
    *) usage >&2 && exit 2 ;;
  esac
done
data=$(realpath -m "$data")
case $verb in
  start | stop | run) "$verb" ;;
  -h | --help | help) usage ;;
  *) usage >&2 && exit 2 ;;
esac
