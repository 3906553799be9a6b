"""What is raised when something is refused. Never for a declined payment: that is an outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Dict, List, Tuple, Type

from ._contract import STATUSES


class LibraryError(ImportError):
    """The shared library is not there, does not load, or is of another ABI version. It says which, and where it looked.

    >>> try:
    ...     import ecrhub
    ... except ecrhub.LibraryError as error:  # or ImportError, where the name is not known yet
    ...     print(error)
    """


class Error(Exception):
    """Something was refused, and nothing was changed. Every error of this package is one of these.

    ``name`` and ``status`` are the library's own, for a log or a support call.

    >>> try:
    ...     ecrhub.connect("http://127.0.0.1")
    ... except ecrhub.Error as error:
    ...     print(error.name, error.status)
    ECRHUB_ERR_CONFIG -3
    """

    #: "ECRHUB_ERR_REQUEST"
    name: str = "ECRHUB_ERR_INTERNAL"

    @property
    def status(self) -> int:
        """The library's number, negative for what was refused."""
        return STATUSES.get(self.name, STATUSES["ECRHUB_ERR_INTERNAL"])


class ArgumentError(Error, ValueError):
    """An argument is out of range, or there is no such request.

    >>> with ecrhub.connect(url, app_id="demo") as terminal:
    ...     terminal.acknowledge("nobody", "approved")
    Traceback (most recent call last):
    ecrhub.ArgumentError: ...nobody...
    """

    name = "ECRHUB_ERR_ARGUMENT"


class HandleError(Error):
    """The terminal has been disconnected.

    >>> with ecrhub.connect(url, app_id="demo") as terminal:
    ...     pass
    >>> terminal.query("A1001")
    Traceback (most recent call last):
    ecrhub.HandleError: the terminal ws://127.0.0.1:... is disconnected
    """

    name = "ECRHUB_ERR_HANDLE"


class ConfigError(Error, ValueError):
    """The configuration is refused; the text names the key and what it may be.

    >>> ecrhub.connect(url, order_timeout_ms=0)
    Traceback (most recent call last):
    ecrhub.ConfigError: ...order_timeout_ms...
    """

    name = "ECRHUB_ERR_CONFIG"


class JsonError(Error, ValueError):
    """The message is not JSON, or not a JSON object.

    >>> with ecrhub.connect(url, app_id="demo") as terminal:
    ...     terminal.send('{"topic":')
    Traceback (most recent call last):
    ecrhub.JsonError: ...
    """

    name = "ECRHUB_ERR_JSON"


@dataclass(frozen=True)
class FieldFault:
    """One field that breaks the protocol.

    >>> with ecrhub.connect(url, app_id="demo") as terminal:
    ...     try:
    ...         terminal.sale(order_no="A1001", amount="-5")
    ...     except ecrhub.RequestError as error:
    ...         print(error.faults[0].field)
    biz_data.order_amount
    """

    #: Its name, with ``biz_data.`` in front where it lies there.
    field: str
    #: The rule it breaks, and what it was.
    rule: str

    def __str__(self) -> str:
        return f"{self.field}: {self.rule}" if self.field else self.rule


class RequestError(Error, ValueError):
    """The request breaks the protocol; nothing was sent.

    >>> with ecrhub.connect(url, app_id="demo") as terminal:
    ...     try:
    ...         terminal.sale(order_no="A-1", amount="-5")
    ...     except ecrhub.RequestError as error:
    ...         for fault in error.faults:
    ...             print(fault.field, "->", fault.rule)
    biz_data.merchant_order_no -> at most 32 alphanumeric characters, got "A-1"
    biz_data.order_amount -> 1 to 12 digits, and optionally a point and 1 to 4 digits, got "-5"
    """

    name = "ECRHUB_ERR_REQUEST"

    @property
    def faults(self) -> List[FieldFault]:
        """Every field that is wrong."""
        return [_fault(text) for text in _split_outside_quotes(str(self))]


class DuplicateError(Error):
    """The order's number or the ``request_id`` has been used already: an order is never sent twice.

    >>> with ecrhub.connect(url, app_id="demo") as terminal:
    ...     result = terminal.sale(order_no="A1001", amount="34.50")
    ...     terminal.sale(order_no="A1001", amount="34.50")
    Traceback (most recent call last):
    ecrhub.DuplicateError: ...A1001...
    """

    name = "ECRHUB_ERR_DUPLICATE"


class BusyError(Error):
    """Too many requests in flight, or too many completions that nobody has fetched.

    >>> message = {"topic": "ecrhub.pay.query", "biz_data": {"merchant_order_no": "A1001"}}
    >>> with ecrhub.connect(url, app_id="demo", max_in_flight=1) as terminal:
    ...     for _ in range(1_000):
    ...         request_id = terminal.submit(message)  # and nobody takes the events
    Traceback (most recent call last):
    ecrhub.BusyError: ...max_in_flight...
    """

    name = "ECRHUB_ERR_BUSY"


class JournalError(Error):
    """The journal cannot be opened, read or written; the text names the file and the remedy.

    >>> ecrhub.connect(url, app_id="demo", journal=folder / "missing" / "till.db")
    Traceback (most recent call last):
    ecrhub.JournalError: ...missing...
    """

    name = "ECRHUB_ERR_JOURNAL"


