"""The last lines: what to try next. They work as they are printed, in the top folder."""

from pathlib import Path

from soukdev import paths, secret_file
from soukdev.market import Customer

from soukdemo.buying import Bought
from soukdemo.world import World

_HOURS = 8
_GRPCURL = paths.BUILD / "bin" / "grpcurl"


def write_variables(world: World, customer: Customer, bought: Bought) -> Path:
    """Addresses, ids and tokens, so that no token is on the screen. Only its owner may read it."""
    stack = world.souk.stack
    assert stack.gateway
    ttl_s = _HOURS * 3600
    variables = {
        "SOUK": stack.gateway.url,
        "KAFKA": stack.kafka.address,
        "ORDERS": stack.services["order"].address,
        "MING": stack.keys.mint(customer.user_id, "customer", ttl_s=ttl_s),
        "OPERATOR": stack.keys.mint(1, "operator", ttl_s=ttl_s),
        "ORDER": bought.orders[0]["order_id"],
        "ITEM": bought.lines[0]["item_id"],
        "SKU": bought.lines[0]["sku_id"],
    }
    file = stack.folder / "demo.env"
    secret_file.write(file, "".join(f"{name}={word}\n" for name, word in variables.items()))
    return file


def suggest(world: World, variables: Path) -> None:
    """What the reader may do now."""
    narrator = world.narrator
    folder = _short(world.souk.stack.folder)
    for remark, command in _commands(_short(variables), folder):
        narrator.gap()
        narrator.remark(remark)
        narrator.command(command)
    narrator.gap()
    narrator.say(
        f"The stack keeps running. `tools/stack status --dir {folder}` shows it, `make down` stops"
        f" it. The tokens are good for {_HOURS} hours; the next demo starts from nothing."
    )


def _commands(variables: Path, folder: Path) -> list[tuple[str, str]]:
    commands = [
        ("addresses and tokens, for your shell", f". {variables}"),
        (
            "search; nobody asks who you are",
            "curl -sG $SOUK/v1/search --data-urlencode query=火锅 | jq -r '.hits[].title'",
        ),
        (
            "Ming's order, as he sees it",
            'curl -s $SOUK/v1/orders/$ORDER -H "authorization: Bearer $MING" | jq .order',
        ),
        (
            "ten more coffee vouchers, as an operator",
            "curl -s $SOUK/v1/stock/$SKU:adjust \\\n"
            '  -H "authorization: Bearer $OPERATOR" -H "content-type: application/json" \\\n'
            """  -d '{"request_id": "'$RANDOM'", "delta": 10, "reason": "delivery"}'""",
        ),
        (
            "every event of all orders, as JSON",
            f"tools/stack events order.order --dir {folder} | jq .",
        ),
        (
            "the same as Kafka has it: keys and headers",
            "kcat -b $KAFKA -C -t order.order -o beginning -e -q -f '%k %h\\n'",
        ),
    ]
    grpc = (
        "Ming's order by gRPC, of svc-order itself",
        f"{_short(_GRPCURL)} -plaintext \\\n"
        '  -H "authorization: Bearer $MING" -d "{\\"order_id\\": $ORDER}" \\\n'
        "  $ORDERS souk.order.v1.OrderService/GetOrder",
    )
    fetch = ("for gRPC in your shell (compiles a minute, needs Go)", "tools/setup grpcurl")
    return [*commands, *([grpc] if _GRPCURL.exists() else [fetch, grpc])]


def _short(path: Path) -> Path:
    return path.relative_to(paths.ROOT) if path.is_relative_to(paths.ROOT) else path
