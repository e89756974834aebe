"""The outbox's promise, kept by processes that are killed: each event that was committed arrives,
and the first occurrences of an aggregate's events come in their order."""

import random
import re
import threading
import time
from collections.abc import Iterator

import pymysql
import pytest
from lab_kit import Lab, Watcher, frozen, metric
from soukdev import paths
from soukdev.poll import until
from soukdev.service import Service


def _number(file: str, pattern: str) -> int:
    found = re.search(pattern, (paths.ROOT / "libcommon" / file).read_text())
    assert found, f"{file} has no {pattern}"
    return int(found[1])


# A transaction's hard life, and the relay's margin.
GAP_LIFE_S = _number("io/db.h", r"DB_TX_LIFE_MAX_S = (\d+)") + _number(
    "patterns/relay.c", r"GAP_LIFE_US = \(DB_TX_LIFE_MAX_S \+ (\d+)\)"
)


@pytest.fixture
def watcher(lab: Lab) -> Iterator[Watcher]:
    watcher = Watcher(lab.kafka.address, lab.topic)
    yield watcher
    watcher.close()


class Writers:
    """Threads that change aggregates and tell of it, each transaction in its own time."""

    THINGS = range(1, 9)

    def __init__(self, lab: Lab, count: int = 16) -> None:
        self.committed: list[bytes] = []
        self._lab = lab
        self._stop = threading.Event()
        rows = ", ".join(f"({thing}, 0)" for thing in self.THINGS)
        lab.sql(f"INSERT INTO lab_thing VALUES {rows}")
        self._threads = [
            threading.Thread(target=self._run, args=(random.Random(seed),)) for seed in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, chance: random.Random) -> None:
        with self._lab.connect() as connection, connection.cursor() as cursor:
            while not self._stop.is_set():
                thing = chance.choice(self.THINGS)
                try:
                    cursor.execute(
                        "SELECT version FROM lab_thing WHERE id = %s FOR UPDATE", (thing,)
                    )
                except pymysql.err.OperationalError:
                    # Its turn did not come within the time that a lock is waited for.
                    connection.rollback()
                    continue
                version = cursor.fetchone()["version"] + 1
                cursor.execute("UPDATE lab_thing SET version = %s WHERE id = %s", (version, thing))
                event = b"%d/%d" % (thing, version)
                self._lab.add_event(cursor, thing, event)
                time.sleep(chance.choice([0, 0, 0, 0.001, 0.005, 0.02, 0.1]))
                if chance.random() < 0.15:
                    connection.rollback()
                else:
                    connection.commit()
                    self.committed.append(event)


def assert_in_order(watcher: Watcher) -> None:
    """First occurrences: versions 1, 2, 3 ... without a hole."""
    for thing in Writers.THINGS:
        firsts = list(dict.fromkeys(watcher.values_of(thing)))
        assert firsts == [b"%d/%d" % (thing, version + 1) for version in range(len(firsts))]


def wait_for_count(relay: Service, count: int) -> None:
    """Kafka may show an event before the relay has heard that it took it."""
    until(lambda: metric(relay, "souk_outbox_published_total") == count, 60, f"{count} counted")


def test_events_of_sixteen_writers_arrive_in_order(lab: Lab, watcher: Watcher) -> None:
    relay = lab.start("relay")
    writers = Writers(lab)
    until(lambda: len(writers.committed) >= 1000, 150, "writes")
    writers.stop()
    watcher.wait_for(writers.committed)
    assert_in_order(watcher)
    assert len(watcher.seen) == len(writers.committed)  # nobody died, so nothing was repeated
    wait_for_count(relay, len(writers.committed))


