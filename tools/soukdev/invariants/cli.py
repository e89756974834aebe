"""The command line: tools/check-invariants."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from soukdev import invariants, paths
from soukdev.stack import Stack, services_of


def main(words: Sequence[str]) -> int:
    """0 when every rule holds."""
    options = _parser().parse_args(words)
    stack = Stack(options.dir, services_of(options.dir), dies_with_us=False)
    if not stack.mariadb.alive() or not stack.kafka.alive():
        sys.exit(f"no stack runs in {options.dir}: start it with tools/stack up")
    broken = 0
    for result in invariants.check(stack, options.wait):
        print(f"{'BROKEN' if result.breach else 'holds ':<8}{result.name}")
        if result.breach:
            print(result.breach)
            broken += 1
    return 1 if broken else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tools/check-invariants",
        description="Checks what must hold in a stack: stock, ledger, orders, money, listings,"
        " events, index. It may be in use; nothing is changed.",
    )
    parser.add_argument(
        "--dir",
        type=Path,
        default=paths.BUILD / "stack" / "dev",
        help="the stack's folder (default: build/stack/dev)",
    )
    parser.add_argument(
        "--wait",
        type=float,
        metavar="S",
        default=60,
        help="how long what is under way may take to end (default: 60)",
    )
    return parser
