# shellcheck shell=bash
# grpcurl: handy in a shell, needed by nothing.
: "${cache:?}"

grpcurl_version=1.9.4

make_grpcurl() {
  GOBIN=$1 GOFLAGS=-buildvcs=false fetch "grpcurl $grpcurl_version (compiles a minute)" \
    go install -ldflags='-s -w' "github.com/fullstorydev/grpcurl/cmd/grpcurl@v$grpcurl_version"
}

setup_grpcurl() {
  local dir=$cache/grpcurl-$grpcurl_version
  if ! made "$dir" && ! command -v go >/dev/null; then
    say 'no Go here: left out grpcurl, which nothing needs'
    return 0
  fi
  make_once "$dir" make_grpcurl "$dir"
  link "$dir/grpcurl" bin/grpcurl
}