def test_a_row_that_appears_late_arrives(lab: Lab, watcher: Watcher) -> None:
    lab.start("relay")
    with lab.connect() as slow, slow.cursor() as cursor:
        cursor.execute("SET idle_transaction_timeout = 0")
        lab.add_event(cursor, 1, b"slow")
        with lab.connect() as quick, quick.cursor() as other:
            for number in range(20):
                lab.add_event(other, 2, b"quick %d" % number)
                quick.commit()
        # They need not wait for it.
        watcher.wait_for([b"quick %d" % number for number in range(20)])
        time.sleep(3)  # so long the transaction takes
        assert b"slow" not in watcher.values_of(1)
        slow.commit()
    watcher.wait_for([b"slow"])
    assert watcher.values_of(1) == [b"slow"]


def test_a_row_that_appears_while_the_broker_is_away_arrives(lab: Lab, watcher: Watcher) -> None:
    """Longer away than a gap stays open: it must be looked for once more before it closes."""
    lab.start("relay")
    with lab.connect() as slow, slow.cursor() as cursor:
        cursor.execute("SET idle_transaction_timeout = 0")
        lab.add_event(cursor, 1, b"slow")
        with lab.connect() as quick, quick.cursor() as other:
            lab.add_event(other, 2, b"before")
            quick.commit()
            watcher.wait_for([b"before"])
            with frozen(lab.kafka):
                lab.add_event(other, 2, b"meanwhile")
                quick.commit()
                time.sleep(1)  # the relay has read it and waits for the broker
                slow.commit()
                time.sleep(GAP_LIFE_S + 2)
    watcher.wait_for([b"slow", b"meanwhile"], timeout_s=60)


def wait_for_more(relay: Service) -> None:
    before = metric(relay, "souk_outbox_published_total")
    until(lambda: metric(relay, "souk_outbox_published_total") > before, 60, "events")


@pytest.mark.timeout(480)
def test_a_relay_that_is_killed_again_and_again_loses_nothing(lab: Lab, watcher: Watcher) -> None:
    chance = random.Random(7)
    relay = lab.start("relay")
    writers = Writers(lab)
    for _ in range(8):
        wait_for_more(relay)
        time.sleep(chance.random() * 0.5)
        relay.kill9()
        lab.forget_relay_lease()
        lab.forget_node_leases()
        relay.start()
    writers.stop()
    watcher.wait_for(writers.committed)
    assert_in_order(watcher)


def test_of_two_relays_one_publishes_and_the_other_takes_over(lab: Lab, watcher: Watcher) -> None:
    relays = [lab.start("relay"), lab.start("relay")]

    def published() -> list[float]:
        return [metric(relay, "souk_outbox_published_total") for relay in relays]

    def tell(value: bytes) -> None:
        with lab.connect() as connection, connection.cursor() as cursor:
            lab.add_event(cursor, 1, value)
            connection.commit()
        watcher.wait_for([value])

    for number in range(30):
        tell(b"first %d" % number)
    until(lambda: sorted(published()) == [0, 30], 60, "the count")
    leader, other = sorted(relays, key=lambda relay: metric(relay, "souk_outbox_published_total"))[
        ::-1
    ]
    leader.terminate()
    assert leader.exit_code == 0
    tell(b"second")
    wait_for_count(other, 1)
    assert len(watcher.seen) == 31


def test_a_relay_that_was_frozen_repeats_but_does_not_disorder(lab: Lab, watcher: Watcher) -> None:
    first = lab.start("relay")
    writers = Writers(lab)
    until(lambda: metric(first, "souk_outbox_published_total") > 50, 60, "events")
    second = lab.start("relay")
    with frozen(first):
        until(lambda: metric(second, "souk_outbox_published_total") > 200, 60, "a new leader")
    until(lambda: len(writers.committed) > 1000, 150, "writes")
    writers.stop()
    watcher.wait_for(writers.committed)
    assert_in_order(watcher)


# More than Kafka and mq_produce() take; rows of ours are smaller.
TOO_LARGE = b"x" * 950_000


def parked(lab: Lab) -> int:
    return lab.number("SELECT COUNT(*) FROM outbox_parked")


