"""What tools/setup makes once, so that each later start is quick: `prepare WHAT DIR`.

Kafka and OpenSearch run once from the jars in DIR, do what a client would ask, and leave an
archive of the classes they loaded. MariaDB leaves an initialised data folder.
"""

import sys
import tempfile
from pathlib import Path

from soukdev import mariadb_template
from soukdev.jvm import Jvm
from soukdev.kafka import Kafka
from soukdev.opensearch import OpenSearch


def _kafka(home: Path, scratch: Path) -> None:
    with Kafka(scratch / "kafka", jvm=Jvm(home, 192, record_archive=True)) as broker:
        broker.create_topics({"once": 1})
        _produce_and_consume(broker.address)


def _produce_and_consume(address: str) -> None:
    from confluent_kafka import Consumer, Producer

    client = {"bootstrap.servers": address, "log_level": 3}
    producer = Producer({**client, "enable.idempotence": True})
    producer.produce("once", b"1")
    producer.flush(10)
    consumer = Consumer({**client, "group.id": "once", "auto.offset.reset": "earliest"})
    consumer.subscribe(["once"])
    consumer.poll(10)
    consumer.close()


def _search(home: Path, scratch: Path) -> None:
    fields = {"name": {"type": "text", "analyzer": "cjk"}, "price": {"type": "long"}}
    by_price = {"field_value_factor": {"field": "price", "modifier": "log1p"}}
    query = {"match": {"name": "one"}}
    with OpenSearch(scratch / "search", jvm=Jvm(home, 256, record_archive=True)) as node:
        settings = {"number_of_shards": 1, "number_of_replicas": 0}
        node.call("PUT", "/once", {"settings": settings, "mappings": {"properties": fields}})
        change = {"index": {"_id": "1", "version": 1, "version_type": "external_gte"}}
        node.call("POST", "/once/_bulk?refresh=true", [change, {"name": "one", "price": 1}])
        node.call(
            "POST",
            "/once/_search",
            {
                "query": {"function_score": {"query": query, "functions": [by_price]}},
                "aggs": {"prices": {"histogram": {"field": "price", "interval": 10}}},
            },
        )


def main(what: str, home: Path) -> None:
    """Called by tools/setup."""
    if what == "mariadb":
        mariadb_template.make(home)
        return
    with tempfile.TemporaryDirectory() as scratch:
        {"kafka": _kafka, "search": _search}[what](home, Path(scratch))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
