"""What speaks something else than requests and answers."""

from soukdev.gateway.typed import Json, extension

UPGRADE = "upgrade"


def refuse_upgrades() -> Json:
    """WebSockets and tunnels have a body without an end, for which the filter of bodies waits."""
    asks = [
        {"header": {"name": "upgrade", "present_match": True}},
        {"header": {"name": ":method", "string_match": {"exact": "CONNECT"}}},
    ]
    policy = {"permissions": [{"or_rules": {"rules": asks}}], "principals": [{"any": True}]}
    return extension(
        "envoy.filters.http.rbac.upgrade",
        "envoy.extensions.filters.http.rbac.v3.RBAC",
        rules={"action": "DENY", "policies": {UPGRADE: policy}},
    )
