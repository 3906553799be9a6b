"""The library's log goes to Python's."""

from __future__ import annotations

import logging
from typing import Iterator, List

import pytest

import ecrhub
from ecrhub import _log

from . import till


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
