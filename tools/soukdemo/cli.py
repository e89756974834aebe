"""The command line: tools/demo."""

import argparse
import fcntl
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from soukdev import names, paths
from soukdev.refusal import Refused
from soukdev.server import StartError

from soukdemo import story
from soukdemo.expect import Broken
from soukdemo.narrator import Narrator

# Of each service, when something went wrong.
_LAST_WORDS = 3


def main(words: Sequence[str]) -> int:
    """Answers the exit status: 0 only if every step held."""
    options = _parser().parse_args(words)
    if missing := [c for c in names.CONTEXTS if not names.binary(c, options.mode).exists()]:
        print(f"not built: {', '.join(missing)}; run make demo", file=sys.stderr)
        return 1
    narrator = Narrator(sys.stdout)
    try:
        with _alone(options.dir):
            story.tell(narrator, options.dir, options.mode)
    except (Broken, Refused, TimeoutError, StartError, OSError) as error:
        return _failed(narrator, options.dir, error)
    except KeyboardInterrupt:
        narrator.gap()
        narrator.say(f"Stopped. tools/stack down --dir {options.dir} ends what still runs.")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tools/demo",
        description="Starts a stack of its own, fills its shelves and buys something. Every step is"
        " checked. The stack stays up, so that the last lines can be tried; make down stops it."
        " Each run starts from nothing: the data of the one before is removed.",
    )
    parser.add_argument("--mode", default="release", help="which build (default: release)")
    parser.add_argument(
        "--dir",
        type=lambda text: Path(text).absolute(),
        default=paths.BUILD / "stack" / "demo",
        help="the stack's folder (default: build/stack/demo)",
    )
    return parser


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Broken(f"another demo runs in {folder}") from None
        yield


def _failed(narrator: Narrator, folder: Path, error: Exception) -> int:
    narrator.gap()
    narrator.bad(f"This step did not hold. {str(error) or type(error).__name__}")
    narrator.say(f"The stack is as it was at that moment; its logs are {folder}/*/*.log.")
    for log in sorted(folder.glob("svc-*/svc-*.log")):
        for line in _complaints(log)[-_LAST_WORDS:]:
            print(f"{log.stem}: {line}")
    return 1


def _complaints(log: Path) -> list[str]:
    lines = log.read_text(errors="replace").splitlines()
    return [line for line in lines if not line.startswith('{"') or '"level":"error"' in line]
