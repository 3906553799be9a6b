"""What this package knows is what the library says of itself. Its functions are compared with the header by
tests/bindings/drift.rs."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any, Dict

import pytest

import ecrhub
from ecrhub import _contract, _native

REPOSITORY = Path(__file__).resolve().parent.parent.parent.parent


@pytest.fixture(scope="module")
def contract() -> Dict[str, Any]:
    found: Dict[str, Any] = json.loads((REPOSITORY / "bindings/contract.json").read_text())
    return found


def test_numbers_and_words_are_the_librarys(contract: Dict[str, Any]) -> None:
    assert _contract.ABI_VERSION == contract["abi_version"]
    assert _contract.STATUSES == contract["statuses"]
    assert _contract.LOG_LEVELS == contract["log_levels"]
    assert [outcome.value for outcome in ecrhub.Outcome] == contract["outcomes"]
    for name in ("events", "sent", "stages", "topics", "verbs"):
        ours = getattr(_contract, name.upper())
        assert (ours if isinstance(ours, dict) else list(ours)) == contract[name]


def test_every_field_of_an_order_can_be_given(contract: Dict[str, Any]) -> None:
    own = {"trans_type", *_contract.WIRE_NAMES.values()}
    fields = _contract.OrderFields.__annotations__.keys() - _contract.CallOptions.__annotations__.keys()
    assert own | fields == {field["name"] for field in contract["order_fields"]}
    amounts = {field["name"] for field in contract["order_fields"] if field["type"] == "amount"}
    assert _contract.AMOUNTS == amounts
    for verb in contract["verbs"]:
        parameters = inspect.signature(getattr(ecrhub.Terminal, verb)).parameters
        assert {"order_no", "currency", "fields"} <= parameters.keys()


def test_every_field_of_a_response_can_be_read(contract: Dict[str, Any]) -> None:
    assert sorted(_contract.RESPONSE_FIELDS) == sorted(contract["response_fields"])
    for name in contract["response_fields"]:
        for event in (ecrhub.Completed, ecrhub.Clarified):
            assert hasattr(event, name) or name in inspect.signature(event).parameters


def test_every_key_of_the_configuration_can_be_given(contract: Dict[str, Any]) -> None:
    keys = {"url", "app_id", "journal", *_contract.Config.__annotations__}
    assert keys == {entry["key"] for entry in contract["config"]}
    source = (REPOSITORY / "bindings/python/src/ecrhub/_contract.py").read_text()
    for entry in contract["config"]:
        if entry["type"] in ("number", "flag"):
            (comment,) = re.findall(rf"((?:^    #: .*\n)+)^    {entry['key']}: ", source, re.MULTILINE)
            assert f"{entry['default']} by default" in comment.replace("\n    #:", ""), comment
