"""What people do with a running stack, all of it through the public JSON API.

`sellers` bring goods onto the shelves, a `customer` finds, orders and pays them. For the demo and
for tests; nobody here knows more than a front end would.
"""

from soukdev.market.customer import Customer
from soukdev.market.goods import Offer
from soukdev.market.sellers import Sellers

__all__ = ["Customer", "Offer", "Sellers"]
