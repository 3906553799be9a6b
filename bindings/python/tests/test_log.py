"""The library's log goes to Python's."""

from __future__ import annotations

import asyncio
import json
import logging
import textwrap
import time
from pathlib import Path
from typing import Any, Iterator, List

import pytest

import ecrhub
import ecrhub.aio
from ecrhub import _log, _native
from ecrhub._events import read_event

from . import till
from .simulator import Simulator


@pytest.fixture(autouse=True)
def _off_again() -> Iterator[None]:
    level = logging.getLogger("ecrhub").level
    yield
    ecrhub.set_log_level(None)
    logging.getLogger("ecrhub").setLevel(level)


def refused(number: str, caplog: pytest.LogCaptureFixture) -> List[logging.LogRecord]:
    """What is logged of a connection that is refused; the library logs that for debugging."""
    caplog.clear()
    with pytest.raises(ecrhub.ConfigError):
        ecrhub.connect(f"http://{number}")
    return list(caplog.records)


def test_it_is_off_by_default_and_can_be_turned_on_and_off(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("ecrhub").setLevel(1)
    assert refused("first", caplog) == []
    for level in (logging.DEBUG, ecrhub.TRACE, logging.NOTSET, 7):
        ecrhub.set_log_level(level)
        (record,) = refused("second", caplog)
        assert (record.name, record.levelno) == ("ecrhub", logging.DEBUG)
        assert "http://second" in record.getMessage()
    for off in (logging.INFO, logging.ERROR, logging.CRITICAL, None):
        ecrhub.set_log_level(off)
        logging.getLogger("ecrhub").setLevel(1)
        assert refused("third", caplog) == []


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [(1, logging.ERROR), (2, logging.WARNING), (3, logging.INFO), (4, logging.DEBUG), (5, ecrhub.TRACE), (9, logging.ERROR)],
)
def test_levels_are_pythons(theirs: int, ours: int, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("ecrhub").setLevel(1)
    _log._tell(theirs, "so ist es: 100 % \u00e4".encode(), None)
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [(ours, "so ist es: 100 % \u00e4")]


def test_a_handler_that_calls_the_library_is_refused(terminal: ecrhub.Terminal) -> None:
    refusals: List[BaseException] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            try:
                terminal.state()
            except ecrhub.Error as error:
                refusals.append(error)

    handler = Handler()
    logging.getLogger("ecrhub").addHandler(handler)
    try:
        ecrhub.set_log_level(logging.DEBUG)
        with pytest.raises(ecrhub.RequestError):
            terminal.sale(order_no="A1", amount="-1")
        ecrhub.set_log_level(None)
    finally:
        logging.getLogger("ecrhub").removeHandler(handler)
    assert refusals and all(isinstance(error, ecrhub.UnsupportedError) for error in refusals)


def test_ctrl_c_while_a_record_is_handled_is_not_lost() -> None:
    out = till.run(
        """
        import logging, signal, sys, ecrhub
        class Handler(logging.Handler):
            def emit(self, record):
                signal.raise_signal(signal.SIGINT)
        logging.getLogger("ecrhub").addHandler(Handler())
        ecrhub.set_log_level(logging.DEBUG)
        try:
            try:
                ecrhub.connect("http://refused")
            finally:
                ecrhub.set_log_level(None)
        except KeyboardInterrupt:
            print("interrupted")
        """
    )
    assert out == "interrupted\n"


CTRL_C_IN_A_HANDLER = """
    import logging, signal, sys, ecrhub
    url, what, journal = sys.argv[1:]
    is_on = False
    class Handler(logging.Handler):
        def emit(self, record):
            if is_on and what in record.getMessage():
                signal.raise_signal(signal.SIGINT)
    logging.getLogger("ecrhub").addHandler(Handler())
    ecrhub.set_log_level(ecrhub.TRACE)
"""


def after_ctrl_c(code: str, *arguments: str) -> str:
    return till.run(textwrap.dedent(CTRL_C_IN_A_HANDLER) + textwrap.dedent(code), *arguments)


@pytest.mark.parametrize("module", [ecrhub, ecrhub.aio])
def test_ctrl_c_while_connecting_leaves_no_terminal_behind(
    module: Any, simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = _native.library.ecrhub_connect

    def connect_and_log(text: bytes, handle: object) -> int:
        status: int = connect(text, handle)
        _native.postponed = KeyboardInterrupt()
        return status

    async def try_it() -> None:
        with pytest.raises(KeyboardInterrupt):
            module.connect(simulator.url, app_id="tests", journal=tmp_path / "till.db")

    with monkeypatch.context() as patch:
        patch.setattr(_native.library, "ecrhub_connect", connect_and_log)
        asyncio.run(try_it())
    # It would have been connected by now.
    time.sleep(0.3)
    assert simulator.get("state")["connections"] == 0


def test_ctrl_c_while_a_request_is_logged_does_not_lose_its_id(simulator: Simulator) -> None:
    out = after_ctrl_c(
        """
        with ecrhub.connect(url, app_id="tests") as terminal:
            terminal.query("A1")
            message = {"topic": "ecrhub.pay.order", "request_id": "mine",
                       "biz_data": {"trans_type": "1", "merchant_order_no": "A2", "order_amount": "1.00"}}
            is_on = True
            try:
                print("submitted", terminal.submit(message))
            except ecrhub.Interrupted as interrupted:
                is_on = False
                print("interrupted", interrupted.request_id)
            for event in terminal.events(timeout=10):
                if isinstance(event, ecrhub.Completed):
                    print(event.request_id, event.outcome)
                    break
        """,
        simulator.url,
        "",
        "",
    )
    assert out.split() == ["interrupted", "mine", "mine", "approved"]


def test_ctrl_c_after_a_call_comes_when_what_it_did_is_known(
    terminal: ecrhub.Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if it had come while the call was logged."""
    result = terminal.sale(order_no="A1", amount="1.00")
    mail = terminal._waits.mailbox
    correction = read_event(json.dumps({"event": "clarified", "request_id": result.request_id}))
    assert isinstance(correction, ecrhub.Clarified)
    mail._corrections[result.request_id] = mail._received[result.request_id] = correction
    monkeypatch.setattr(_native, "postponed", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        terminal.acknowledge(result)
    assert mail._corrections == mail._received == {} and terminal.pending() == []
    monkeypatch.setattr(_native, "postponed", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        terminal.disconnect()
    assert terminal._is_closed and terminal._waits.is_over