def test_an_event_that_is_too_large_holds_up_its_aggregate_alone(
    lab: Lab, watcher: Watcher
) -> None:
    relay = lab.start("relay")
    lab.tell(1, b"1/1", TOO_LARGE, b"1/2", b"1/3")
    lab.tell(2, b"2/1", b"2/2")
    watcher.wait_for([b"1/1", b"2/1", b"2/2"])
    until(lambda: parked(lab) == 3, 60, "it and those behind it")
    lab.tell(1, b"1/4")
    lab.tell(2, b"2/3")
    watcher.wait_for([b"2/3"])
    until(lambda: parked(lab) == 4, 60, "one more behind it")
    until(lambda: metric(relay, "souk_outbox_parked_events") == 4, 60, "the metric")
    assert watcher.values_of(1) == [b"1/1"]
    # What an operator does with one that nobody needs.
    lab.sql("DELETE FROM outbox_parked WHERE LENGTH(payload) > 900000")
    watcher.wait_for([b"1/2", b"1/3", b"1/4"], timeout_s=60)
    lab.tell(1, b"1/5")
    watcher.wait_for([b"1/5"])
    assert watcher.values_of(1) == [b"1/1", b"1/2", b"1/3", b"1/4", b"1/5"]
    # Kafka may show one before its row has gone.
    until(lambda: parked(lab) == 0, 60, "none is left")


@pytest.mark.timeout(480)
def test_events_without_a_topic_wait_for_it_in_their_order(lab: Lab, watcher: Watcher) -> None:
    later = f"{lab.topic}.later"
    relay = lab.start("relay")
    lab.tell(1, b"before")
    lab.tell(1, *(b"1/%d" % number for number in range(1, 21)), topic=later)
    lab.tell(1, b"after")
    watcher.wait_for([b"before", b"after"])
    until(lambda: parked(lab) == 20, 60, "those without a topic")
    relay.kill9()
    lab.forget_relay_lease()
    lab.forget_node_leases()
    relay.start()
    lab.tell(1, *(b"1/%d" % number for number in range(21, 31)), topic=later)
    until(lambda: parked(lab) == 30, 60, "more of them")
    lab.kafka.create_topics({later: 4})
    second = Watcher(lab.kafka.address, later)
    try:
        second.wait_for([b"1/%d" % number for number in range(1, 31)], timeout_s=120)
        firsts = list(dict.fromkeys(second.values_of(1)))
        assert firsts == [b"1/%d" % number for number in range(1, 31)]
        until(lambda: parked(lab) == 0, 60, "none is left")
    finally:
        second.close()


@pytest.mark.timeout(480)
def test_a_large_event_holds_up_no_topic_that_came_back(lab: Lab) -> None:
    later = f"{lab.topic}.later"
    lab.start("relay")
    lab.tell(1, b"1/1", topic=later)
    until(lambda: parked(lab) == 1, 60, "the first without a topic")
    lab.tell(1, TOO_LARGE, b"1/2", topic=later)
    lab.tell(2, b"2/1", b"2/2", topic=later)
    until(lambda: parked(lab) == 5, 60, "all of them")
    lab.kafka.create_topics({later: 4})
    watcher = Watcher(lab.kafka.address, later)
    try:
        watcher.wait_for([b"1/1", b"2/1", b"2/2"], timeout_s=120)
        until(lambda: parked(lab) == 2, 60, "the large one and what is behind it")
        assert watcher.values_of(1) == [b"1/1"]
    finally:
        watcher.close()


def test_a_relay_that_stops_hands_its_lease_over(lab: Lab, watcher: Watcher) -> None:
    first = lab.start("relay")
    lab.tell(1, b"first")
    watcher.wait_for([b"first"])
    second = lab.start("relay")
    owner = "SELECT COUNT(*) FROM lease WHERE name = 'outbox-relay' AND owner LIKE '%:{}:%'"
    held_by_first = owner.format(first.pid)
    assert lab.number(held_by_first) == 1
    first.terminate()
    assert first.exit_code == 0
    assert lab.number(held_by_first) == 0  # nobody waits until it runs out
    lab.tell(1, b"second")
    watcher.wait_for([b"second"])
    wait_for_count(second, 1)
