"""Tokens are what services and the gateway expect."""

import json
from pathlib import Path
from typing import Any

import jwt
import pytest
from soukdev.keys import AUDIENCE, Keys


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "keys").make()


def known(keys: Keys) -> dict[str, dict[str, Any]]:
    return {key["kid"]: key for key in json.loads(keys.keys_file.read_text())["keys"]}


def test_each_key_may_sign_for_one_issuer_and_its_roles(keys: Keys) -> None:
    assert known(keys)["auth-1"]["iss"] == "https://auth.souk.example"
    assert "service" not in known(keys)["auth-1"]["roles"]
    assert known(keys)["svc-order-1"]["iss"] == "souk-service"
    assert known(keys)["svc-order-1"]["roles"] == ["service"]


def test_a_users_token_verifies_with_the_published_key(keys: Keys) -> None:
    token = keys.mint(42, "merchant", shop_id=7)
    kid = jwt.get_unverified_header(token)["kid"]
    claims = jwt.decode(
        token, known(keys)[kid]["public_key_pem"], algorithms=["ES256"], audience=AUDIENCE
    )
    assert (claims["sub"], claims["role"], claims["shop_id"]) == ("42", "merchant", 7)
    assert "supplier_id" not in claims


def test_claims_can_be_bent_for_tests(keys: Keys) -> None:
    claims = jwt.decode(
        keys.mint(1, "customer", aud="other", iat=None), options={"verify_signature": False}
    )
    assert claims["aud"] == "other"
    assert "iat" not in claims


def test_the_gateway_knows_no_services_key(keys: Keys) -> None:
    assert [key["kid"] for key in json.loads(keys.jwks_file.read_text())["keys"]] == ["auth-1"]
    kid = jwt.get_unverified_header(keys.mint_service("order"))["kid"]
    assert kid == "svc-order-1"


def test_keys_stay_when_made_again(keys: Keys) -> None:
    before = keys.keys_file.read_text()
    assert Keys(keys.folder).make().keys_file.read_text() == before
