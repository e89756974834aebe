"""What nobody asks for any more is forgotten, in pieces; what may still be asked for stays."""

import json

from lab_kit import Lab, metric
from soukdev import http
from soukdev.poll import until

HOUR_AGO = "UTC_TIMESTAMP(6) - INTERVAL {} HOUR"
SECONDS = 60


def requests(lab: Lab) -> list[str]:
    rows = lab.sql("SELECT CAST(request_id AS CHAR) AS id FROM request ORDER BY id")
    return [row["id"] for row in rows]


def add_request(lab: Lab, request_id: str, age_h: int, answer: str = "'x'") -> None:
    lab.sql(
        "INSERT INTO request (caller, method, request_id, digest, answer, created_at)"
        f" VALUES ('u', 'm', '{request_id}', REPEAT('d', 16), {answer}, {HOUR_AGO.format(age_h)})"
    )


def add_many(lab: Lab, table: str, columns: str, values: str, count: int) -> None:
    """`values` may name i: 1 to count."""
    lab.sql(
        f"INSERT INTO {table} ({columns}) SELECT {values} FROM"
        f" (SELECT seq AS i FROM seq_1_to_{count}) numbers"
    )


def test_requests_are_kept_for_two_days_and_while_their_saga_runs(lab: Lab) -> None:
    lab.start("relay")  # makes the tables
    add_request(lab, "answered yesterday", 47)
    add_request(lab, "answered long ago", 49)
    add_request(lab, "saga under way", 100, answer="NULL")
    lab.start("worker")
    lab.make_due("housekeeping.request")
    until(lambda: len(requests(lab)) == 2, SECONDS, "the old one has gone")
    assert requests(lab) == ["answered yesterday", "saga under way"]


def add_saga(lab: Lab, saga_id: int, age_h: int, active: int) -> None:
    at = HOUR_AGO.format(age_h)
    lab.sql(
        "INSERT INTO saga (id, kind, phase, active, state, owner, until_at, deadline_at,"
        f" created_at, updated_at) VALUES ({saga_id}, 'no kind', 4, {active}, '', '', {at}, {at},"
        f" {at}, {at})"
    )


def test_sagas_are_kept_for_thirty_days_and_while_they_run(lab: Lab) -> None:
    lab.start("relay")  # makes the tables
    for saga_id, age_h, active in ((1, 30 * 24 - 1, 0), (2, 30 * 24 + 1, 0), (3, 90 * 24, 1)):
        add_saga(lab, saga_id, age_h, active)
    lab.start("worker")
    lab.make_due("housekeeping.saga")
    until(lambda: lab.number("SELECT COUNT(*) = 2 FROM saga"), SECONDS, "the old one has gone")
    assert lab.number("SELECT SUM(id) FROM saga") == 1 + 3


def add_actions(lab: Lab, saga_id: int, count: int) -> None:
    values = f"{saga_id}, 'retry', 'o', 'why', UTC_TIMESTAMP(6)"
    add_many(lab, "saga_action", "saga_id, action, by_whom, why, at", values, count)


def test_what_operators_did_about_a_saga_goes_with_it(lab: Lab) -> None:
    lab.start("relay")  # makes the tables
    for saga_id, age_h in ((1, 1), (2, 30 * 24 + 1), (3, 30 * 24 + 1)):
        add_saga(lab, saga_id, age_h, active=0)
    add_actions(lab, 1, 2)
    add_actions(lab, 2, 3)
    add_actions(lab, 3, 2500)  # more than a piece
    lab.start("worker")
    lab.make_due("housekeeping.saga")
    until(lambda: lab.number("SELECT COUNT(*) = 1 FROM saga"), SECONDS, "the old ones have gone")
    assert lab.number("SELECT SUM(saga_id = 1) = 2 AND COUNT(*) = 2 FROM saga_action")


def test_each_job_shows_its_last_run(lab: Lab) -> None:
    worker = lab.start("worker")
    wanted = {f"housekeeping.{table}" for table in ("request", "inbox", "saga", "outbox")}
    for job in wanted:
        lab.make_due(job)

    def done() -> bool:
        jobs = json.loads(http.request(worker.ports["admin"], "/cron"))
        return wanted <= {job["job"] for job in jobs if job["outcome"] == "ok"}

    until(done, SECONDS, "all jobs have run")


