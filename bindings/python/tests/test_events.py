"""What comes by itself: connections, recoveries, what the journal knows; and how it reads."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from typing import Any, Callable, Optional, Union

import pytest

import ecrhub
from ecrhub import Outcome, _events, _mailbox, _waits

from .simulator import Simulator

SALE = {"topic": "ecrhub.pay.order", "biz_data": {"trans_type": "1", "merchant_order_no": "A1", "order_amount": "10.13"}}


def test_a_lost_answer_is_found_out(terminal: ecrhub.Terminal, simulator: Simulator) -> None:
    simulator.next("cut-paying-silent")
    result = terminal.sale(order_no="A1", amount="10.00")
    assert (result.outcome, result.recovered, result.sent) == (Outcome.APPROVED, True, "yes")
    assert str(result).endswith(", recovered")
    kinds = [type(event) for event in terminal.events(timeout=0.2)]
    assert kinds == [ecrhub.Connected, ecrhub.Disconnected, ecrhub.Recovering, ecrhub.Connected]
    assert simulator.charges("A1") == 1


def test_an_outcome_is_told_again_until_it_is_acknowledged(simulator: Simulator, tmp_path: Path) -> None:
    journal = tmp_path / "Kasse Ä.db"

    def till() -> ecrhub.Terminal:
        return ecrhub.connect(simulator.url, app_id="tests", journal=journal, terminal="counter")

    with till() as terminal:
        sold = terminal.sale(order_no="A1", amount="10.00")
    ecrhub.shutdown()
    with till() as terminal:
        again = next(event for event in terminal.events(timeout=10) if isinstance(event, ecrhub.Completed))
        assert (again.request_id, again.outcome, again.retold) == (sold.request_id, Outcome.APPROVED, True)
        assert "told again" in str(again)
        terminal.acknowledge(again)
        terminal.acknowledge(again)
        assert terminal.pending() == []
    ecrhub.shutdown()
    with till() as terminal:
        assert [event for event in terminal.events(timeout=0.3) if isinstance(event, ecrhub.Completed)] == []
        with pytest.raises(ecrhub.DuplicateError):
            terminal.sale(order_no="A1", amount="10.00")
    assert simulator.charges("A1") == 1


def test_an_unknown_order_is_clarified(simulator: Simulator) -> None:
    quick = {"recovery_timeout_ms": 200, "order_timeout_ms": 200, "clarify_interval_ms": 50}
    with ecrhub.connect(simulator.url, app_id="tests", reconnect_min_ms=10, reconnect_max_ms=50, **quick) as terminal:  # type: ignore[arg-type]
        terminal.query("NOBODY")
        request_id = terminal.submit(SALE)
        simulator.wait_for_order()
        for call in ("refuse", "cut", "approve"):
            simulator.post(call)
        told = (event for event in terminal.events(timeout=10) if isinstance(event, (ecrhub.Completed, ecrhub.Clarified)))
        unknown = next(told)
        assert (unknown.outcome, unknown.request_id) == (Outcome.UNKNOWN, request_id)
        assert str(unknown).startswith("unknown A1: money may have moved")
        simulator.post("accept")
        truth = next(told)
        assert isinstance(truth, ecrhub.Clarified) and truth.request_id == request_id
        assert (truth.outcome, truth.merchant_order_no, truth.order_amount) == (Outcome.APPROVED, "A1", "10.13")
        assert truth.was is Outcome.UNKNOWN
        assert str(truth).startswith("clarified A1 from unknown to approved: 10.13 USD")
        terminal.acknowledge(truth)
        assert terminal.pending() == []


@pytest.mark.parametrize("by_id", [False, True])
def test_acknowledging_an_unknown_does_not_swallow_the_truth_on_its_way(
    simulator: Simulator, tmp_path: Path, by_id: bool
) -> None:
    def till() -> ecrhub.Terminal:
        quick = {"recovery_timeout_ms": 200, "order_timeout_ms": 200, "clarify_interval_ms": 50, "reconnect_max_ms": 50}
        journal = tmp_path / "till.db"
        return ecrhub.connect(simulator.url, app_id="tests", journal=journal, reconnect_min_ms=10, **quick)  # type: ignore[arg-type]

    def outcome(terminal: ecrhub.Terminal) -> Union[ecrhub.Completed, ecrhub.Clarified]:
        told = terminal.events(timeout=10)
        return next(event for event in told if isinstance(event, (ecrhub.Completed, ecrhub.Clarified)))

    with till() as terminal:
        terminal.submit(SALE)
        simulator.wait_for_order()
        for call in ("refuse", "cut", "approve"):
            simulator.post(call)
        unknown = outcome(terminal)
        assert unknown.outcome is Outcome.UNKNOWN
        simulator.post("accept")
        # The waits of these bring the truth out of the library; nobody takes it.
        while terminal.pending()[0].state == "unknown":
            terminal.query("NOBODY")
        terminal.query("NOBODY")
        about = (unknown.request_id, unknown.outcome) if by_id else (unknown,)
        assert not terminal.acknowledge(*about)
        assert [order.state for order in terminal.pending()] == ["unacknowledged"]
    ecrhub.shutdown()
    with till() as terminal:
        truth = outcome(terminal)
        assert (truth.outcome, truth.request_id, truth.retold) == (Outcome.APPROVED, unknown.request_id, True)
        terminal.acknowledge(truth)
        assert terminal.pending() == []


def test_completions_wait_for_whoever_asks_for_events(terminal: ecrhub.Terminal, simulator: Simulator) -> None:
    ids = [terminal.submit({"topic": "ecrhub.pay.query", "biz_data": {"merchant_order_no": f"A{n}"}}) for n in range(3)]
    # The wait of this one fetches the completions of the others too, and keeps them.
    terminal.sale(order_no="B1", amount="1.00")
    assert terminal.state().events_waiting >= 3
    assert [e.request_id for e in terminal.events(timeout=0.3) if isinstance(e, ecrhub.Completed)] == ids


def test_the_terminal_speaks_unasked(terminal: ecrhub.Terminal, simulator: Simulator) -> None:
    assert isinstance(terminal.next_event(10), ecrhub.Connected)
    simulator.post("push", {"text": '{"topic":"ecrhub.notice","biz_data":{"n":1.50,"text":"\\ud800 紙"}}'})
    message = terminal.next_event(10)
    assert isinstance(message, ecrhub.Message) and message.message["biz_data"]["n"] == "1.50"
    assert "紙" in str(message), "half a surrogate pair can be shown too"
    simulator.post("push", {"text": "no json"})
    error = terminal.next_event(10)
    assert isinstance(error, ecrhub.ProtocolError) and "no json" in error.excerpt
    simulator.post("push", {"text": '{"n":' + "1" * 10_000 + "}"})
    message = terminal.next_event(10)
    assert isinstance(message, ecrhub.Message) and len(message.message["n"]) == 10_000


def test_a_terminal_that_is_not_there(simulator: Simulator) -> None:
    simulator.post("refuse")
    with ecrhub.connect(simulator.url, app_id="tests", send_timeout_ms=200) as terminal:
        result = terminal.sale(order_no="A1", amount="1.00")
        assert (result.outcome, result.sent, result.response, result.fields) == (Outcome.NOT_SENT, "no", None, {})
        assert result.error is not None and result.error.stage == "send" and str(result.error) in str(result)
        lost = terminal.next_event(10)
        assert isinstance(lost, ecrhub.Disconnected) and lost.retry_in_ms > 0
        assert lost.error.name == "ECRHUB_ERR_TERMINAL" and lost.error.message in str(lost)


def test_an_event_of_a_megabyte_needs_no_waiting_either(terminal: ecrhub.Terminal, simulator: Simulator) -> None:
    assert isinstance(terminal.next_event(10), ecrhub.Connected)
    simulator.post("push", {"text": json.dumps({"text": "x" * 1_000_000})})
    end = time.monotonic() + 10
    while terminal.state().events_waiting == 0 and time.monotonic() < end:
        time.sleep(0.01)
    message = terminal.next_event(0)
    assert isinstance(message, ecrhub.Message) and len(message.message["text"]) == 1_000_000


def test_a_time_that_is_over_is_no_event(terminal: ecrhub.Terminal) -> None:
    assert isinstance(terminal.next_event(10), ecrhub.Connected)
    assert terminal.next_event(0) is None
    assert terminal.next_event(0.05) is None
    assert list(terminal.events(timeout=0.05)) == []


def completed(**changes: Any) -> _events.Completed:
    members = {"event": "completed", "at": 1, "request_id": "r", "topic": "t", "outcome": "approved", "sent": "yes"}
    event = _events.read_event(json.dumps({**members, **changes}))
    assert isinstance(event, _events.Completed)
    return event


def clarified(**changes: Any) -> _events.Clarified:
    members = {"event": "clarified", "at": 1, "request_id": "r", "outcome": "approved", "was": "declined"}
    event = _events.read_event(json.dumps({**members, **changes}))
    assert isinstance(event, _events.Clarified)
    return event


@pytest.mark.parametrize("make", [completed, clarified])
def test_an_outcome_has_its_fields_its_differences_and_its_code(make: Callable[..., Any]) -> None:
    event = make(
        fields={"trans_no": "77", "order_amount": "20.00", "deep": '{"x":1}', "empty": ""},
        differs={"order_amount": {"asked": "30.00", "answered": "20.00"}},
        code={"response_code": "106", "inner": "K026", "text": "cancelled", "advice": "Ask."},
    )
    assert (event.trans_no, event.fields["deep"], event.field("empty"), event.card_no) == ("77", '{"x":1}', None, None)
    assert event.differs == {"order_amount": ecrhub.Difference("30.00", "20.00")}
    assert event.code == ecrhub.Code("106", "K026", "cancelled", "Ask.")
    assert str(event).endswith("order_amount is 20.00 instead of 30.00")


def test_what_an_outcome_lacks_is_empty_or_none() -> None:
    event = completed(outcome="busy", fields={}, differs=None, code=None)
    assert event.outcome is Outcome.BUSY and not event.approved
    assert (event.fields, event.differs, event.code) == ({}, {}, None)


def test_words_of_a_later_library_are_borne() -> None:
    event = completed(outcome="half_approved", more={"x": 1})
    assert event.outcome is Outcome.UNKNOWN and "half_approved" in event.raw
    later = _events.read_event('{"event":"firmware","at":1500,"x":1}')
    assert type(later) is ecrhub.Event and later.event == "firmware" and later.at.year == 1970
    assert str(later).startswith("firmware: ")


def test_of_other_events_the_oldest_go_but_never_a_completion() -> None:
    mailbox = _mailbox.Mailbox()
    mailbox.file(_mailbox.Letter(1, completed()))
    for number in range(2, 1_007):
        mailbox.file(_mailbox.Letter(number, _events.read_event('{"event":"message","at":%d}' % number)))
    assert (len(mailbox), mailbox.dropped) == (1_000, 6)

    def take() -> Optional[ecrhub.Event]:
        listener = _waits.Waiter()
        assert mailbox.deliver_next(listener)
        return mailbox.receive(listener)

    first, second = take(), take()
    assert isinstance(first, _events.Completed) and second is not None and second.at_ms == 8


def test_a_completion_has_all_its_fields(terminal: ecrhub.Terminal) -> None:
    result = terminal.sale(order_no="A1", amount="1.00")
    names = [field.name for field in dataclasses.fields(ecrhub.Completed)]
    assert sorted(names) == sorted(vars(result))
    assert dataclasses.replace(result, retold=True).retold
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.retold = True  # type: ignore[misc]
