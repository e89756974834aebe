"""Jobs that have their times: each slot is run once, by processes that are killed, frozen, stopped
and too slow."""

import json
from typing import Any

from lab_kit import Lab, collected, frozen, metric
from soukdev import http
from soukdev.poll import until
from soukdev.service import Service

UNAVAILABLE = 14
INTERNAL_SPAN = 1
# A lease is 10 s; what waits for one may have to wait for a slow machine as well.
LEASE_S = 10
SECONDS = 60
DAY_US = 24 * 3600 * 1_000_000


def runs(lab: Lab, job: str) -> list[dict[str, Any]]:
    return lab.sql(f"SELECT slot_at, pid, began_at FROM lab_run WHERE job = '{job}' ORDER BY id")


def wait_for_runs(lab: Lab, job: str, count: int) -> list[dict[str, Any]]:
    until(lambda: len(runs(lab, job)) >= count, SECONDS, f"{count} runs of {job}", every_s=0.1)
    return runs(lab, job)


def ask(lab: Lab, job: str, what: str) -> str:
    """Of the job's row, by the database's clock."""
    (row,) = lab.sql(f"SELECT CAST({what} AS CHAR) AS answer FROM cron_job WHERE name = '{job}'")
    return str(row["answer"])


def wait_for_end(lab: Lab, job: str, outcome: str) -> None:
    def ended() -> bool:
        return ask(lab, job, "CONCAT(holder, '/', outcome)") == f"/{outcome}"

    until(ended, SECONDS, f"{job}: {outcome}", every_s=0.1)


def counted(process: Service, job: str, outcome: str) -> float:
    return metric(process, rf'souk_cron_runs_total{{job="{job}",outcome="{outcome}"}}')


def wait_for_count(process: Service, job: str, outcome: str) -> None:
    """It is counted when it has been written."""
    until(lambda: counted(process, job, outcome) == 1, SECONDS, f"{job} counted as {outcome}")


def begin_long_run(lab: Lab, workers: list[Service]) -> tuple[Service, Service]:
    """A run of lab.daily that does not end. Answers who runs it, and the other one."""
    lab.fault("lab.daily", sleep_ms=50_000)
    lab.make_due("lab.daily")
    (run,) = wait_for_runs(lab, "lab.daily", 1)
    first, second = workers
    return (first, second) if first.pid == int(run["pid"]) else (second, first)


def test_each_slot_is_run_once_by_one_of_three(lab: Lab) -> None:
    workers = [lab.start("worker") for _ in range(3)]
    slots = [run["slot_at"] for run in wait_for_runs(lab, "lab.often", 8)]
    assert slots == sorted(set(slots))
    pids = {int(run["pid"]) for run in runs(lab, "lab.often")}
    assert pids <= {worker.pid for worker in workers}
    assert not runs(lab, "lab.daily")  # its time has not come
    assert ask(lab, "lab.daily", f"TIME(next_at) = '{lab.daily_hour:02}:47:00'") == "1"
    assert ask(lab, "lab.daily", "next_at > UTC_TIMESTAMP(6)") == "1"


def test_a_killed_holders_run_is_taken_over_when_its_lease_is_over(lab: Lab) -> None:
    holder, other = begin_long_run(lab, [lab.start("worker"), lab.start("worker")])
    holder.kill9()
    until_at = ask(lab, "lab.daily", "until_at")
    lab.heal()
    first, second = wait_for_runs(lab, "lab.daily", 2)
    assert int(second["pid"]) == other.pid
    assert second["slot_at"] == first["slot_at"]
    assert second["began_at"] >= until_at
    wait_for_end(lab, "lab.daily", "ok")
    assert len(runs(lab, "lab.daily")) == 2
    assert ask(lab, "lab.daily", "failures") == "0"
    assert counted(other, "lab.daily", "died") == 1
    assert "cron run taken over" in other.log_text()


