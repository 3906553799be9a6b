"""What is refused raises, says why, and sends nothing."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, Dict, Type

import pytest

import ecrhub
from ecrhub import _contract, _errors

from .simulator import Simulator


def test_every_fault_of_a_request_is_named(terminal: ecrhub.Terminal, simulator: Simulator) -> None:
    with pytest.raises(ecrhub.RequestError) as refused:
        terminal.sale(order_no='"; a: b\\"; c', amount="-1", currency="EURO; x: y")
    assert [fault.field for fault in refused.value.faults] == [
        "biz_data.merchant_order_no",
        "biz_data.price_currency",
        "biz_data.order_amount",
    ]
    assert refused.value.faults[2].rule == '1 to 12 digits, and optionally a point and 1 to 4 digits, got "-1"'
    assert (refused.value.name, refused.value.status) == ("ECRHUB_ERR_REQUEST", -5)
    assert "; ".join(str(fault) for fault in refused.value.faults) == str(refused.value)
    assert simulator.get("state")["received"] == 0


@pytest.mark.parametrize(
    ("text", "error"),
    [('{"topic":', ecrhub.JsonError), ("[]", ecrhub.JsonError), ("", ecrhub.JsonError), ("{}", ecrhub.RequestError)],
)
def test_a_message_that_is_none_is_refused(terminal: ecrhub.Terminal, text: str, error: Type[Exception]) -> None:
    with pytest.raises(error):
        terminal.send(text)
    with pytest.raises(error):
        terminal.submit(text)


def test_a_text_that_c_would_cut_short_is_refused(terminal: ecrhub.Terminal) -> None:
    for call in (terminal.send, terminal.submit, terminal.acknowledge):
        with pytest.raises(ecrhub.ArgumentError, match="without NUL"):
            call('{"topic":"x","biz_data":{}}\0')


def test_a_number_is_used_once(terminal: ecrhub.Terminal, simulator: Simulator) -> None:
    terminal.sale(order_no="A1", amount="10.00")
    with pytest.raises(ecrhub.DuplicateError, match="A1"):
        terminal.sale(order_no="A1", amount="10.00")
    assert simulator.charges("A1") == 1


def test_an_id_in_flight_is_not_taken_from_its_waiter(terminal: ecrhub.Terminal, simulator: Simulator) -> None:
    import threading

    results = []
    sell = threading.Thread(
        target=lambda: results.append(terminal.sale(order_no="A1", amount="10.13", request_id="same"))
    )
    sell.start()
    simulator.wait_for_order()
    with pytest.raises(ecrhub.DuplicateError, match="same"):
        terminal.sale(order_no="A2", amount="1.00", request_id="same")
    simulator.post("approve")
    sell.join(10)
    assert [result.merchant_order_no for result in results] == ["A1"]


@pytest.mark.parametrize(
    ("config", "error", "why"),
    [
        ({"url": "http://127.0.0.1"}, ecrhub.ConfigError, "ws://"),
        ({"order_timeout_ms": 0}, ecrhub.ConfigError, "order_timeout_ms"),
        ({"order_timeout_ms": 1.5}, ecrhub.ConfigError, "order_timeout_ms"),
        ({"no_such_key": 1}, ecrhub.ConfigError, "no_such_key.*there are url, app_id"),
        ({"validation": "lax"}, ecrhub.ConfigError, "validation"),
        ({"journal": Path("/nowhere/at/all.db")}, ecrhub.JournalError, "/nowhere/at"),
    ],
)
def test_a_configuration_is_refused_with_its_key(config: Dict[str, Any], error: Type[Exception], why: str) -> None:
    with pytest.raises(error, match=why):
        ecrhub.connect(**{"url": "ws://127.0.0.1:1", **config})


def test_too_much_at_once_is_refused(simulator: Simulator) -> None:
    with ecrhub.connect(simulator.url, app_id="tests", max_in_flight=1) as terminal:
        terminal.submit(
            {"topic": "ecrhub.pay.order", "biz_data": {"trans_type": "1", "merchant_order_no": "A1", "order_amount": "1.13"}}
        )
        with pytest.raises(ecrhub.BusyError, match="max_in_flight"):
            terminal.sale(order_no="A2", amount="1.00")


def test_names_that_are_no_fields_are_refused(terminal: ecrhub.Terminal) -> None:
    with pytest.raises(TypeError, match="'atach' is no field of an order; there are app_id, attach.*extra="):
        terminal.sale(order_no="A1", amount="1.00", atach="x")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="'attach' cannot be given here; there are app_id, extra"):
        terminal.query("A1", attach="x")  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="'order_amount' is given by its own name already"):
        terminal.sale(order_no="A1", amount="1.00", extra={"order_amount": "2.00"})
    with pytest.raises(TypeError, match="request_id: text expected, got 5"):
        terminal.sale(order_no="A1", amount="1.00", request_id=5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="object has no JSON form"):
        terminal.send({"topic": object()})


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_timeout_is_more_than_nothing(terminal: ecrhub.Terminal, timeout: float) -> None:
    with pytest.raises(ValueError, match="seconds above zero"):
        terminal.sale(order_no="A1", amount="1.00", timeout=timeout)


def test_after_the_end_every_call_says_so(simulator: Simulator) -> None:
    terminal = ecrhub.connect(simulator.url, app_id="tests")
    terminal.disconnect()
    terminal.disconnect()
    calls = [
        lambda: terminal.query("A1"),
        lambda: terminal.submit({"topic": "ecrhub.heartbeat", "biz_data": {}}),
        lambda: terminal.acknowledge("x", "approved"),
        lambda: terminal.resolve("x", "approved"),
        terminal.pending,
        terminal.state,
    ]
    for call in calls:
        with pytest.raises(ecrhub.HandleError, match=f"the terminal {simulator.url} is disconnected"):
            call()
    assert list(terminal.events()) == []


def test_what_cannot_be_acknowledged_or_resolved_is_refused(terminal: ecrhub.Terminal) -> None:
    with pytest.raises(ecrhub.ArgumentError, match="nobody"):
        terminal.acknowledge("nobody", "approved")
    with pytest.raises(ecrhub.ArgumentError, match="outcome: one of approved"):
        terminal.acknowledge("nobody")
    result = terminal.sale(order_no="A1", amount="1.00")
    with pytest.raises(ecrhub.ArgumentError, match="in_progress"):
        terminal.resolve(result, ecrhub.Outcome.IN_PROGRESS)


def test_errors_can_be_sent_between_processes() -> None:
    errors = [
        ecrhub.RequestError("biz_data.x: wrong"),
        ecrhub.WaitEndedError("id-1"),
        ecrhub.Interrupted("id-1"),
    ]
    for error in errors:
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error) and str(again) == str(error)
        assert getattr(again, "request_id", None) == getattr(error, "request_id", None)


def test_every_refusal_has_its_class() -> None:
    # The rest never reaches a caller: no event yet, a wake-up, a buffer that is grown, a fault that only events tell of.
    never = {"ECRHUB_OK", "ECRHUB_TIMEOUT", "ECRHUB_INTERRUPTED", "ECRHUB_OUTDATED", "ECRHUB_NOTHING"}
    never |= {"ECRHUB_ERR_BUFFER_TOO_SMALL", "ECRHUB_ERR_TERMINAL"}
    names = {error.name for error in _errors.BY_STATUS.values()}
    assert names == set(_contract.STATUSES) - never
