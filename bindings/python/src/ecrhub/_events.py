"""What a terminal tells: completions and everything else, each a frozen object that keeps the whole text."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Mapping, Optional

from ._contract import Outcome, ResponseFields
from ._requests import Number


#: Reads JSON with every number in its own digits, so that no amount passes through binary floating point. Made once:
#: ``json.loads`` would make it anew for every message.
read_json: Callable[[str], Any] = json.JSONDecoder(parse_int=Number, parse_float=Number).decode


@dataclass(frozen=True)
class Failure:
    """Why there is no better outcome, or why a connection was lost.

    >>> with ecrhub.connect("ws://127.0.0.1:1", app_id="demo", send_timeout_ms=100) as terminal:
    ...     result = terminal.query("A1001")
    >>> result.outcome.value, result.error.stage, result.error.name
    ('not_sent', 'send', 'ECRHUB_TIMEOUT')
    """

    #: The library's number for it.
    status: int
    #: "ECRHUB_ERR_TERMINAL"
    name: str
    #: Where it went wrong: "resolve", "connect", "handshake", "send", "receive", "heartbeat", "terminal", "journal",
    #: "recovery".
    stage: str
    #: A sentence for a person.
    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Event:
    """Something that happened. One of a kind that this package does not know is a plain ``Event``.

    >>> with ecrhub.connect(url, app_id="demo") as terminal:
    ...     event = terminal.next_event(timeout=10)
    >>> event.event, event.at.year > 2000, event.is_kept
    ('connected', True, False)
    """

    #: "connected", "disconnected", "completed", "recovering", "clarified", "message", "protocol_error".
    event: str
    #: Milliseconds since 1970.
    at_ms: int
    #: The whole event as the library told it, JSON.
    raw: str = field(repr=False)

    @property
    def at(self) -> datetime.datetime:
        """When it happened, in UTC."""
        return datetime.datetime.fromtimestamp(self.at_ms / 1000, datetime.timezone.utc)

    @property
    def is_kept(self) -> bool:
        """Whether it waits until somebody takes it; of the others, the oldest go first past a thousand."""
        return False

    def __str__(self) -> str:
        return f"{self.event}: {_one_line(self.raw)}"


@dataclass(frozen=True)
class Connected(Event):
    """The connection stands.

    >>> with ecrhub.connect(url, app_id="demo") as terminal:
    ...     print(terminal.next_event(timeout=10))
    connected to ws://127.0.0.1:...
    """

    #: The terminal's address.
    url: str

    def __str__(self) -> str:
        return f"connected to {self.url}"


@dataclass(frozen=True)
class Disconnected(Event):
    """The connection is lost or could not be made; it is tried again by itself.

    >>> with ecrhub.connect("ws://127.0.0.1:1", app_id="demo") as terminal:
    ...     event = terminal.next_event(timeout=10)
    >>> print(event)
    disconnected: ...; trying again in ... ms
    >>> event.error.name, event.retry_in_ms > 0
    ('ECRHUB_ERR_TERMINAL', True)
    """

    #: Why.
    error: Failure
    #: When it is tried again, milliseconds from then.
    retry_in_ms: int

    def __str__(self) -> str:
        return f"disconnected: {_one_line(self.error.message)}; trying again in {self.retry_in_ms} ms"


@dataclass(frozen=True)
class Difference:
    """A field in which the answer to an approved order departs from what was asked.

    >>> print(ecrhub.Difference(asked="30.00", answered="20.00"))
    20.00 instead of 30.00
    """

    #: What the order said.
    asked: str
    #: What the terminal answered.
    answered: str

    def __str__(self) -> str:
        return f"{self.answered} instead of {self.asked}"


@dataclass(frozen=True)
class Code:
    """What the terminal's code means, and what the cashier should do.

    >>> with ecrhub.connect(url, app_id="demo") as terminal:
    ...     result = terminal.sale(order_no="A1001", amount="10.06")
    >>> if result.code:
    ...     print(result.code.response_code, result.code.text)
    120 ...
    """

    #: ``response_code``.
    response_code: Optional[str]
    #: The code in brackets in ``response_msg``, "K026".
    inner: Optional[str]
    #: What it means.
    text: str
    #: One sentence on what the cashier should do.
    advice: str

    def __str__(self) -> str:
        return self.text


class _Answered(ResponseFields):
    """What has a response of the terminal's."""

    #: The response's fields, text to text: those of its ``biz_data`` over those of its envelope, documented or not. What is
    #: no text is as it was written.
    fields: Mapping[str, str]
    #: Where the answer to an approved order departs from what was asked, by the field's name: ``order_amount`` after a
    #: partial approval, ``price_currency``, ``trans_type``. Empty where nothing does.
    differs: Mapping[str, Difference]
    #: The terminal's code in words; None without one.
    code: Optional[Code]

    def field(self, name: str) -> Optional[str]:
        """One of :attr:`fields`. None where it is missing or empty.

        >>> with ecrhub.connect(url, app_id="demo") as terminal:
        ...     result = terminal.sale(order_no="A1001", amount="34.50")
        >>> result.field("order_amount"), result.field("no_such_field")
        ('34.50', None)
        """
        return self.fields.get(name) or None

    def _told(self) -> List[str]:
        """What of the response is worth a line: amount, transaction, card, and the terminal's words."""
        parts: List[str] = []
        amount = self.order_amount or self.total_amount
        if amount:
            parts.append(f"{amount} {self.price_currency}" if self.price_currency else amount)
        if self.trans_no:
            parts.append(f"transaction {self.trans_no}")
        if self.card_no:
            parts.append(f"card {self.card_no}")
        if self.response_msg:
            parts.append(f'the terminal says "{self.response_msg}" ({self.response_code or "no code"})')
        parts += [f"{name} is {difference}" for name, difference in self.differs.items()]
        return parts


