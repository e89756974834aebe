"""Every method of every service, in every case that applies to it."""

from collections import Counter

import pytest
from contract_cases import CASES, Cell, callers, cells, claims_for_itself, owners
from contract_count import expected, rpcs
from contract_examples import EXAMPLES
from contract_fields import Requests
from contract_world import World, short_name
from soukdev import paths
from soukdev.contracts import Contracts

CONTRACTS = Contracts(paths.DESCRIPTOR_SET)
METHODS = list(CONTRACTS.methods())
CELLS = list(cells(CONTRACTS))


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_cell(world: World, cell: Cell) -> None:
    cell.case.run(world, cell.method)


def test_no_cell_is_forgotten() -> None:
    made = Counter(cell.case.name for cell in CELLS)
    assert dict(made) == {name: count for name, count in expected().items() if count}
    assert {case.name for case in CASES} == set(expected())
    assert {short_name(cell.method) for cell in CELLS} == {short_name(m) for m in METHODS}
    assert len(METHODS) == len(rpcs())


def test_every_method_has_an_example() -> None:
    assert set(EXAMPLES) == {short_name(method) for method in METHODS}


def test_every_owner_has_a_stranger(world: World) -> None:
    for method in METHODS:
        asked = Requests(CONTRACTS, method)
        claims = claims_for_itself(method, asked)
        wanted = callers(method, asked) if claims else owners(method, asked)
        assert set(wanted) <= set(world.example(method).strangers), method.path
