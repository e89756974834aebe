# shellcheck shell=bash
# Kafka and OpenSearch: their jars, and an archive of loaded classes that halves the time of every
# start. MariaDB: a data folder to copy, because initialising one takes two seconds. Envoy
# comes with the Python packages.
: "${root:?}" "${cache:?}"

# build_of PROGRAM: changes when the program is upgraded.
build_of() {
  local program
  program=$(PATH=$PATH:/usr/sbin command -v "$1") || die "needs $1: tools/setup packages"
  stat -L -c '%n %s %Y' "$program"
}

version_of() { sed -n "s|.*<$2.version>\(.*\)</$2.version>.*|\1|p" "$root/deploy/dev/$1/pom.xml"; }

# jars POM DIR
jars() {
  mvn --batch-mode --no-transfer-progress --quiet --strict-checksums -Dstyle.color=never \
    -Dmaven.repo.local="$cache/maven" -f "$1" \
    dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$2"
}

prepare() { PYTHONPATH=$root/tools "$root/build/venv/bin/python" -m soukdev.prepare "$@"; }

make_kafka() {
  fetch "Kafka $(version_of kafka kafka) (60 MB)" jars "$root/deploy/dev/kafka/pom.xml" "$1/libs"
  say 'preparing Kafka ...'
  prepare kafka "$1"
}

make_search() {
  local classes=$1/classes dev=$root/deploy/dev/search
  fetch "OpenSearch $(version_of search opensearch) (70 MB)" jars "$dev/pom.xml" "$1/libs"
  say 'preparing OpenSearch ...'
  javac -proc:none -cp "$1/libs/*" -d "$classes" "$dev/SearchNode.java"
  # A jar, because the class archive refuses folders.
  jar --create --file "$1/libs/souk-search.jar" -C "$classes" .
  rm -r "$classes"
  cp "$dev/log4j2.properties" "$1/"
  prepare search "$1"
}

setup_servers() {
  local java mariadbd dir kafka=$root/deploy/dev/kafka search=$root/deploy/dev/search
  setup_venv
  java=$(build_of java)
  mariadbd=$(build_of mariadbd)

  dir=$cache/mariadb-$(digest "$root/tools/soukdev/mariadb_template.py" <(echo "$mariadbd"))
  make_once "$dir" prepare mariadb "$dir"
  link "$dir" mariadb

  dir=$cache/kafka-$(digest "$kafka/pom.xml" <(echo "$java"))
  make_once "$dir" make_kafka "$dir"
  link "$dir" kafka

  dir=$cache/search-$(digest "$search"/{pom.xml,SearchNode.java,*.properties} <(echo "$java"))
  make_once "$dir" make_search "$dir"
  link "$dir" search
}