@dataclass(frozen=True)
class Completed(_Answered, Event):
    """A request is over: what happened, told once. The verbs return it; **look at its outcome**.

    >>> with ecrhub.connect(url, app_id="demo") as terminal:
    ...     result = terminal.sale(order_no="A1001", amount="34.50", currency="USD")
    >>> result.outcome is ecrhub.Outcome.APPROVED, result.approved, result.order_amount
    (True, True, '34.50')
    >>> print(result)
    approved A1001: 34.50 USD, transaction 5021..., card ...******...
    """

    #: The request's id, for :meth:`Terminal.acknowledge`.
    request_id: str
    #: The request's topic.
    topic: str
    #: The order's number, where the request had one.
    merchant_order_no: Optional[str]
    #: What happened.
    outcome: Outcome
    #: Whether it left this machine: "no", "maybe", "yes".
    sent: str
    #: The response's fields, text to text: ``biz_data``'s over the envelope's, documented or not.
    fields: Mapping[str, str]
    #: Where an approved order is not the one that was asked for, by the field's name (a partial approval). **Look at it
    #: before the goods are handed over.**
    differs: Mapping[str, Difference]
    #: The terminal's code in words, with advice for the cashier.
    code: Optional[Code]
    #: The terminal's whole message; its numbers are :class:`Number`, texts with their digits.
    response: Optional[Mapping[str, Any]]
    #: Why there is no better outcome.
    error: Optional[Failure]
    #: It did not come as the direct answer on the same connection.
    recovered: bool
    #: It was told before, perhaps by an earlier process, and not acknowledged.
    retold: bool
    #: From acceptance to completion, milliseconds.
    elapsed_ms: int

    __hash__ = Event.__hash__

    @property
    def approved(self) -> bool:
        """Whether the money moved: the outcome is ``approved``."""
        return self.outcome is Outcome.APPROVED

    @property
    def is_kept(self) -> bool:
        """See :attr:`Event.is_kept`."""
        return True

    def __str__(self) -> str:
        parts = self._told()
        if self.outcome is Outcome.UNKNOWN:
            parts.insert(0, "money may have moved")
        if self.error is not None:
            parts.append(self.error.message)
        parts += [word for word, is_so in (("recovered", self.recovered), ("told again", self.retold)) if is_so]
        return _line(f"{self.outcome} {self.merchant_order_no or self.topic}", parts)


@dataclass(frozen=True)
class Clarified(_Answered, Event):
    """Corrects an outcome that was reported earlier: an ``unknown`` is known now, a ``declined`` was paid after all, an
    ``approved`` was reversed. **Show it to a person.** It is acknowledged like a completion.

    >>> with ecrhub.connect(url, app_id="demo", journal=folder / "till.db") as terminal:
    ...     for event in terminal.events(timeout=0.1):
    ...         if isinstance(event, ecrhub.Clarified):
    ...             print(event.merchant_order_no, "was reported as", event.was, "and is", event.outcome)
    ...             terminal.acknowledge(event)
    """

    #: The order's ``request_id``.
    request_id: str
    #: The order's number.
    merchant_order_no: Optional[str]
    #: What happened after all.
    outcome: Outcome
    #: The outcome that was reported before.
    was: Outcome
    #: See :attr:`Completed.fields`.
    fields: Mapping[str, str]
    #: See :attr:`Completed.differs`.
    differs: Mapping[str, Difference]
    #: See :attr:`Completed.code`.
    code: Optional[Code]
    #: The terminal's whole message.
    response: Optional[Mapping[str, Any]]
    #: It was told before and not acknowledged.
    retold: bool

    __hash__ = Event.__hash__

    @property
    def is_kept(self) -> bool:
        """See :attr:`Event.is_kept`."""
        return True

    def __str__(self) -> str:
        parts = self._told()
        if self.retold:
            parts.append("told again")
        return _line(f"clarified {self.merchant_order_no or self.request_id} from {self.was} to {self.outcome}", parts)


