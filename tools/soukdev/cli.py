"""The command line: tools/stack."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from soukdev import names, paths
from soukdev.keys import Keys
from soukdev.server import StartError
from soukdev.stack import Stack, services_of


def main(words: Sequence[str]) -> int:
    """Answers the exit status."""
    options = _parser().parse_args(words)
    try:
        return int(options.action(options))
    except (StartError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tools/stack",
        description="MariaDB, Redis, Kafka, OpenSearch, Souk's services and the gateway.",
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    up = actions.add_parser("up", help="start what does not run, wait until it is ready")
    up.set_defaults(action=_up)
    up.add_argument("--mode", default="debug", help="which build (default: debug)")
    up.add_argument(
        "--services",
        metavar="A,B",
        help="contexts to run; none: servers alone (default: those that are built)",
    )
    down = actions.add_parser("down", help="stop everything; data stays")
    down.set_defaults(action=_down)
    status = actions.add_parser("status", help="what runs, where")
    status.set_defaults(action=_status)
    token = actions.add_parser("token", help="print a token of a user, good for an hour")
    token.set_defaults(action=_token)
    token.add_argument("sub", type=int, help="the user's id")
    token.add_argument("role", help="customer, merchant, operator or supplier")
    token.add_argument("--shop", type=int, default=0, help="a merchant's shop")
    token.add_argument("--supplier", type=int, default=0, help="a supplier's id")
    for action in (up, down, status, token):
        action.add_argument(
            "--dir",
            type=Path,
            default=paths.BUILD / "stack" / "dev",
            help="the stack's folder (default: build/stack/dev)",
        )
    return parser


def _up(options: argparse.Namespace) -> int:
    services = _chosen(options.services, options.mode)
    stack = Stack(options.dir, services, mode=options.mode, dies_with_us=False)
    stack.up()
    return _print(stack)


def _down(options: argparse.Namespace) -> int:
    if options.dir.exists():
        Stack(options.dir, services_of(options.dir), dies_with_us=False).down()
    return 0


def _status(options: argparse.Namespace) -> int:
    return _print(Stack(options.dir, services_of(options.dir), dies_with_us=False))


def _token(options: argparse.Namespace) -> int:
    keys = Keys(options.dir / "keys")
    print(keys.mint(options.sub, options.role, shop_id=options.shop, supplier_id=options.supplier))
    return 0


def _chosen(services: str | None, mode: str) -> list[str]:
    if services is None:
        return [context for context in names.CONTEXTS if names.binary(context, mode).exists()]
    chosen = [] if services == "none" else services.split(",")
    if unknown := set(chosen) - set(names.CONTEXTS):
        sys.exit(f"no such service: {', '.join(sorted(unknown))}; there are {names.CONTEXTS}")
    return chosen


def _print(stack: Stack) -> int:
    """0 when everything is ready, as a script would want to know."""
    lines = stack.status()
    print(f"{'NAME':<16} {'STATE':<6} {'PID':>7} {'RSS MB':>7}  PORTS")
    for line in lines:
        ports = " ".join(f"{name}:{port}" for name, port in line.ports.items())
        print(f"{line.name:<16} {line.state:<6} {line.pid:>7} {line.rss_kb // 1024:>7}  {ports}")
    return 0 if all(line.state == "ready" for line in lines) else 1
