# shellcheck shell=bash
# Debian packages.
: "${root:?}" "${cache:?}"

policy=/usr/sbin/policy-rc.d

wanted_packages() {
  sed 's/#.*//' "$root/deploy/dev/debian-packages" | tr -s ' \t\n' '\n' | sed '/^$/d' | sort -u
}

# installed_of NAME...: the ones that are there. That dpkg-query misses some is no error.
installed_of() {
  { dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true; } |
    sed -n 's/^installed //p' | sort -u
}

missing_packages() {
  local wanted
  mapfile -t wanted < <(wanted_packages)
  comm -23 <(printf '%s\n' "${wanted[@]}") <(installed_of "${wanted[@]}")
}

# Installing a server must not start it: our stacks run their own. Debian's hook for that is a file
# that says 101; one that is there already, say in a container, stays as it is.
forbid_services() {
  [ ! -e "$policy" ] || grep -q 'tools/setup' "$policy" || return 0
  trap 'rm -f "$policy"' EXIT
  printf '%s\n' '#!/bin/sh' '# Left by an interrupted tools/setup? Remove it.' 'exit 101' >"$policy"
  chmod 755 "$policy"
}

# Nor may it start with the next boot, but only where it was us who brought it.
disable_services() {
  local unit
  [ -d /run/systemd/system ] || return 0
  for unit in mariadb redis-server; do
    ! grep -qx "$unit.*" <<<"$1" || systemctl --quiet disable "$unit" || true
  done
}

apt() { DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 "$@"; }

install_missing() (
  flock 9
  missing=$(missing_packages)
  [ -n "$missing" ] || exit 0
  forbid_services
  fetch 'the lists of Debian packages' apt update 9>&-
  # shellcheck disable=SC2086 # a list of words
  fetch "$(wc -w <<<"$missing") Debian packages" \
    apt install -y --no-install-recommends $missing 9>&-
  disable_services "$missing"
) 9>"$cache/packages.lock"

setup_packages() {
  local missing
  missing=$(missing_packages)
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ]; then
    say 'Debian packages are missing. As root, run:'
    die "apt-get update && apt-get install --no-install-recommends $(tr '\n' ' ' <<<"$missing")"
  fi
  install_missing
}