@dataclass(frozen=True)
class Recovering(Event):
    """An order's outcome is being found out; for the till's display.

    >>> with ecrhub.connect(url, app_id="demo") as terminal:
    ...     print(terminal.sale(order_no="A1001", amount="10.20").outcome)  # the terminal does not know
    ...     for event in terminal.events(timeout=0.1):
    ...         if isinstance(event, ecrhub.Recovering):
    ...             print(event)
    approved
    recovering A1001: ...
    """

    #: The order's ``request_id``.
    request_id: str
    #: The order's number.
    merchant_order_no: Optional[str]
    #: Why.
    reason: str

    def __str__(self) -> str:
        return f"recovering {self.merchant_order_no or self.request_id}: {_one_line(self.reason)}"


@dataclass(frozen=True)
class Message(Event):
    """The terminal said something nobody waits for.

    >>> with ecrhub.connect(url, app_id="demo") as terminal:
    ...     for event in terminal.events(timeout=0.1):
    ...         if isinstance(event, ecrhub.Message):
    ...             print(event.message, event.late_for)
    """

    #: What it said; its numbers are :class:`Number`.
    message: Any
    #: The ``request_id`` of the completed request it belongs to.
    late_for: Optional[str]

    __hash__ = Event.__hash__


@dataclass(frozen=True)
class ProtocolError(Event):
    """The terminal said something that is no message.

    >>> with ecrhub.connect(url, app_id="demo") as terminal:
    ...     for event in terminal.events(timeout=0.1):
    ...         if isinstance(event, ecrhub.ProtocolError):
    ...             print(event.detail, event.excerpt)
    """

    #: What is wrong with it.
    detail: str
    #: Its beginning, masked, at most 1 KiB.
    excerpt: str

    def __str__(self) -> str:
        return f"protocol_error: {_one_line(self.detail)}"


@dataclass(frozen=True)
class State:
    """A snapshot of a connection, for a status line or a support call.

    >>> with ecrhub.connect(url, app_id="demo") as terminal:
    ...     result = terminal.query("A1001")
    ...     state = terminal.state()
    >>> state.state, state.in_flight, state.journal
    ('connected', 0, None)
    """

    #: "connecting", "connected", or "waiting" for the next attempt.
    state: str
    url: str
    #: Requests whose completion is still to come.
    in_flight: int
    #: Events that nobody has taken.
    events_waiting: int
    #: How many bytes of them wait in the library.
    bytes_waiting: int
    #: Events that were dropped because too many waited; never completions.
    events_dropped: int
    #: How often the connection came back.
    reconnects: int
    #: How long the last ping took, milliseconds.
    last_ping_ms: Optional[int]
    #: The journal's file.
    journal: Optional[str]
    #: How many orders are open in the journal under terminals that nobody is connected to; 0 also where that cannot be
    #: read. ``terminal_was`` takes them over.
    elsewhere: int
    #: The whole snapshot, JSON.
    raw: str = field(repr=False)


@dataclass(frozen=True)
class Pending:
    """A request that is open.

    >>> with ecrhub.connect(url, app_id="demo") as terminal:
    ...     result = terminal.sale(order_no="A1001", amount="34.50")
    ...     [order] = terminal.pending()
    >>> order.merchant_order_no, order.state, str(order.outcome)
    ('A1001', 'unacknowledged', 'approved')
    """

    request_id: str
    merchant_order_no: Optional[str]
    topic: str
    #: The terminal's name in the journal.
    terminal: str
    #: It is an order of a terminal that nobody is connected to.
    is_elsewhere: bool
    #: "in_flight", "recovering", "unacknowledged" or "unknown".
    state: str
    outcome: Optional[Outcome]
    #: Since when, milliseconds since 1970.
    since_ms: int
    #: The request as it was sent, card data masked.
    request: Any

    __hash__ = None  # type: ignore[assignment]


def read_event(text: str) -> Event:
    """The event of this text."""
    members: Dict[str, Any] = read_json(text)
    kind = str(members.get("event"))
    common: Dict[str, Any] = {"event": kind, "at_ms": int(members.get("at", 0)), "raw": text}
    make = _MAKERS.get(kind)
    return make(members, common) if make else Event(**common)


