"""Who calls. Services look again; the gateway keeps what is plainly false away from them."""

from soukdev.gateway.typed import Json, extension
from soukdev.keys import AUDIENCE, AUTH_ISSUER

_JWT_FILTER = "envoy.filters.http.jwt_authn"
_PROVIDER = "souk"
CLAIMS = "claims"


def authentication(jwks_file: str) -> Json:
    """A token is optional, because roles are the services' business; a bad one is refused.

    The file holds the public issuer's key alone. A service's token is signed by another issuer,
    so nobody can bring one in from outside.
    """
    provider = {
        "issuer": AUTH_ISSUER,
        "audiences": [AUDIENCE],
        "forward": True,
        "payload_in_metadata": CLAIMS,
        "clock_skew_seconds": 30,
        # Verifying ES256 costs more than all the rest of a request.
        "jwt_cache_config": {"jwt_cache_size": 10000},
        "local_jwks": {"filename": jwks_file},
    }
    optional = {"requires_any": {"requirements": [{"provider_name": _PROVIDER}, _MISSING]}}
    return extension(
        _JWT_FILTER,
        "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
        providers={_PROVIDER: provider},
        rules=[{"match": {"prefix": "/"}, "requires": optional}],
    )


def refuse_services() -> Json:
    """Should the public issuer ever sign the role of a service, it ends here."""
    is_service = {
        "filter": _JWT_FILTER,
        "path": [{"key": CLAIMS}, {"key": "role"}],
        "value": {"string_match": {"exact": "service"}},
    }
    policy = {
        "permissions": [{"any": True}],
        "principals": [{"sourced_metadata": {"metadata_matcher": is_service}}],
    }
    return extension(
        "envoy.filters.http.rbac",
        "envoy.extensions.filters.http.rbac.v3.RBAC",
        rules={"action": "DENY", "policies": {"service": policy}},
    )


def subject_descriptor(key: str) -> Json:
    """For limits: one bucket for each user; no entry for a caller without a token."""
    path = [{"key": CLAIMS}, {"key": "sub"}]
    metadata = {"descriptor_key": key, "metadata_key": {"key": _JWT_FILTER, "path": path}}
    return {"metadata": {**metadata, "source": "DYNAMIC", "skip_if_absent": True}}


_MISSING: Json = {"allow_missing": {}}
