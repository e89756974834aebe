# shellcheck shell=bash
# What `make aarch64` needs: a cross compiler, an emulator, and Debian's libraries for aarch64 in a
# folder of their own, so that this machine's packages stay of one architecture.
: "${root:?}" "${cache:?}"

cross_packages=(gcc-aarch64-linux-gnu qemu-user)

install_cross_packages() {
  local missing
  missing=$(comm -23 <(printf '%s\n' "${cross_packages[@]}" | sort) \
    <(installed_of "${cross_packages[@]}"))
  [ -n "$missing" ] || return 0
  [ "$(id -u)" = 0 ] || die "as root, run: apt-get install ${cross_packages[*]}"
  fetch 'the lists of Debian packages' apt update
  fetch 'a cross compiler and an emulator' \
    apt install -y --no-install-recommends "${cross_packages[@]}"
}

# The libraries that the programs link, as the list of packages has them.
cross_libraries() {
  wanted_packages | grep -E '^lib.*-dev$' | grep -vE '^lib(grpc\+\+|protobuf|clang-rt-.*)-dev$'
}

# apt with a state of its own: another architecture, nothing installed.
apt_of_root() {
  DEBIAN_FRONTEND=noninteractive apt-get -qq -o APT::Architecture=arm64 \
    -o 'APT::Architectures::=arm64' -o Dir::State="$1/state" -o Dir::State::status=/dev/null \
    -o Dir::Cache="$1/cache" -o Dir::Log="$1/log" -o Acquire::Languages=none \
    -o APT::Sandbox::User= "${@:2}"
}

make_aarch64_root() {
  local dir=$1 work=$1/.apt deb
  mkdir -p "$work"/{state/lists,cache/archives}/partial "$work/log"
  fetch 'the lists of aarch64 packages' apt_of_root "$work" update
  # shellcheck disable=SC2046 # a list of words
  fetch 'libraries for aarch64' apt_of_root "$work" -y --no-install-recommends --download-only \
    install libc6-dev libstdc++-12-dev $(cross_libraries)
  for deb in "$work"/cache/archives/*.deb; do
    dpkg-deb -x "$deb" "$dir"
  done
  rm -rf "$work"
}

setup_aarch64() {
  local dir
  install_cross_packages
  dir=$cache/aarch64-root-$(digest "$root/tools/setup.d/aarch64.sh" "$root/deploy/dev/debian-packages")
  make_once "$dir" make_aarch64_root "$dir"
  link "$dir" aarch64-root
}
