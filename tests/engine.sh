# A Docker engine of a script's own, to be sourced: beside any other, with its own socket, storage and names, and gone
# when the script ends. Needs root.
#
# The script sets $kept, where the engine's storage and logs stay, and defines fail(); afterwards it may define
# leftovers(), which removes what else it has made. $run is a directory for the time of the run, $name and $parent
# are names that nobody else has: of namespaces, and of the cgroup above those of containers.

run=$(mktemp -d /run/ot-test.XXXXXX) # short, as the names of sockets must be
name=${run##*/}
parent=ot-test-docker.${run##*.}
engine=
missing=()
export DOCKER_HOST=unix://$run/docker.sock

# The options of an engine that makes no networks and no rules of a firewall.
offline=(--bridge=none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false)

leftovers() { :; }

# need PROGRAM PACKAGE: the package is to be installed when the program is not there.
need() { command -v "$1" >/dev/null || missing+=("$2"); }

# Installs what is needed and missing.
install_missing() {
  [ ${#missing[@]} -gt 0 ] || return 0
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$kept/install.log" 2>&1 || {
    tail "$kept/install.log"
    fail "cannot install ${missing[*]}"
  }
}

# start_engine COMMAND... -- OPTION...: starts the engine with these options, by way of a command (env, nsenter). It may
# use a containerd that runs already, so the names in there are its own too.
start_engine() {
  local by=() n=0
  while [ "$1" != -- ]; do by+=("$1"); shift; done
  shift
  "${by[@]}" dockerd --data-root "$kept/data" --exec-root "$run/exec" --pidfile "$run/pid" --host "$DOCKER_HOST" \
    --cgroup-parent="/$parent" --exec-opt native.cgroupdriver=cgroupfs --log-opt max-size=10m \
    --containerd-namespace="$name" --containerd-plugins-namespace="$name-plugins" "$@" \
    </dev/null >>"$kept/dockerd.log" 2>&1 &
  engine=$!
  until docker info >/dev/null 2>&1; do
    n=$((n + 1))
    if [ "$n" -gt 300 ] || ! kill -0 "$engine" 2>/dev/null; then
      tail -n 20 "$kept/dockerd.log"
      fail "the engine does not start"
    fi
    sleep 0.1
  done
}

# Ends the containers and the engine.
stop_engine() {
  [ -n "$engine" ] || return 0
  docker ps -aq 2>/dev/null | xargs -r docker rm --force --volumes >/dev/null 2>&1 || true
  kill "$engine" 2>/dev/null || true
  local n
  for n in $(seq 150); do
    kill -0 "$engine" 2>/dev/null || break
    [ "$n" -lt 150 ] || kill -KILL "$engine" || true
    sleep 0.1
  done
  wait "$engine" 2>/dev/null || true
  engine=
}

# Removes what the run leaves below /run and /sys/fs/cgroup, whatever ended it.
clean() {
  local status=$?
  trap - EXIT
  trap '' INT TERM
  stop_engine
  leftovers
  awk -v run="$run/" 'index($2, run) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r -n 1 umount || true
  rm -rf "$run"
  find /sys/fs/cgroup -depth -type d -path "*/$parent*" -exec rmdir {} \; || true
  exit "$status"
}
trap clean EXIT
trap 'exit 130' INT TERM

# bootstrap RELEASE ROOT OPTION...: a small Debian below a directory, from where this machine's own packages come.
bootstrap() {
  local release=$1 root=$2 mirror
  shift 2
  mirror=$(apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(REPO_URI)' | awk -v name="$release" '$1 == name && $2 == "main" { print $3; exit }')
  rm -rf "$root"
  debootstrap --variant=minbase "$@" "$release" "$root" ${mirror:+"$mirror"} >"$kept/debootstrap.log" 2>&1 || {
    tail "$kept/debootstrap.log"
    fail "the base image cannot be made"
  }
}
