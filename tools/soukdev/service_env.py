"""Which setting each service gets, in one place."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from soukdev.keys import Keys, service_key_id
from soukdev.mariadb import Credentials

# Whom a service calls.
PEERS: Mapping[str, tuple[str, ...]] = {
    "listing": ("pricing", "inventory"),
    "inventory": (),
    "order": ("listing", "inventory", "pricing", "cart"),
    "pricing": (),
    "cart": ("listing", "inventory", "pricing"),
    "search": ("listing", "inventory", "pricing"),
}


@dataclass(frozen=True)
class Surroundings:
    """What services have in common.

    services: HOST:PORT of each that runs. payment_url: whom customers pay. trace_url: who takes
    spans, "" for nobody. caller_limits: as services have them by themselves, or none.
    """

    redis: str
    kafka: str
    search_url: str
    keys: Keys
    services: Mapping[str, str]
    payment_url: str
    trace_url: str = ""
    caller_limits: bool = True


def environment(context: str, around: Surroundings, database: Credentials) -> dict[str, str]:
    """Everything but its own addresses, which it gets from whoever starts it."""
    return {
        "SOUK_ROLES": "api,relay,worker",
        "SOUK_LOG_LEVEL": "info",
        "SOUK_DB_HOST": database.host,
        "SOUK_DB_PORT": str(database.port),
        "SOUK_DB_NAME": database.database,
        "SOUK_DB_USER": database.user,
        "SOUK_DB_PASSWORD_FILE": str(database.password_file),
        "SOUK_REDIS_ADDRESS": around.redis,
        "SOUK_KAFKA_BROKERS": around.kafka,
        "SOUK_SEARCH_URL": around.search_url,
        "SOUK_TRACE_URL": around.trace_url,
        "SOUK_TRACE_ROOTS_PER_10000": "10000",
        "SOUK_KEYS_FILE": str(around.keys.keys_file),
        "SOUK_SERVICE_KEY_FILE": str(around.keys.private_key_file(service_key_id(context))),
        "SOUK_SERVICE_KEY_ID": service_key_id(context),
        **{
            f"SOUK_PEER_{peer.upper()}": f"ipv4:{around.services[peer]}"
            for peer in PEERS[context]
            if peer in around.services
        },
        **({} if around.caller_limits else {"SOUK_RPC_CALLER_PER_S": "0"}),
        **_own_secrets(context, around.keys),
        **({"SOUK_PAYMENT_URL": around.payment_url} if context == "order" else {}),
    }


def _own_secrets(context: str, keys: Keys) -> dict[str, str]:
    files: dict[str, tuple[str, Path]] = {
        "pricing": ("SOUK_QUOTE_SECRET_FILE", keys.quote_secret_file),
        "order": ("SOUK_PAYMENT_SECRET_FILE", keys.payment_secret_file),
    }
    if context not in files:
        return {}
    name, file = files[context]
    return {name: str(file)}
