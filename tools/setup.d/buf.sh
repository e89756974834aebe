# shellcheck shell=bash
# buf, the linter of contracts.
: "${cache:?}"

buf_version=1.75.0

need_npm() {
  ! command -v npm >/dev/null || return 0
  [ "$(id -u)" = 0 ] ||
    die 'buf needs npm. As root, run: apt-get install --no-install-recommends npm'
  fetch npm apt install -y --no-install-recommends npm
}

make_buf() {
  need_npm
  fetch "buf $buf_version (90 MB)" \
    npm install --silent --no-fund --no-audit --prefix "$1" "@bufbuild/buf@$buf_version"
}

setup_buf() {
  local dir=$cache/buf-$buf_version
  make_once "$dir" make_buf "$dir"
  link "$dir/node_modules/.bin/buf" bin/buf
}
