"""What an operator sees of jobs that have their times."""

import subprocess

from journey_kit import Market
from soukdev import names, paths
from soukdev.poll import until


def listed(market: Market) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [paths.ROOT / "tools" / "stack", "cron", "--dir", market.souk.stack.folder],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_jobs_of_all_services_are_listed(market: Market) -> None:
    wanted = {
        (names.folder(context), f"housekeeping.{table}")
        for context in names.CONTEXTS
        for table in ("request", "inbox", "saga", "outbox")
    }

    def seen() -> str | None:
        # One that a busy machine had no time for says so, and is run again.
        answer = listed(market)
        lines = [line.split() for line in answer.stdout.splitlines()[1:]]
        there = wanted <= {(line[0], line[1]) for line in lines}
        return answer.stdout if there and answer.returncode == 0 else None

    assert "every 60 s" in until(seen, 60, "all jobs, and none that failed", every_s=0.5)


def test_a_job_that_fails_is_pointed_out(market: Market) -> None:
    rows = "cron_job WHERE name = 'housekeeping.inbox'"
    (before,) = market.souk.sql("cart", f"SELECT next_at FROM {rows}")

    def fails() -> bool:
        # Again: a run that was under way has just said how it went.
        market.souk.sql(
            "cart",
            "UPDATE cron_job SET failures = 2, outcome = 'failed', detail = 'INTERNAL -: broken',"
            " next_at = '9999-12-31' WHERE name = 'housekeeping.inbox'",
        )
        answer = listed(market)
        return answer.returncode == 1 and "2 in a row: INTERNAL" in answer.stdout

    try:
        until(fails, 60, "it is shown", every_s=0.5)
    finally:
        market.souk.sql(
            "cart",
            f"UPDATE cron_job SET failures = 0, next_at = '{before['next_at']}'"
            " WHERE name = 'housekeeping.inbox'",
        )
