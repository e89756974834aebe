"""The demo from its first to its last step."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from soukdev import names
from soukdev.market import Customer, Sellers
from soukdev.souk import Souk
from soukdev.stack import Stack, services_of

from soukdemo import afterwards, buying, looking, refusing, shelves, telling
from soukdemo.catalogue import Catalogue
from soukdemo.narrator import Narrator
from soukdemo.world import World

_MING, _ANNA = 4201, 4202
# On a busy machine callers ask again.
_PATIENCE_S = 60


def tell(narrator: Narrator, folder: Path, mode: str) -> None:
    """Broken, Refused or TimeoutError where a step did not hold. The stack stays up."""
    narrator.title("Souk: a purchase, from the shelf to the last event")
    narrator.step("A stack of its own")
    world = _open(narrator, Souk(_start(narrator, folder, mode), _PATIENCE_S))

    narrator.step("Sellers fill the shelves")
    shelves.fill(world)

    narrator.step("Ming looks for a coffee, and for a room in Shanghai")
    ming, anna = Customer(world.souk, _MING), Customer(world.souk, _ANNA)
    looking.look(world, ming)

    narrator.step("He puts two vouchers and the last suite into his cart")
    lines = buying.fill_cart(world, ming)
    narrator.say("Anna has found that suite too, and has a quote for it.")
    hers = refusing.want_the_last(world, anna)

    narrator.step("He asks what it costs")
    quoted = buying.quote(world, ming, lines)

    narrator.step("He orders: one order for each shop, paid together")
    bought = buying.order(world, ming, lines, quoted)

    narrator.step("Anna is too late")
    refusing.refuse(world, anna, *hers)

    narrator.step("Ming pays, and everything is delivered")
    bought = buying.pay(world, ming, bought)

    narrator.step("What happened to his first order")
    buying.show_history(world, ming, bought)

    narrator.step("What the services told on Kafka, all of it")
    telling.tell(world, bought)

    narrator.step("Your turn")
    variables = afterwards.write_variables(world, ming, bought)
    narrator.good(f"Every step held. {narrator.seconds:.0f} s in all.")
    afterwards.suggest(world, variables)


def _start(narrator: Narrator, folder: Path, mode: str) -> Stack:
    narrator.say(
        "MariaDB, Redis, Kafka, OpenSearch, six services, a gateway and a payment provider, on this"
        " machine alone. What the last demo left is removed."
    )
    if folder.exists():
        Stack(folder, services_of(folder), dies_with_us=False).down()
        shutil.rmtree(folder)
    begin = narrator.seconds
    stack = Stack(folder, names.CONTEXTS, mode=mode, dies_with_us=False).up()
    narrator.good(f"Ready after {narrator.seconds - begin:.1f} s.")
    return stack


def _open(narrator: Narrator, souk: Souk) -> World:
    categories = souk.json().get("/v1/categories")["categories"]
    catalogue = Catalogue(categories, datetime.now(UTC))
    return World(souk, narrator, Sellers(souk), catalogue)
