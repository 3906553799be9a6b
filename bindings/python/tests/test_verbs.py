"""Every verb against the terminal, and what comes back."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

import ecrhub
from ecrhub import Outcome

from .simulator import Simulator


def test_a_sale_moves_money_once_and_says_so(terminal: ecrhub.Terminal, simulator: Simulator) -> None:
    result = terminal.sale(order_no="A1", amount="34.50", currency="USD", tip_amount=Decimal("1.5"))
    assert result.approved and result.outcome is Outcome.APPROVED and str(result.outcome) == "approved"
    assert (result.sent, result.topic, result.merchant_order_no) == ("yes", "ecrhub.pay.order", "A1")
    assert (result.order_amount, result.price_currency, result.tip_amount) == ("34.50", "USD", "1.5")
    assert result.error is None and not result.recovered and not result.retold
    assert simulator.charges("A1") == 1


def test_what_is_declined_is_an_outcome(terminal: ecrhub.Terminal, simulator: Simulator) -> None:
    result = terminal.sale(order_no="A1", amount="10.01")
    assert result.outcome is Outcome.DECLINED and not result.approved
    assert str(result) == 'declined A1: 10.01 USD, the terminal says "Transaction failed" (106)'
    assert terminal.sale(order_no="A2", amount="10.02").outcome is Outcome.CANCELLED
    assert simulator.get("ledger") == []


def test_money_is_given_back(terminal: ecrhub.Terminal) -> None:
    terminal.sale(order_no="A1", amount="20.00")
    part = terminal.refund(order_no="A2", original_order_no="A1", amount="5.00")
    assert (part.outcome, part.trans_type, part.order_amount) == (Outcome.APPROVED, "3", "5.00")
    terminal.sale(order_no="A3", amount="7.00")
    void = terminal.void(order_no="A4", original_order_no="A3")
    assert (void.outcome, void.trans_type) == (Outcome.APPROVED, "2")
    assert terminal.query("A3").outcome is Outcome.CANCELLED


def test_money_is_held_and_taken(terminal: ecrhub.Terminal) -> None:
    assert terminal.authorize(order_no="A1", amount="100").trans_type == "4"
    taken = terminal.complete(order_no="A2", original_order_no="A1", amount="80.00")
    assert (taken.outcome, taken.trans_type) == (Outcome.APPROVED, "6")


def test_a_customer_gets_cash(terminal: ecrhub.Terminal) -> None:
    result = terminal.cashback(order_no="A1", amount="10.00", cashback_amount="20.00")
    assert (result.outcome, result.trans_type, result.cashback_amount) == (Outcome.APPROVED, "11", "20.00")


def test_an_order_in_progress_is_asked_about_and_closed(terminal: ecrhub.Terminal, simulator: Simulator) -> None:
    request_id = terminal.submit(
        {"topic": "ecrhub.pay.order", "biz_data": {"trans_type": "1", "merchant_order_no": "A1", "order_amount": "10.13"}}
    )
    simulator.wait_for_order()
    assert terminal.query("A1").outcome is Outcome.IN_PROGRESS
    assert [(order.request_id, order.state) for order in terminal.pending()] == [(request_id, "in_flight")]
    assert terminal.close("A1").outcome is Outcome.OK
    closed = [event for event in terminal.events(timeout=0.5) if isinstance(event, ecrhub.Completed)]
    assert [(event.request_id, event.outcome) for event in closed] == [(request_id, Outcome.CANCELLED)]


def test_every_field_reaches_the_terminal(terminal: ecrhub.Terminal) -> None:
    terminal.sale(
        order_no="A1",
        amount="10.00",
        on_screen_tip=False,
        pay_method_id="Visa",
        pay_scenario="SWIPE_CARD",
        card_type="2",
        attach="Grüße 🍣 \"quoted\" \\ \n",
        description="Tisch 7",
        notify_url="http://127.0.0.1/paid",
        expires=180,
        confirm_on_terminal=False,
        required_terminal_authentication=False,
        on_screen_signature=True,
        receipt_print_mode="0",
        tax_amount=Decimal("0.20"),
        extra={"undocumented": {"deep": [1, Decimal("2.50")]}},
        app_id="another",
        request_id="my-own",
    )
    (order,) = terminal.pending()
    assert (order.request_id, order.request["app_id"]) == ("my-own", "another")
    assert order.request["biz_data"] == {
        "trans_type": "1",
        "merchant_order_no": "A1",
        "order_amount": "10.00",
        "on_screen_tip": False,
        "pay_method_id": "Visa",
        "pay_scenario": "SWIPE_CARD",
        "card_type": "2",
        "attach": "Grüße 🍣 \"quoted\" \\ \n",
        "description": "Tisch 7",
        "notify_url": "http://127.0.0.1/paid",
        "expires": "180",
        "confirm_on_terminal": False,
        "required_terminal_authentication": False,
        "on_screen_signature": True,
        "receipt_print_mode": "0",
        "tax_amount": "0.20",
        "undocumented": {"deep": ["1", "2.50"]},
    }


def test_texts_of_every_script_come_back(terminal: ecrhub.Terminal) -> None:
    text = "Grüße, Ελλάδα, 你好, שלום, 🍣 \"q\" \\ / \t \n \u0001 {\"json\":1}"
    assert terminal.sale(order_no="A1", amount="10.00", attach=text).attach == text
    assert terminal.query("A1").attach == text


def test_an_answer_of_a_megabyte_arrives_whole_and_once(terminal: ecrhub.Terminal, simulator: Simulator) -> None:
    assert isinstance(terminal.next_event(10), ecrhub.Connected)
    result = terminal.sale(order_no="A1", amount="10.69")
    assert result.approved and len(result.raw) > 1_000_000
    assert json.loads(result.raw)["request_id"] == result.request_id
    assert terminal.next_event(0.2) is None
    assert simulator.charges("A1") == 1


MESSAGE = '{"topic":"ecrhub.pay.query","biz_data":{"merchant_order_no":"A1"}}'


@pytest.mark.parametrize("message", [MESSAGE, f" \n{MESSAGE} ", json.loads(MESSAGE)])
def test_any_message_can_be_sent(terminal: ecrhub.Terminal, message: Any) -> None:
    assert terminal.send(message).outcome is Outcome.NOT_FOUND


@pytest.mark.parametrize("request_id", ["mine", "A\u0042", 12, 12.5])
def test_the_request_id_of_a_message_is_kept(terminal: ecrhub.Terminal, request_id: object) -> None:
    message = {**json.loads(MESSAGE), "request_id": request_id}
    assert terminal.send(message).request_id == str(request_id)
    as_text = json.dumps({**message, "request_id": f"{request_id}-2"})
    assert terminal.send(as_text).request_id == f"{request_id}-2"


def test_a_number_as_the_id_of_a_text_is_kept_in_its_digits(terminal: ecrhub.Terminal) -> None:
    assert terminal.send(MESSAGE[:-1] + ',"request_id":1.50}').request_id == "1.50"


def test_results_are_frozen_and_can_be_compared_and_copied(terminal: ecrhub.Terminal) -> None:
    import copy
    import pickle

    result = terminal.sale(order_no="A1", amount="34.50")
    with pytest.raises(AttributeError):
        result.outcome = Outcome.DECLINED  # type: ignore[misc]
    for again in (copy.deepcopy(result), pickle.loads(pickle.dumps(result))):
        assert again == result and hash(again) == hash(result) and str(again) == str(result)