class ForkedError(Error):
    """The terminal belongs to the process that this one was forked from. Connect anew in the child.

    >>> def in_the_child(terminal):
    ...     try:
    ...         return terminal.query("A1001")
    ...     except ecrhub.ForkedError:
    ...         with ecrhub.connect(url, app_id="demo") as own:
    ...             return own.query("A1001")
    """

    name = "ECRHUB_ERR_FORKED"


class UnsupportedError(Error):
    """Not available on this system, or not while a log record is being handled.

    >>> import logging
    >>> class Handler(logging.Handler):
    ...     def emit(self, record):
    ...         try:
    ...             terminal.state()
    ...         except ecrhub.UnsupportedError:
    ...             pass  # What a handler wants to know, somebody else must ask.
    """

    name = "ECRHUB_ERR_UNSUPPORTED"


class InternalError(Error):
    """A bug in the library, caught.

    >>> with ecrhub.connect(url, app_id="demo") as terminal:
    ...     try:
    ...         answer = terminal.query("A1001")
    ...     except ecrhub.InternalError as error:
    ...         print("please report this:", error)
    """

    name = "ECRHUB_ERR_INTERNAL"


class WaitEndedError(Error):
    """The terminal was disconnected while this waited. **The request lives on**: with a journal, the next ``connect``
    finds out what became of it.

    >>> import threading
    >>> terminal = ecrhub.connect(url, app_id="demo")
    >>> threading.Timer(0.2, terminal.disconnect).start()
    >>> try:
    ...     result = terminal.sale(order_no="A1001", amount="10.13", request_id="mine")  # nobody pays
    ... except ecrhub.WaitEndedError as error:
    ...     print(error.request_id)
    mine
    """

    name = "ECRHUB_INTERRUPTED"

    def __init__(self, request_id: str) -> None:
        super().__init__(request_id)
        #: The request that is still in flight.
        self.request_id: str = request_id

    def __str__(self) -> str:
        return (
            f'the terminal was disconnected; the request "{self.request_id}" lives on, '
            "and a journal finds out what became of it at the next connect"
        )


class Interrupted(KeyboardInterrupt):
    """Ctrl-C ended a wait. **The request lives on**: its completion comes by ``events()``.

    It is a ``KeyboardInterrupt``, and ends a program that does not look.

    >>> with ecrhub.connect(url, app_id="demo") as terminal:
    ...     try:
    ...         result = terminal.sale(order_no="A1001", amount="34.50")
    ...     except ecrhub.Interrupted as interrupted:
    ...         print("not known yet:", interrupted.request_id)
    ...         terminal.close("A1001")
    """

    #: What the library calls it.
    name: ClassVar[str] = "ECRHUB_INTERRUPTED"

    def __init__(self, request_id: str) -> None:
        super().__init__(request_id)
        #: The request that is still in flight.
        self.request_id: str = request_id

    def __str__(self) -> str:
        return in_flight(self.request_id)


def in_flight(request_id: str) -> str:
    """What a person should know about a request whose wait was ended."""
    return f'the wait was ended; the request "{request_id}" lives on, and its completion comes by events()'


def cut_short(error: BaseException, request_id: str) -> None:
    """For a call that an exception of a signal's handler ended: Ctrl-C is raised as :class:`Interrupted`, and any other
    carries the request. It may have come before the library had the request; it is never sent again."""
    if type(error) is KeyboardInterrupt:
        raise Interrupted(request_id).with_traceback(error.__traceback__) from None
    if type(error) is Interrupted and error.request_id != request_id:
        # In a handler, of a request of the handler's.
        raise Interrupted(request_id).with_traceback(error.__traceback__) from error
    say_in_flight(error, request_id)


def say_in_flight(error: BaseException, request_id: str) -> None:
    """Has an exception of somebody else's carry the request that is still in flight, as ``request_id`` and as a note."""
    try:
        error.request_id = request_id  # type: ignore[attr-defined]
        error.add_note(in_flight(request_id))  # type: ignore[attr-defined, unused-ignore]
    except AttributeError:
        pass  # Notes are there from Python 3.11 on, and some exceptions take no attributes.


BY_STATUS: Dict[int, Type[Error]] = {
    STATUSES[error.name]: error
    for error in (
        ArgumentError,
        HandleError,
        ConfigError,
        JsonError,
        RequestError,
        DuplicateError,
        BusyError,
        JournalError,
        ForkedError,
        UnsupportedError,
        InternalError,
    )
}


def _fault(text: str) -> FieldFault:
    field, colon, rule = text.partition(": ")
    return FieldFault(field, rule) if colon else FieldFault("", text)


def _split_outside_quotes(text: str) -> List[str]:
    """The parts between ``"; "``, but not those within a quoted value."""
    parts: List[str] = []
    start = 0
    for place in _semicolons(text):
        parts.append(text[start:place])
        start = place + 2
    return [*parts, text[start:]]


def _semicolons(text: str) -> Tuple[int, ...]:
    places: List[int] = []
    is_quoted = is_escaped = False
    for place, character in enumerate(text):
        if is_escaped:
            is_escaped = False
        elif character == "\\":
            is_escaped = is_quoted
        elif character == '"':
            is_quoted = not is_quoted
        elif not is_quoted and text.startswith("; ", place):
            places.append(place)
    return tuple(places)