def test_a_frozen_holder_finds_that_it_was_replaced(lab: Lab) -> None:
    holder, other = begin_long_run(lab, [lab.start("worker"), lab.start("worker")])
    with frozen(holder):
        lab.heal()
        wait_for_runs(lab, "lab.daily", 2)
        wait_for_end(lab, "lab.daily", "ok")
        row = lab.sql("SELECT * FROM cron_job WHERE name = 'lab.daily'")
    until(lambda: counted(holder, "lab.daily", "lost"), SECONDS, "the holder gives up")
    assert lab.sql("SELECT * FROM cron_job WHERE name = 'lab.daily'") == row
    wait_for_count(other, "lab.daily", "ok")
    assert counted(holder, "lab.daily", "ok") == 0


def test_a_holder_that_cannot_renew_gives_up(lab: Lab) -> None:
    worker = lab.start("worker")
    lab.fault("lab.daily", sleep_ms=50_000)
    lab.make_due("lab.daily")
    wait_for_runs(lab, "lab.daily", 1)
    with lab.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET idle_transaction_timeout = 0")
        cursor.execute("SELECT name FROM cron_job WHERE name = 'lab.daily' FOR UPDATE")
        wait_for_count(worker, "lab.daily", "lost")
        lab.heal()
        connection.rollback()
    wait_for_end(lab, "lab.daily", "ok")
    assert len(runs(lab, "lab.daily")) == 2


def test_slots_that_were_missed_run_once(lab: Lab) -> None:
    worker = lab.start("worker")
    wait_for_runs(lab, "lab.often", 1)
    worker.kill9()
    lab.wait_for_silence()
    lab.sql("DELETE FROM lab_run")
    lab.sql("UPDATE cron_job SET holder = '', next_at = next_at - INTERVAL 10 DAY")
    (now,) = lab.sql("SELECT UTC_TIMESTAMP(6) AS now")
    lab.start("worker")
    often = wait_for_runs(lab, "lab.often", 3)
    # One for all that was missed, then one for each second as it comes.
    late = [run for run in often if run["slot_at"] < now["now"]]
    assert len(late) <= 1
    (daily,) = wait_for_runs(lab, "lab.daily", 1)
    wait_for_end(lab, "lab.daily", "ok")
    assert len(runs(lab, "lab.daily")) == 1
    slot = f"'{daily['slot_at']}'"
    assert ask(lab, "lab.daily", f"next_at = {slot} + INTERVAL 1 DAY") == "1"
    assert ask(lab, "lab.daily", "next_at > UTC_TIMESTAMP(6)") == "1"


def test_a_failure_is_tried_again_after_a_pause(lab: Lab) -> None:
    worker = lab.start("worker")
    lab.fault("lab.daily", code=UNAVAILABLE)
    lab.make_due("lab.daily")
    wait_for_end(lab, "lab.daily", "failed")
    assert ask(lab, "lab.daily", "detail").startswith("UNAVAILABLE")
    pause = "TIMESTAMPDIFF(MICROSECOND, last_ended_at, next_at) DIV POW(2, failures - 1)"
    assert 4_999_999 <= int(ask(lab, "lab.daily", pause)) <= 10_000_000
    until(lambda: "cron run failed" in worker.log_text(), SECONDS, "the log says so")
    until(lambda: counted(worker, "lab.daily", "failed") >= 1, SECONDS, "it is counted")
    assert ask(lab, "lab.daily", "last_ok_at IS NULL") == "1"
    lab.heal()
    wait_for_end(lab, "lab.daily", "ok")
    assert len({run["slot_at"] for run in runs(lab, "lab.daily")}) == 1
    assert ask(lab, "lab.daily", "failures") == "0"
    assert ask(lab, "lab.daily", "TIMESTAMPDIFF(MICROSECOND, slot_at, next_at)") == str(DAY_US)
    success = 'souk_cron_last_success_timestamp_seconds{job="lab.daily"}'
    at_s = float(ask(lab, "lab.daily", "UNIX_TIMESTAMP(last_ok_at)"))
    until(lambda: abs(metric(worker, success) - at_s) < 1, SECONDS, "the time of the success")


