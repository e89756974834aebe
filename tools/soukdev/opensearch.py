"""OpenSearch: one node, made of jars and a small launcher (deploy/dev/search)."""

import json
from pathlib import Path
from typing import Any

from soukdev import paths
from soukdev.http import request
from soukdev.jvm import Jvm
from soukdev.server import Server

_SETTINGS = """\
cluster.name: souk
node.name: souk-1
discovery.type: single-node
network.host: 127.0.0.1
http.port: {main}
transport.port: {transport}
path.data: {folder}/data
path.logs: {folder}/logs
node.processors: 2
# Else a disk over 95 % full makes indexes read-only.
cluster.routing.allocation.disk.threshold_enabled: false
# Bulks in flight may take this much of the heap before it answers 429; the default of 10 % is
# little of a small heap. Clients must repeat on 429 all the same.
indexing_pressure.memory.limit: 25%
# No index comes into being by a typing error.
action.auto_create_index: false
"""

_JAVA = (
    "-Xss1m",
    "-XX:ReservedCodeCacheSize=96m",
    "-Djava.io.tmpdir={folder}/tmp",
    "-Djna.tmpdir={folder}/tmp",
    "-Dio.netty.allocator.numDirectArenas=0",
    "-Dio.netty.noUnsafe=true",
    "-Dio.netty.noKeySetOptimization=true",
    "-Dio.netty.recycler.maxCapacityPerThread=0",
    "-Dlog4j2.configurationFile={home}/log4j2.properties",
    "-Dlog4j2.disable.jmx=true",
    "-Dlog4j.shutdownHookEnabled=false",
)


class OpenSearch(Server):
    """One node. Indexes are made explicitly, with number_of_replicas 0."""

    PORTS = ("main", "transport")

    def __init__(self, folder: Path, *, dies_with_us: bool = True, jvm: Jvm | None = None) -> None:
        super().__init__(folder, dies_with_us=dies_with_us)
        self.jvm = jvm or Jvm(paths.installed("search"), heap_mb=256)

    @property
    def url(self) -> str:
        """http://HOST:PORT"""
        return f"http://{self.address}"

    def prepare(self) -> None:
        for name in ("config", "tmp"):
            (self.folder / name).mkdir(exist_ok=True)
        settings = _SETTINGS.format(folder=self.folder, **self.ports)
        (self.folder / "config" / "opensearch.yml").write_text(settings)

    def argv(self) -> list[str]:
        options = [option.format(folder=self.folder, home=self.jvm.home) for option in _JAVA]
        return self.jvm.argv(self.folder / "java.options", options, "SearchNode", str(self.folder))

    def ready(self) -> bool:
        # Yellow is when every index of an earlier run can be read again.
        try:
            health = self.call("GET", "/_cluster/health?wait_for_status=yellow&timeout=1s")
        except OSError:
            return False
        return health["status"] in ("yellow", "green")

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One request with a JSON body; HttpError (an OSError) unless it is answered 2xx.

        A list is sent as lines, which is what _bulk wants.
        """
        lines = body if isinstance(body, list) else [] if body is None else [body]
        data = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
        headers = {"content-type": "application/json"} if data else {}
        answer = request(self.port, path, method=method, body=data or None, headers=headers)
        return json.loads(answer) if answer else None
