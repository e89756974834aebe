"""The payment provider of a stack: customers pay there, and it tells svc-order how that ended.

It behaves as badly as providers do, on request: late, twice, in the wrong order, again and again.
`server.PaymentSandbox` runs beside the services of a stack, `tools/payment-sandbox` is its program.
"""

from soukdev.payments.server import PaymentSandbox

__all__ = ["PaymentSandbox"]
