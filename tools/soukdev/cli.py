"""The command line: tools/stack."""

import argparse
import contextlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from soukdev import cron_jobs, names, paths, show_events
from soukdev.contracts import Contracts
from soukdev.dead_letters import DeadLetters
from soukdev.keys import Keys
from soukdev.server import StartError
from soukdev.stack import Stack, services_of

_ROLES = ("customer", "merchant", "operator", "supplier", "service")
_TOKEN = """\
Prints a token, signed with the stack's own key. Send it as `authorization: Bearer TOKEN`.

customer   finds, orders and pays; sees his own orders
merchant   acts for one shop (--shop): its listings, stock and prices
operator   reviews listings, sees everything
supplier   acts for himself (--supplier): pushes what he supplies
service    one of our services; the gateway refuses it, so call the service's own port

    tools/stack token 42 customer
    tools/stack token 7 merchant --shop 101
    tools/stack token 1 operator
    tools/stack token 9 supplier --supplier 501
    tools/stack token order service

A call without a token is anonymous: it may look and search.
"""


_REDRIVE = """\
Puts dead letters back on their topic. The consumer that gave an event up tries it again, others
pass it over; what it has handled meanwhile it does not handle twice. Later events of the same key
have waited and follow it. With --discard the event is done with and the key goes on without it.

    tools/stack redrive order.order --show
    tools/stack redrive order.order --consumer lab.events
    tools/stack redrive order.order --id 7301 --discard
"""


def main(words: Sequence[str]) -> int:
    """Answers the exit status."""
    options = _parser().parse_args(words)
    try:
        return int(options.action(options))
    except (StartError, OSError, argparse.ArgumentTypeError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; what runs stays until tools/stack down", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tools/stack",
        description="MariaDB, Redis, Kafka, OpenSearch, Souk's services, the gateway and a sandbox"
        " where customers pay.",
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
    cron = actions.add_parser("cron", help="jobs that have their times: last runs, next ones")
    cron.set_defaults(action=_cron)
    events = actions.add_parser("events", help="print what services told on Kafka, as JSON lines")
    events.set_defaults(action=_events)
    events.add_argument("topics", nargs="*", metavar="TOPIC", help="order.order (default: all)")
    events.add_argument("--follow", action="store_true", help="wait for more, until Ctrl-C")
    redrive = actions.add_parser(
        "redrive",
        help="put dead letters back: events that a consumer gave up are tried again",
        description=_REDRIVE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    redrive.set_defaults(action=_redrive)
    redrive.add_argument("topic", help="order.order: its letters are in order.order.dlq")
    redrive.add_argument("--consumer", metavar="NAME", help="only those of this consumer")
    redrive.add_argument("--id", metavar="CE_ID", help="only this event")
    redrive.add_argument("--discard", action="store_true", help="be done with them instead")
    redrive.add_argument("--show", action="store_true", help="print them, do nothing")
    token = actions.add_parser(
        "token",
        help="print a token that says who calls",
        description=_TOKEN,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    token.set_defaults(action=_token)
    token.add_argument("who", help="the user's id; of the role service its context, say order")
    token.add_argument("role", choices=_ROLES, help=", ".join(_ROLES))
    token.add_argument("--shop", type=_id, metavar="ID", help="the merchant's shop")
    token.add_argument("--supplier", type=_id, metavar="ID", help="the supplier's own id")
    token.add_argument(
        "--ttl",
        type=int,
        metavar="S",
        default=3600,
        help="how long it is good for (default: an hour)",
    )
    for action in (up, down, status, cron, events, redrive, token):
        action.add_argument(
            "--dir",
            type=Path,
            default=paths.BUILD / "stack" / "dev",
            help="the stack's folder (default: build/stack/dev)",
        )
    return parser


def _up(options: argparse.Namespace) -> int:
    services = _chosen(options.services, options.mode)
    if not services and options.services is None:
        print(
            f"no service is built in build/{options.mode}: servers alone; make up builds them",
            file=sys.stderr,
        )
    stack = Stack(options.dir, services, mode=options.mode, dies_with_us=False)
    stack.up()
    return _print(stack)


def _down(options: argparse.Namespace) -> int:
    # All there are: what an up beside us starts is not to be seen yet.
    if options.dir.exists():
        Stack(options.dir, names.CONTEXTS, dies_with_us=False).down()
    return 0


def _status(options: argparse.Namespace) -> int:
    return _print(Stack(options.dir, services_of(options.dir), dies_with_us=False))


def _cron(options: argparse.Namespace) -> int:
    """0 when no job's last run has failed."""
    stack = Stack(options.dir, services_of(options.dir), dies_with_us=False)
    jobs = [job for service in stack.services.values() for job in cron_jobs.of(service)]
    for line in cron_jobs.table(jobs):
        print(line)
    return 1 if any(job.failures for job in jobs) else 0


def _events(options: argparse.Namespace) -> int:
    stack = Stack(options.dir, services_of(options.dir), dies_with_us=False)
    if not stack.kafka.alive():
        sys.exit(f"no Kafka runs in {options.dir}: start the stack with tools/stack up")
    contracts = Contracts(stack.descriptor_set)
    if unknown := set(options.topics) - set(contracts.topics()):
        sys.exit(f"no such topic: {', '.join(sorted(unknown))}; there are {contracts.topics()}")
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        show_events.show(contracts, stack.kafka.address, options.topics, follow=options.follow)
    return 0


def _redrive(options: argparse.Namespace) -> int:
    stack = Stack(options.dir, services_of(options.dir), dies_with_us=False)
    if not stack.kafka.alive():
        sys.exit(f"no Kafka runs in {options.dir}: start the stack with tools/stack up")
    if options.topic not in Contracts(stack.descriptor_set).topics():
        sys.exit(f"no such topic: {options.topic}")
    letters = DeadLetters(stack.kafka.address)
    for letter in list(letters.of(options.topic)):
        if options.consumer in (None, letter.consumer) and options.id in (None, letter.event_id):
            print(json.dumps(letter.headers, ensure_ascii=False))
            if not options.show:
                letters.put_back(letter, "discard" if options.discard else "redrive")
    return 0


def _token(options: argparse.Namespace) -> int:
    keys = Keys(options.dir / "keys")
    if not keys.keys_file.exists():
        sys.exit(f"there is no stack in {options.dir}: start one with tools/stack up")
    print(_mint(keys, options))
    return 0


def _mint(keys: Keys, options: argparse.Namespace) -> str:
    if options.role == "service":
        if options.who not in names.CONTEXTS:
            sys.exit(f"no such service: {options.who}; there are {', '.join(names.CONTEXTS)}")
        return keys.mint_service(options.who, ttl_s=options.ttl)
    for role, given in (("merchant", options.shop), ("supplier", options.supplier)):
        if (options.role == role) != (given is not None):
            option = "--shop" if role == "merchant" else "--supplier"
            sys.exit(f"{option} belongs to a {role}, and a {role} needs it")
    return keys.mint(
        _id(options.who),
        options.role,
        shop_id=options.shop or 0,
        supplier_id=options.supplier or 0,
        ttl_s=options.ttl,
    )


def _id(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 2**63:
        raise argparse.ArgumentTypeError(f"{text!r} is no id: a number from 1")
    return int(text)


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