def test_old_rows_go_in_pieces_while_two_workers_run(lab: Lab) -> None:
    lab.start("relay")
    old, young = HOUR_AGO.format(8 * 24 + 1), HOUR_AGO.format(7 * 24)
    columns = "consumer, ce_source, ce_id, at"
    add_many(lab, "inbox", columns, f"'c', 's', CONCAT('old', i), {old}", 3500)
    add_many(lab, "inbox", columns, f"'c', 's', CONCAT('young', i), {young}", 10)
    workers = [lab.start("worker"), lab.start("worker")]
    lab.make_due("housekeeping.inbox")
    until(lambda: lab.number("SELECT COUNT(*) FROM inbox") == 10, SECONDS, "the old have gone")
    assert lab.number("SELECT COUNT(*) FROM inbox WHERE ce_id LIKE 'young%'") == 10

    def purged() -> list[float]:
        name = 'souk_purged_rows_total{table="inbox"}'
        return sorted(metric(worker, name) for worker in workers)

    until(lambda: sum(purged()) == 3500, SECONDS, "the count")
    assert purged() == [0, 3500]  # one run, of one of them


def test_a_row_that_somebody_holds_keeps_its_piece_and_nothing_else(lab: Lab) -> None:
    lab.start("relay")
    # So many that the server goes by age: of a few thousand it locks all.
    old, pieces = 20_000, 3
    at = f"{HOUR_AGO.format(9 * 24)} + INTERVAL i SECOND"
    add_many(lab, "inbox", "consumer, ce_source, ce_id, at", f"'c', 's', i, {at}", old)
    add_request(lab, "answered long ago", 49)
    left = "SELECT COUNT(*) FROM inbox"

    def make_both_due() -> None:
        for table in ("request", "inbox"):
            lab.make_due(f"housekeeping.{table}")

    with lab.connect() as connection, connection.cursor() as holder:
        holder.execute("SET idle_transaction_timeout = 0")
        holder.execute(f"SELECT at FROM inbox WHERE consumer = 'c' AND ce_id = '{old}' FOR UPDATE")
        holder.execute("SELECT request_id FROM request FOR UPDATE")
        lab.start("worker")
        make_both_due()
        until(lambda: lab.number(left) <= old - pieces * 1000, SECONDS, "pieces of the other table")
        assert requests(lab) == ["answered long ago"]
    make_both_due()  # they have failed, and would wait
    until(lambda: lab.number(left) == 0, SECONDS, "all of it")
    until(lambda: not requests(lab), SECONDS, "the request")


def test_of_the_outbox_goes_what_is_published_and_old(lab: Lab) -> None:
    lab.start("worker")
    columns = "day, event_id, type, topic, aggregate_id, traceparent, payload, created_at"
    values = f"UTC_DATE(), i, 't', '{lab.topic}', i, '', 'p', {{}}"
    # No relay runs: the cursor says how far one came.
    lab.sql("INSERT INTO outbox_cursor (id, seq) VALUES (1, 1200)")
    add_many(lab, "outbox", columns, values.format(HOUR_AGO.format(73)), 2500)
    add_many(lab, "outbox", columns, values.format(HOUR_AGO.format(71)), 10)
    published = lab.number("SELECT COUNT(*) FROM outbox WHERE seq <= 1200")
    waiting = f"SELECT COUNT(*) = {2510 - published} FROM outbox"
    lab.make_due("housekeeping.outbox")
    until(lambda: lab.number(waiting), SECONDS, "the published have gone")
    assert lab.number("SELECT COUNT(*) FROM outbox WHERE seq <= 1200") == 0
    lab.sql("UPDATE outbox_cursor SET seq = 1000000")
    lab.make_due("housekeeping.outbox")
    until(lambda: lab.number("SELECT COUNT(*) = 10 FROM outbox"), SECONDS, "the old have gone")
    assert lab.number("SELECT MAX(event_id) FROM outbox") == 10
