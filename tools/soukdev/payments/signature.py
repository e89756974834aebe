"""What svc-order and its payment provider sign with the secret that both know."""

import hashlib
import hmac


class Signature:
    """Signs and checks under one secret, each purpose with a word of its own in front."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of_address(self, payment_id: str, currency: str, minor: str) -> str:
        """Of a payment's address, which the customer carries from the shop to the provider."""
        return self._hex(f"address.{payment_id}.{currency}.{minor}".encode())

    def of_callback(self, timestamp: str, body: bytes) -> str:
        """Of a callback: over its bytes as they are sent."""
        return self._hex(f"callback.{timestamp}.".encode() + body)

    def fits(self, given: str, payment_id: str, currency: str, minor: str) -> bool:
        """Did svc-order sign this address? Takes as long for a near miss as for a far one."""
        expected = self.of_address(payment_id, currency, minor)
        return hmac.compare_digest(given.encode(), expected.encode())

    def _hex(self, text: bytes) -> str:
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()
