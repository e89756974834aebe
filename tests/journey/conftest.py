"""What the journeys share: one market with every service, where customers can pay."""

from collections.abc import Iterator

import pytest
from journey_kit import Market, opened


@pytest.fixture(scope="session")
def market() -> Iterator[Market]:
    """Shared by all tests, so each makes goods and customers of its own."""
    with opened("shared") as market:
        yield market