def read_state(text: str, buffered: int, dropped: int) -> State:
    """The snapshot of this text; ``buffered`` and ``dropped`` events are those of this package."""
    members: Dict[str, Any] = read_json(text)
    ping = members.get("last_ping_ms")
    return State(
        state=members["state"],
        url=members["url"],
        in_flight=int(members["in_flight"]),
        events_waiting=int(members["events_waiting"]) + buffered,
        bytes_waiting=int(members.get("bytes_waiting", 0)),
        events_dropped=int(members["events_dropped"]) + dropped,
        reconnects=int(members["reconnects"]),
        last_ping_ms=None if ping is None else int(ping),
        journal=members.get("journal"),
        elsewhere=int(members.get("elsewhere") or 0),
        raw=text,
    )


def read_pending(text: str) -> List[Pending]:
    """The open requests of this text."""
    return [
        Pending(
            request_id=entry["request_id"],
            merchant_order_no=entry.get("merchant_order_no"),
            topic=entry["topic"],
            terminal=entry["terminal"],
            is_elsewhere=bool(entry.get("elsewhere")),
            state=entry["state"],
            outcome=None if entry.get("outcome") is None else Outcome.read(entry["outcome"]),
            since_ms=int(entry["since"]),
            request=entry.get("request"),
        )
        for entry in read_json(text)
    ]


def _completed(members: Mapping[str, Any], common: Mapping[str, Any]) -> Event:
    # A frozen dataclass sets each of its many fields by a call of its own, which takes as long as reading the message.
    completed = object.__new__(Completed)
    completed.__dict__.update(
        common,
        request_id=members["request_id"],
        topic=members["topic"],
        merchant_order_no=members.get("merchant_order_no"),
        outcome=Outcome.read(members.get("outcome")),
        sent=members.get("sent", "maybe"),
        fields=_object(members.get("fields")) or {},
        differs=_differences(members.get("differs")),
        code=_code(members.get("code")),
        response=_object(members.get("response")),
        error=_failure(members.get("error")),
        recovered=bool(members.get("recovered")),
        retold=bool(members.get("retold")),
        elapsed_ms=int(members.get("elapsed_ms", 0)),
    )
    return completed


def _clarified(members: Mapping[str, Any], common: Mapping[str, Any]) -> Event:
    return Clarified(
        **common,
        request_id=members["request_id"],
        merchant_order_no=members.get("merchant_order_no"),
        outcome=Outcome.read(members.get("outcome")),
        was=Outcome.read(members.get("was")),
        fields=_object(members.get("fields")) or {},
        differs=_differences(members.get("differs")),
        code=_code(members.get("code")),
        response=_object(members.get("response")),
        retold=bool(members.get("retold")),
    )


def _disconnected(members: Mapping[str, Any], common: Mapping[str, Any]) -> Event:
    error = _failure(members.get("error")) or Failure(0, "", "", "")
    return Disconnected(**common, error=error, retry_in_ms=int(members.get("retry_in_ms", 0)))


def _recovering(members: Mapping[str, Any], common: Mapping[str, Any]) -> Event:
    return Recovering(
        **common,
        request_id=members["request_id"],
        merchant_order_no=members.get("merchant_order_no"),
        reason=members.get("reason", ""),
    )


_MAKERS: Dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], Event]] = {
    "connected": lambda members, common: Connected(**common, url=members.get("url", "")),
    "disconnected": _disconnected,
    "completed": _completed,
    "recovering": _recovering,
    "clarified": _clarified,
    "message": lambda members, common: Message(
        **common, message=members.get("message"), late_for=members.get("late_for")
    ),
    "protocol_error": lambda members, common: ProtocolError(
        **common, detail=members.get("detail", ""), excerpt=members.get("raw", "")
    ),
}


def _object(value: Any) -> Optional[Mapping[str, Any]]:
    return value if isinstance(value, dict) else None  # pyright: ignore[reportUnknownVariableType]


def _failure(members: Optional[Mapping[str, Any]]) -> Optional[Failure]:
    if members is None:
        return None
    return Failure(
        status=int(members.get("status", 0)),
        name=members.get("name", ""),
        stage=members.get("stage", ""),
        message=members.get("message", ""),
    )


def _differences(members: Optional[Mapping[str, Any]]) -> Mapping[str, Difference]:
    return {name: Difference(each["asked"], each["answered"]) for name, each in (members or {}).items()}


def _code(members: Optional[Mapping[str, Any]]) -> Optional[Code]:
    if members is None:
        return None
    return Code(
        response_code=members.get("response_code"),
        inner=members.get("inner"),
        text=members.get("text", ""),
        advice=members.get("advice", ""),
    )


def _line(head: str, parts: List[str]) -> str:
    return _one_line(f"{head}: {', '.join(parts)}" if parts else head)


def _one_line(text: str) -> str:
    """Without line breaks, and without what no screen can show (half a surrogate pair)."""
    return " ".join(text.encode("utf-8", "replace").decode().split())
