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

    def seen() -> bool:
        lines = [line.split() for line in listed(market).stdout.splitlines()[1:]]
        return wanted <= {(line[0], line[1]) for line in lines}

    until(seen, 30, "all jobs", every_s=0.5)
    answer = listed(market)
    assert answer.returncode == 0, answer.stdout
    assert "every 60 s" in answer.stdout


def test_a_job_that_fails_is_pointed_out(market: Market) -> None:
    def fails() -> bool:
        answer = listed(market)
        return answer.returncode == 1 and "2 in a row: INTERNAL" in answer.stdout

    rows = "cron_job WHERE name = 'housekeeping.inbox'"
    (before,) = market.souk.sql("cart", f"SELECT next_at FROM {rows}")
    market.souk.sql(
        "cart",
        "UPDATE cron_job SET failures = 2, outcome = 'failed', detail = 'INTERNAL -: broken',"
        " next_at = '9999-12-31' WHERE name = 'housekeeping.inbox'",
    )
    try:
        until(fails, 30, "it is shown", every_s=0.5)
    finally:
        market.souk.sql(
            "cart",
            f"UPDATE cron_job SET failures = 0, next_at = '{before['next_at']}'"
            " WHERE name = 'housekeeping.inbox'",
        )
