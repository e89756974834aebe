"""Starting a process that outlives us, or one that must not."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# The kernel sends the "parent died" signal when the *thread* that forked ends, so threads that
# start servers side by side must not fork themselves: this one lives as long as the process.
_forker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="forker")

# Set only after the parent had died, the signal would never come: look again, then run.
_UNLESS_ORPHAN = '[ "$PPID" = "$0" ] && exec "$@"'


def spawn(
    argv: Sequence[str],
    *,
    log: Path,
    dies_with_us: bool,
    user: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Runs argv in a session of its own, so that neither Ctrl-C nor a closed terminal reaches it.

    dies_with_us: the kernel kills it when this process ends in whatever way, kill -9 included.
    user: runs as that user (root only); the signal survives the change only in this order.
    """
    privileges = ["--reuid", user, "--regid", user, "--init-groups"] if user else []
    if dies_with_us:
        guard = ["--", "sh", "-c", _UNLESS_ORPHAN, str(os.getpid())]
        argv = ["setpriv", *privileges, "--pdeathsig", "KILL", *guard, *argv]
    elif privileges:
        argv = ["setpriv", *privileges, "--", *argv]

    def fork() -> subprocess.Popen[bytes]:
        with log.open("ab") as out:
            return subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=env,
                cwd=cwd,
            )

    return _forker.submit(fork).result()