def test_a_run_that_takes_longer_than_the_lease_keeps_it(lab: Lab) -> None:
    workers = [lab.start("worker"), lab.start("worker")]
    lab.fault("lab.daily", sleep_ms=(LEASE_S + 4) * 1000)
    lab.make_due("lab.daily")
    wait_for_end(lab, "lab.daily", "ok")
    assert len(runs(lab, "lab.daily")) == 1
    took = ask(lab, "lab.daily", f"last_ended_at >= last_started_at + INTERVAL {LEASE_S} SECOND")
    assert took == "1"

    def counts() -> list[float]:
        return sorted(counted(worker, "lab.daily", "ok") for worker in workers)

    until(lambda: counts() == [0, 1], SECONDS, "one of them has run it")


def test_a_run_that_takes_longer_than_its_limit_has_failed(lab: Lab) -> None:
    lab.start("worker")
    lab.fault("lab.brief", sleep_ms=50_000)
    lab.make_due("lab.brief")
    wait_for_end(lab, "lab.brief", "failed")
    assert ask(lab, "lab.brief", "detail").startswith("DEADLINE_EXCEEDED")


def test_a_process_that_stops_hands_its_runs_over(lab: Lab) -> None:
    holder, other = begin_long_run(lab, [lab.start("worker"), lab.start("worker")])
    lab.heal()
    fence = int(ask(lab, "lab.daily", "fence"))
    holder.terminate()
    assert holder.exit_code == 0
    assert "cron run handed over" in holder.log_text()
    first, second = wait_for_runs(lab, "lab.daily", 2)
    wait_for_end(lab, "lab.daily", "ok")
    assert int(second["pid"]) == other.pid
    assert second["slot_at"] == first["slot_at"]
    # Not taken over: the other one had no lease to wait for, and nobody died.
    assert counted(other, "lab.daily", "died") == 0
    assert int(ask(lab, "lab.daily", "fence")) == fence + 1


def test_other_jobs_go_on_beside_a_long_run(lab: Lab) -> None:
    lab.start("worker")
    lab.fault("lab.daily", sleep_ms=50_000)
    lab.make_due("lab.daily")
    wait_for_runs(lab, "lab.daily", 1)
    before = len(runs(lab, "lab.often"))
    wait_for_runs(lab, "lab.often", before + 2)
    assert ask(lab, "lab.daily", "holder <> ''") == "1"


def test_every_process_shows_all_jobs(lab: Lab) -> None:
    workers, api = [lab.start("worker"), lab.start("worker")], lab.start("api")
    lab.make_due("lab.daily")
    wait_for_end(lab, "lab.daily", "ok")

    def shown(process: Service) -> dict[str, Any]:
        jobs = json.loads(http.request(process.ports["admin"], "/cron"))
        return {job["job"]: job for job in jobs}

    def all_show_it() -> bool:
        return all(shown(one).get("lab.daily", {}).get("outcome") == "ok" for one in workers)

    until(all_show_it, SECONDS, "the run's end")
    for jobs in map(shown, workers):
        assert {"lab.often", "lab.daily", "lab.brief", "housekeeping.outbox"} <= jobs.keys()
        daily = jobs["lab.daily"]
        assert daily["schedule"] == f"daily at {lab.daily_hour:02}:47 UTC"
        assert daily["next_at"].endswith(f"T{lab.daily_hour:02}:47:00.000000Z")
        assert daily["last_started_at"] < daily["last_ended_at"] == daily["last_ok_at"]
        assert daily["holder"] == daily["detail"] == ""
        assert jobs["lab.brief"]["last_ok_at"] is None
    assert shown(api) == {}


def test_each_run_is_the_root_of_a_trace(lab: Lab) -> None:
    with collected() as (url, spans):
        lab.start("worker", SOUK_TRACE_URL=url, SOUK_TRACE_ROOTS_PER_10000="10000")

        def of_job() -> list[dict[str, Any]]:
            return [one for one in list(spans) if one["name"] == "lab.often"]

        until(lambda: len(of_job()) >= 2, SECONDS, "two runs")
        first, second = of_job()[:2]
    for run in (first, second):
        assert run["kind"] == INTERNAL_SPAN
        assert not run.get("parentSpanId")
        children = [one for one in spans if one.get("parentSpanId") == run["spanId"]]
        assert {one["traceId"] for one in children} == {run["traceId"]}
        assert any("lab_run" in json.dumps(one) for one in children)
    assert first["traceId"] != second["traceId"]
