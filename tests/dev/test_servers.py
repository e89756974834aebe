"""The real servers start, keep what they are told, and come back after the plug was pulled."""

from typing import Any

import pymysql
import pytest
from confluent_kafka import Consumer, Producer
from soukdev.mariadb import MariaDB, SqlError
from soukdev.stack import Stack


def produce(address: str, topic: str, values: list[bytes]) -> None:
    producer = Producer({"bootstrap.servers": address, "acks": "all"})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(60) == 0


def consume(address: str, topic: str, group: str) -> bytes:
    settings: dict[str, Any] = {
        "bootstrap.servers": address,
        "group.id": group,
        "auto.offset.reset": "earliest",
        "log_level": 3,
    }
    consumer = Consumer(settings)
    consumer.subscribe([topic])
    message = consumer.poll(60)
    consumer.close()
    assert message is not None
    assert message.error() is None
    value = message.value()
    assert value is not None
    return value


def test_mariadb_is_set_up_as_in_production(stack: Stack) -> None:
    wanted = {
        "innodb_flush_log_at_trx_commit": "1",
        "sync_binlog": "1",
        "log_bin": "1",
        "tx_isolation": "READ-COMMITTED",
        "innodb_snapshot_isolation": "1",
        "collation_server": "utf8mb4_bin",
        "time_zone": "+00:00",
        "innodb_lock_wait_timeout": "3",
        "local_infile": "1",
        "performance_schema": "0",
    }
    columns = ", ".join(f"@@{name} AS {name}" for name in wanted)
    assert stack.mariadb.sql(f"SELECT {columns}") == [wanted]


def test_sql_answers_rows_of_the_last_statement(stack: Stack) -> None:
    rows = stack.mariadb.sql("SELECT 1 AS a; SELECT 'x<\n' AS b, NULL AS c, '' AS d, 0x00ff AS e")
    assert rows == [{"b": "x<\n", "c": None, "d": "", "e": "0x00FF"}]
    with pytest.raises(SqlError, match="syntax"):
        stack.mariadb.sql("SELEC 1")


def test_mariadb_keeps_rows_when_killed(stack: Stack) -> None:
    database = stack.mariadb
    database.create_schema("souk_kept")
    database.sql("CREATE TABLE t (a INT); INSERT INTO t VALUES (1)", "souk_kept")
    port = database.port
    database.kill9()
    database.start()
    assert database.port == port
    assert database.sql("SELECT a FROM t", "souk_kept") == [{"a": "1"}]


def test_two_databases_started_together_are_strangers(servers: tuple[Stack, MariaDB]) -> None:
    first, second = servers[0].mariadb, servers[1]
    assert first.port != second.port
    mine = second.create_schema("souk_second")
    theirs = first.create_schema("souk_second")
    assert mine.password_file.read_text() != theirs.password_file.read_text()


def test_a_schemas_user_sees_no_other_schema(stack: Stack) -> None:
    database = stack.mariadb
    mine = database.create_schema("souk_mine")
    # Would fit the name of the first if its underscore were taken for a wildcard.
    for other in ("souk_theirs", "soukxmine"):
        database.create_schema(other)
        database.sql("CREATE TABLE t (a INT)", other)
    with database.connect(mine) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (a INT)")
        cursor.execute("SELECT COUNT(*) AS n FROM t")
        assert cursor.fetchone() == {"n": 0}
        for other in ("souk_theirs", "soukxmine", "mysql"):
            with pytest.raises(pymysql.err.OperationalError, match="denied"):
                cursor.execute(f"SELECT * FROM {other}.t")


def test_secrets_are_for_us_alone(stack: Stack) -> None:
    stack.mariadb.create_schema("souk_secret")
    secrets = [*(stack.mariadb.folder / "secrets").iterdir(), stack.mariadb.folder / "init.sql"]
    secrets += stack.keys.folder.iterdir()
    assert {oct(secret.stat().st_mode & 0o777) for secret in secrets} == {"0o600"}


def test_redis_appends_and_never_evicts(stack: Stack) -> None:
    redis = stack.redis
    assert redis.command("SET", "inventory:v1:1", "7") == "OK"
    assert redis.command("GET", "inventory:v1:1") == "7"
    redis.restart()
    assert redis.command("GET", "inventory:v1:1") == "7"
    info = redis.command("INFO").splitlines()
    assert "aof_enabled:1" in info
    assert "maxmemory_policy:noeviction" in info


def test_topics_are_those_of_the_contracts(stack: Stack) -> None:
    names = {"inventory.stock": 4, "inventory.hold": 4, "inventory.stock.dlq": 1}
    producer = Producer({"bootstrap.servers": stack.kafka.address})
    topics = producer.list_topics(timeout=10).topics
    assert {name: len(topics[name].partitions) for name in names} == names
    # Making them again leaves them as they are.
    stack.kafka.create_topics({"inventory.stock": 9})
    assert len(producer.list_topics("inventory.stock").topics["inventory.stock"].partitions) == 4


def test_kafka_comes_back_at_the_same_port_with_its_messages(stack: Stack) -> None:
    kafka = stack.kafka
    kafka.create_topics({"kept": 1})
    produce(kafka.address, "kept", [b"before"])
    before = kafka.address
    kafka.kill9()
    assert not kafka.alive()
    kafka.start()
    assert kafka.address == before
    assert consume(kafka.address, "kept", "test.kept") == b"before"


def test_opensearch_indexes_and_finds(stack: Stack) -> None:
    search = stack.opensearch
    mappings = {"properties": {"title": {"type": "text", "analyzer": "cjk"}}}
    settings = {"number_of_shards": 1, "number_of_replicas": 0}
    search.call("PUT", "/items", {"settings": settings, "mappings": mappings})
    newer = {"index": {"_id": "1", "version": 7, "version_type": "external_gte"}}
    older = {"index": {"_id": "1", "version": 6, "version_type": "external_gte"}}
    lines = [newer, {"title": "智能手机"}, older, {"title": "stale"}]
    answer = search.call("POST", "/items/_bulk?refresh=true", lines)
    assert [item["index"]["status"] for item in answer["items"]] == [201, 409]
    found = search.call("POST", "/items/_search", {"query": {"match": {"title": "手机"}}})
    assert [hit["_id"] for hit in found["hits"]["hits"]] == ["1"]


def test_an_unknown_index_is_not_made_by_writing_to_it(stack: Stack) -> None:
    answer = stack.opensearch.call(
        "POST", "/_bulk", [{"index": {"_index": "typo", "_id": "1"}}, {"a": 1}]
    )
    assert answer["items"][0]["index"]["status"] == 404


def test_it_fits_a_laptop(stack: Stack) -> None:
    assert sum(server.rss_kb() for server in stack.servers()) < 700 * 1024
