"""tools/check-layers: what it lets pass, and what it does not."""

from pathlib import Path

import pytest
from check_kit import complaints

FINE = [
    ("libcommon/base/x.c", "base/status.h"),
    ("libcommon/run/x.c", "observe/log.h"),
    ("libcommon/app/x.c", "patterns/outbox.h"),
    ("libcommon/io/x.c", "google/rpc/status.pb-c.h"),
    ("svc-cart/cart.c", "base/money.h"),
    ("svc-cart/cart.c", "goods.h"),
    ("svc-cart/cart_service.c", "io/db.h"),
    ("svc-cart/cart_service.c", "souk/cart/v1/cart.rpc.h"),
    ("svc-cart/cart_repo.c", "cart.h"),
    ("svc-cart/main.c", "svc-cart/cart_migrations.h"),
    ("svc-inventory/hold.c", "stock_repo.h"),
]
FAULTS = [
    ("libcommon/base/x.c", "observe/log.h", "downwards only"),
    ("libcommon/io/x.h", "patterns/outbox.h", "downwards only"),
    ("libcommon/run/x.c", "souk/common/v1/types.pb-c.h", "knows no contracts"),
    ("libcommon/io/x.c", "cart.h", "lacks its layer"),
    ("libcommon/app/x.c", "svc-cart/cart.h", "not of libcommon"),
    ("svc-cart/cart_service.c", "svc-order/order.h", "is another's"),
    ("svc-cart/cart.c", "svc-order/order.h", "is another's"),
    ("svc-cart/cart.c", "io/db.h", "a domain file"),
    ("svc-cart/cart.h", "base/../io/db.h", "goes round"),
    ("svc-cart/cart.c", "cart_repo.h", "a domain file"),
    ("svc-cart/cart.c", "cart_app.h", "a domain file"),
    ("svc-inventory/stock.c", "inventory.h", "a domain file"),
    ("svc-inventory/stock.c", "hold.h", "a domain file"),
    ("svc-cart/cart.c", "souk/cart/v1/cart.pb-c.h", "not for domain"),
    ("svc-cart/cart_repo.c", "souk/cart/v1/cart.pb-c.h", "not for repo"),
    ("svc-cart/line_worker.c", "souk/cart/v1/cart.types.h", "not for worker"),
]


@pytest.mark.parametrize(("file", "name"), FINE)
def test_lets_pass(tmp_path: Path, file: str, name: str) -> None:
    assert complaints("check-layers", tmp_path, {file: f'#include "{name}"\n'}) == []


@pytest.mark.parametrize(("file", "name", "why"), FAULTS)
def test_refuses(tmp_path: Path, file: str, name: str, why: str) -> None:
    text = f'#include <stdio.h>\n\n#  include "{name}"\n'
    (line,) = complaints("check-layers", tmp_path, {file: text})
    assert line.startswith(f'{file}:3: "{name}": ')
    assert why in line
