# shellcheck shell=bash
# Shared by the parts of tools/setup, which sets root and cache.
: "${root:?}"

say() { printf 'setup: %s\n' "$*" >&2; }

die() {
  say "$*"
  exit 1
}

digest() { cat -- "$@" | sha256sum | cut -c1-16; }

# link TARGET NAME: build/NAME becomes a link to TARGET. Renamed into place, because two set-ups may
# do it at once.
link() {
  local name=$root/build/$2
  [ "$(readlink "$name" || true)" != "$1" ] || return 0
  mkdir -p "$(dirname "$name")"
  ln -s "$1" "$name.$$"
  mv -T "$name.$$" "$name"
}

# made DIR: is this folder of the cache finished? The marker is the last thing that is written.
made() { [ -e "$1/.complete" ]; }

# make_once DIR COMMAND ARG...: fills DIR by COMMAND unless it is finished. One process at a time; a
# folder that an interrupted set-up left half filled is begun again.
make_once() {
  local dir=$1
  ! made "$dir" || return 0
  (
    flock 9
    ! made "$dir" || exit 0
    rm -rf "$dir"
    mkdir -p "$dir"
    "${@:2}" 9>&-
    touch "$dir/.complete"
  ) 9>"$dir.lock"
}

# fetch WHAT COMMAND ARG...: runs a command that needs the network, quietly, and shows its words
# when it fails.
fetch() {
  local what=$1 log
  log=$(mktemp)
  say "fetching $what ..."
  if ! "${@:2}" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    die "could not fetch $what: is the network there, and a proxy set if you need one?"
  fi
  rm -f "$log"
}
