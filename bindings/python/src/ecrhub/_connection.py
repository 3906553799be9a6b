"""What a terminal is, blocking or not: a handle, the verbs, and what needs no waiting."""

from __future__ import annotations

import ctypes
import json
import os
import warnings
from typing import TYPE_CHECKING, Callable, Generic, List, Mapping, Optional, TypeVar, Union

from . import _native
from ._contract import TOPICS, VERBS, Amount, Outcome
from ._errors import Error, ForkedError, HandleError, cut_short
from ._events import Clarified, Completed, Pending, State, read_pending, read_state
from ._mailbox import Mailbox
from ._requests import Message, Path, Request, build_about, build_message, build_order

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._contract import CallOptions, CashbackFields, Config, OrderFields

#: What a verb gives: a completion, or something to be awaited for it.
Answer = TypeVar("Answer", covariant=True)

#: A terminal of one kind or the other.
Opened = TypeVar("Opened")

#: Which request is meant: its id, or what told of it.
About = Union[str, Completed, Clarified]


class Connection(Generic[Answer]):
    """The part of a terminal that does not care how one waits.

    An order takes: ``order_no``, its own number of at most 32 letters and digits, never used before; amounts as text or
    ``Decimal`` in major units (``"34.50"`` is 34 dollars 50, and a float is a ``TypeError``); the fields of
    ``OrderFields`` by the protocol's names (``tip_amount``, ``attach``, ``expires`` in seconds, ...), undocumented ones in
    ``extra``; and ``timeout``, seconds to wait for the answer.

    What moves no money is an outcome. Raised is what was refused, and then nothing was sent: :class:`RequestError` with
    the field faults, :class:`DuplicateError` (a number was used before), :class:`BusyError`, :class:`JournalError`,
    :class:`HandleError` after a disconnect.
    """

    def __init__(self, handle: int, url: str) -> None:
        self._handle = handle
        self._url = url
        self._process = os.getpid()
        self._is_closed = False

    def _perform(self, request: Request) -> Answer:
        raise NotImplementedError

    def _mail(self) -> Mailbox:
        raise NotImplementedError

    def sale(
        self,
        *,
        order_no: str,
        amount: Amount,
        currency: Optional[str] = None,
        **fields: Unpack[OrderFields],
    ) -> Answer:
        """Takes a payment. ``amount`` in major units, ``currency`` as ISO 4217.

        >>> with ecrhub.connect(url, app_id="demo") as terminal:
        ...     result = terminal.sale(order_no="A1001", amount="34.50", currency="USD", tip_amount="5.00")
        ...     if result.approved:
        ...         print("paid, transaction", result.trans_no)
        ...     elif result.outcome is ecrhub.Outcome.BUSY:
        ...         print("another customer is paying: send it again with the same number")
        ...     elif result.outcome is ecrhub.Outcome.UNKNOWN:
        ...         print("money may have moved: ask a person, never sell again blindly")
        ...     else:
        ...         print("not paid:", result)
        paid, transaction 5021...
        """
        named = {"order_no": order_no, "amount": amount, "currency": currency}
        return self._perform(build_order(VERBS["sale"], named, fields))

    def void(
        self,
        *,
        order_no: str,
        original_order_no: str,
        amount: Optional[Amount] = None,
        currency: Optional[str] = None,
        **fields: Unpack[OrderFields],
    ) -> Answer:
        """Takes back a transaction of the same day, before it is settled. ``order_no`` is the void's own number.

        >>> with ecrhub.connect(url, app_id="demo") as terminal:
        ...     sold = terminal.sale(order_no="A1001", amount="34.50")
        ...     print(terminal.void(order_no="A1002", original_order_no="A1001").outcome)
        approved
        """
        named = {"order_no": order_no, "original_order_no": original_order_no, "amount": amount, "currency": currency}
        return self._perform(build_order(VERBS["void"], named, fields))

    def refund(
        self,
        *,
        order_no: str,
        original_order_no: str,
        amount: Amount,
        currency: Optional[str] = None,
        **fields: Unpack[OrderFields],
    ) -> Answer:
        """Gives money back, all or a part. ``order_no`` is the refund's own number.

        >>> with ecrhub.connect(url, app_id="demo") as terminal:
        ...     sold = terminal.sale(order_no="A1001", amount="34.50")
        ...     print(terminal.refund(order_no="A1002", original_order_no="A1001", amount="10.00").outcome)
        approved
        """
        named = {"order_no": order_no, "original_order_no": original_order_no, "amount": amount, "currency": currency}
        return self._perform(build_order(VERBS["refund"], named, fields))

    def authorize(
        self,
        *,
        order_no: str,
        amount: Amount,
        currency: Optional[str] = None,
        **fields: Unpack[OrderFields],
    ) -> Answer:
        """Holds an amount on the customer's card.

        >>> with ecrhub.connect(url, app_id="demo") as terminal:
        ...     print(terminal.authorize(order_no="A1001", amount="100.00").outcome)
        approved
        """
        named = {"order_no": order_no, "amount": amount, "currency": currency}
        return self._perform(build_order(VERBS["authorize"], named, fields))

    def complete(
        self,
        *,
        order_no: str,
        original_order_no: str,
        amount: Amount,
        currency: Optional[str] = None,
        **fields: Unpack[OrderFields],
    ) -> Answer:
        """Takes an amount that was authorized under ``original_order_no``.

        >>> with ecrhub.connect(url, app_id="demo") as terminal:
        ...     held = terminal.authorize(order_no="A1001", amount="100.00")
        ...     print(terminal.complete(order_no="A1002", original_order_no="A1001", amount="80.00").outcome)
        approved
        """
        named = {"order_no": order_no, "original_order_no": original_order_no, "amount": amount, "currency": currency}
        return self._perform(build_order(VERBS["complete"], named, fields))

    def cashback(
        self,
        *,
        order_no: str,
        amount: Amount,
        cashback_amount: Amount,
        currency: Optional[str] = None,
        **fields: Unpack[CashbackFields],
    ) -> Answer:
        """Takes a payment and has the customer given cash, ``cashback_amount`` in major units.

        >>> with ecrhub.connect(url, app_id="demo") as terminal:
        ...     print(terminal.cashback(order_no="A1001", amount="10.00", cashback_amount="20.00").outcome)
        approved
        """
        named = {"order_no": order_no, "amount": amount, "cashback_amount": cashback_amount, "currency": currency}
        return self._perform(build_order(VERBS["cashback"], named, fields))

    def query(self, order_no: str, **options: Unpack[CallOptions]) -> Answer:
        """Asks what became of an order. The outcome is the order's: ``approved`` says that it was paid.

        >>> with ecrhub.connect(url, app_id="demo") as terminal:
        ...     print(terminal.query("NEVERSOLD").outcome)
        not_found
        """
        return self._perform(build_about(TOPICS["query"], order_no, options))

    def close(self, order_no: Optional[str] = None, **options: Unpack[CallOptions]) -> Answer:
        """Has the terminal give up an order that waits for the customer. It does not end the connection:
        :meth:`disconnect` does.

        The outcome is ``ok`` or ``refused`` and says nothing about the order, which completes on its own.

        >>> with ecrhub.connect(url, app_id="demo") as terminal:
        ...     sold = terminal.sale(order_no="A1001", amount="34.50")
        ...     print(terminal.close("A1001").outcome)
        refused
        """
        return self._perform(build_about(TOPICS["close"], order_no, options))

    def send(self, message: Message, *, timeout: Optional[float] = None) -> Answer:
        """Sends any message, a mapping or JSON text with at least ``topic`` and ``biz_data``, and waits for its
        completion for ``timeout`` seconds.

        A text goes out as it is, but for a ``request_id`` where it has none. In a mapping a ``Decimal`` becomes text.

        >>> with ecrhub.connect(url, app_id="demo") as terminal:
        ...     print(terminal.send({"topic": "ecrhub.pay.query", "biz_data": {"merchant_order_no": "A1001"}}).outcome)
        not_found
        """
        return self._perform(build_message(message, timeout))

    def submit(self, message: Message, *, timeout: Optional[float] = None) -> str:
        """Sends any message and returns its ``request_id`` at once; what became of it comes by ``events()``. Should Ctrl-C
        come meanwhile, :class:`Interrupted` has the ``request_id``.

        >>> with ecrhub.connect(url, app_id="demo") as terminal:
        ...     request_id = terminal.submit({"topic": "ecrhub.pay.query", "biz_data": {"merchant_order_no": "A1001"}})
        ...     for event in terminal.events(timeout=10):
        ...         if isinstance(event, ecrhub.Completed) and event.request_id == request_id:
        ...             print(event.outcome)
        ...             break
        not_found
        """
        request = build_message(message, timeout)
        try:
            request_id = self._send(request)
            _native.give_way()
            return request_id
        except BaseException as error:
            if not isinstance(error, Error):
                cut_short(error, request.request_id)
            raise

    def acknowledge(self, about: About, outcome: Union[Outcome, str, None] = None) -> bool:
        """Says that the till has this outcome safe, in its own books: it is not told again. Call it after the till has
        stored the outcome, not before. Doing it again changes nothing. ``outcome`` is needed with a ``request_id``; an event
        has its own.

        False if the outcome has been corrected meanwhile: nothing is changed, and the correction (:class:`Clarified`)
        comes as an event, to be acknowledged itself.

        Raises :class:`ArgumentError` when there is no such request that has completed, and :class:`JournalError` when
        it could not be written: the outcome will be told again then.

        >>> with ecrhub.connect(url, app_id="demo") as terminal:
        ...     result = terminal.sale(order_no="A1001", amount="34.50")
        ...     # ... the till stores it ...
        ...     terminal.acknowledge(result)
        ...     terminal.pending()
        True
        []
        """
        if outcome is None and not isinstance(about, str):
            outcome = about.outcome
        word = _native.text_in("" if outcome is None else str(outcome), "outcome")
        request_id, handle, mail = _request_id(about), self._own(), self._mail()
        status: int = _native.library.ecrhub_acknowledge(handle, request_id, word)
        self._check(status if status < 0 else _native.OK)
        if status == _native.OK:
            with mail.lock:
                mail.forget_correction(request_id.decode())
        _native.give_way()
        return status == _native.OK

    def resolve(self, about: About, outcome: Union[Outcome, str], note: Optional[str] = None) -> None:
        """Writes down what a person decided about an order whose outcome is ``unknown``: ``approved``, ``declined``,
        ``cancelled`` or ``not_found``; and who decided it, why, in ``note``. The order counts as acknowledged.

        Raises :class:`ArgumentError` for another outcome, or an order that is not unknown; :class:`JournalError`.

        >>> with ecrhub.connect(url, app_id="demo") as terminal:
        ...     result = terminal.sale(order_no="A1001", amount="10.55", timeout=0.5)  # an answer is lost
        ...     print(result.outcome)
        ...     terminal.resolve(result, ecrhub.Outcome.APPROVED, "Ann looked at the terminal's list")
        unknown
        """
        word = _native.text_in(str(outcome), "outcome")
        reason = None if note is None else _native.text_in(note, "note")
        self._check(_native.library.ecrhub_resolve(self._own(), _request_id(about), word, reason))
        _native.give_way()

    def pending(self) -> List[Pending]:
        """The requests that are open, oldest first: in flight, being found out, not acknowledged, or unknown.

        >>> with ecrhub.connect(url, app_id="demo") as terminal:
        ...     result = terminal.sale(order_no="A1001", amount="34.50")
        ...     [(order.merchant_order_no, order.state) for order in terminal.pending()]
        [('A1001', 'unacknowledged')]
        """
        return read_pending(self._text(_native.library.ecrhub_pending))

    def state(self) -> State:
        """A snapshot, for a status line or a support call.

        >>> with ecrhub.connect(url, app_id="demo") as terminal:
        ...     result = terminal.query("A1001")
        ...     terminal.state().state
        'connected'
        """
        mail = self._mail()
        return read_state(self._text(_native.library.ecrhub_state), len(mail), mail.dropped)

    def _send(self, request: Request) -> str:
        """Hands a request to the library, once."""
        handle = self._own()
        request_id = ctypes.create_string_buffer(_native.REQUEST_ID_BYTES)
        send = _native.library.ecrhub_send
        self._check(send(handle, request.text, request.timeout_ms, request_id, len(request_id), None))
        return request_id.value.decode()

    def _text(self, fetch: ctypes._NamedFuncPointer) -> str:  # pyright: ignore[reportPrivateUsage]
        handle = self._own()
        try:
            return _native.text_out(fetch, handle)
        except HandleError:
            raise self._gone() from None

    def _check(self, status: int) -> None:
        """Raises what was refused, as :func:`_native.accept` does."""
        if status == _native.ERR_HANDLE:
            raise self._gone()
        _native.accept(status)

    def _gone(self) -> HandleError:
        return HandleError(f"the terminal {self._url} is disconnected")

    def _own(self) -> int:
        """The handle, in the process it belongs to. Before any lock is taken: in a forked child, one that a thread
        of the parent held would never be free."""
        if self._process != os.getpid():
            raise ForkedError(
                f"the terminal {self._url} belongs to the process {self._process}, from which this one was forked; "
                "connect anew here"
            )
        return self._handle

    def _disconnect(self) -> None:
        """Ends the handle. One that has ended already is as good."""
        status: int = _native.library.ecrhub_disconnect(self._own())
        if status != _native.ERR_HANDLE:
            _native.accept(status)
        self._is_closed = True

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__qualname__} {self._url}{', disconnected' if self._is_closed else ''}>"

    def __del__(self) -> None:
        # The library does not wait for the network here.
        if not getattr(self, "_is_closed", True) and self._process == os.getpid():
            was_open = _native.library.ecrhub_disconnect(self._handle) == _native.OK
            self._is_closed = True
            if was_open:
                warnings.warn(f"{self!r} was never disconnected", ResourceWarning, source=self, stacklevel=2)


def open_terminal(
    make: Callable[[int], Opened], url: str, app_id: Optional[str], journal: Path, config: Config
) -> Opened:
    """Starts connecting, and has the terminal made of the handle. The library says what is wrong with the configuration."""
    given: Mapping[str, object] = {
        "url": url,
        "app_id": app_id,
        "journal": None if journal is None else os.fsdecode(journal),
        **config,
    }
    text = json.dumps({key: value for key, value in given.items() if value is not None}, ensure_ascii=False)
    handle = _native.Handle()
    try:
        _native.check(_native.library.ecrhub_connect(text.encode(), ctypes.byref(handle)))
        return make(handle.value)
    except BaseException:
        # Ctrl-C. Nobody has the terminal, and it would go on connecting, with the journal locked.
        if handle.value:
            _native.library.ecrhub_disconnect(handle)
        raise


def _request_id(about: About) -> bytes:
    return _native.text_in(about if isinstance(about, str) else about.request_id, "request_id")
