"""Who may sign what: keys of one stack, and tokens made with them."""

import json
import time
from pathlib import Path
from typing import Any

from soukdev import secret_file
from soukdev.names import CONTEXTS

AUTH_ISSUER = "https://auth.souk.example"
SERVICE_ISSUER = "souk-service"
AUDIENCE = "souk-api"
AUTH_KEY_ID = "auth-1"

_AUTH_ROLES = ("customer", "merchant", "operator", "supplier")


class Keys:
    """A folder of keys.

    keys.json    for our services: which key may sign for which issuer and which roles
    jwks.json    for the gateway: the public issuer's key alone, so that it refuses service tokens
    KID.pem      private keys
    *.secret     for HMAC: the file's bytes are the key
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    def make(self) -> "Keys":
        """Makes what is missing; keys that are there stay."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in (self.quote_secret_file, self.payment_secret_file):
            secret_file.password(file)
        services = [service_key_id(context) for context in CONTEXTS]
        public = {kid: _public_pem(self.private_key_file(kid)) for kid in (AUTH_KEY_ID, *services)}
        known = [_known_key(AUTH_KEY_ID, AUTH_ISSUER, _AUTH_ROLES, public[AUTH_KEY_ID])]
        known += [_known_key(kid, SERVICE_ISSUER, ("service",), public[kid]) for kid in services]
        secret_file.write(self.keys_file, json.dumps({"keys": known}, indent=2))
        jwk = _jwk(AUTH_KEY_ID, public[AUTH_KEY_ID])
        secret_file.write(self.jwks_file, json.dumps({"keys": [jwk]}))
        return self

    @property
    def keys_file(self) -> Path:
        """SOUK_KEYS_FILE of every service."""
        return self.folder / "keys.json"

    @property
    def jwks_file(self) -> Path:
        """The gateway's."""
        return self.folder / "jwks.json"

    @property
    def quote_secret_file(self) -> Path:
        """Signs quotes; pricing only."""
        return self.folder / "quote.secret"

    @property
    def payment_secret_file(self) -> Path:
        """Shared with the payment provider; order only."""
        return self.folder / "payment.secret"

    def private_key_file(self, kid: str) -> Path:
        """PEM, PKCS 8."""
        return self.folder / f"{kid}.pem"

    def mint(
        self,
        sub: int | str,
        role: str,
        *,
        shop_id: int = 0,
        supplier_id: int = 0,
        ttl_s: int = 3600,
        kid: str = AUTH_KEY_ID,
        **overrides: Any,
    ) -> str:
        """A token as the public issuer would give it to a user.

        overrides replaces claims, None leaves one out; kid signs with another of our keys.
        """
        now = int(time.time())
        claims = {
            "iss": AUTH_ISSUER,
            "aud": AUDIENCE,
            "sub": str(sub),
            "role": role,
            "shop_id": shop_id or None,
            "supplier_id": supplier_id or None,
            "iat": now,
            "exp": now + ttl_s,
            **overrides,
        }
        return self._sign({name: c for name, c in claims.items() if c is not None}, kid)

    def mint_service(self, context: str, *, ttl_s: int = 300, **overrides: Any) -> str:
        """A token as a service signs it for its own calls."""
        claims = {"iss": SERVICE_ISSUER, **overrides}
        kid = service_key_id(context)
        return self.mint(context, "service", ttl_s=ttl_s, kid=kid, **claims)

    def _sign(self, claims: dict[str, Any], kid: str) -> str:
        import jwt

        key = self.private_key_file(kid).read_text()
        return jwt.encode(claims, key, algorithm="ES256", headers={"kid": kid})


def service_key_id(context: str) -> str:
    """The kid of a service's own key: svc-order-1."""
    return f"svc-{context}-1"


def _known_key(kid: str, issuer: str, roles: tuple[str, ...], public_pem: str) -> dict[str, Any]:
    return {
        "kid": kid,
        "alg": "ES256",
        "iss": issuer,
        "roles": list(roles),
        "public_key_pem": public_pem,
    }


def _public_pem(private_file: Path) -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    if not private_file.exists():
        made = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        secret_file.write(private_file, made.decode())
    key = serialization.load_pem_private_key(private_file.read_bytes(), password=None)
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem.decode()


def _jwk(kid: str, public_pem: str) -> dict[str, Any]:
    from cryptography.hazmat.primitives import serialization
    from jwt.algorithms import ECAlgorithm

    key: Any = serialization.load_pem_public_key(public_pem.encode())
    jwk: dict[str, Any] = ECAlgorithm.to_jwk(key, as_dict=True)
    return {**jwk, "kid": kid, "use": "sig", "alg": "ES256"}
