"""What must hold in every stack (DESIGN 5), checked against one that runs or has run.

Rules are of two kinds. Some hold at any moment: each is one statement, and so sees one moment.
Others hold once everything under way has ended (sagas, outbox, projections): they are asked when it
has, and that it does not end is a breach by itself.
"""

from soukdev.invariants.check import Breach, Result, check

__all__ = ["Breach", "Result", "check"]
