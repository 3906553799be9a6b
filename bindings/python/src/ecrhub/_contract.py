"""What this package knows of the library: numbers, words and names, and nothing of what they imply.

A test of the library's compares this page with its own tables.
"""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Dict, Mapping, Optional, Protocol, Sequence, TypedDict, Union, overload

if TYPE_CHECKING:
    from typing_extensions import Self

ABI_VERSION = 1

STATUSES = {
    "ECRHUB_OK": 0,
    "ECRHUB_TIMEOUT": 1,
    "ECRHUB_INTERRUPTED": 2,
    "ECRHUB_OUTDATED": 3,
    "ECRHUB_NOTHING": 4,
    "ECRHUB_ERR_ARGUMENT": -1,
    "ECRHUB_ERR_HANDLE": -2,
    "ECRHUB_ERR_CONFIG": -3,
    "ECRHUB_ERR_JSON": -4,
    "ECRHUB_ERR_REQUEST": -5,
    "ECRHUB_ERR_DUPLICATE": -6,
    "ECRHUB_ERR_BUFFER_TOO_SMALL": -7,
    "ECRHUB_ERR_BUSY": -8,
    "ECRHUB_ERR_JOURNAL": -9,
    "ECRHUB_ERR_FORKED": -10,
    "ECRHUB_ERR_UNSUPPORTED": -11,
    "ECRHUB_ERR_INTERNAL": -12,
    "ECRHUB_ERR_TERMINAL": -13,
}

LOG_LEVELS = {
    "ECRHUB_LOG_OFF": 0,
    "ECRHUB_LOG_ERROR": 1,
    "ECRHUB_LOG_WARN": 2,
    "ECRHUB_LOG_INFO": 3,
    "ECRHUB_LOG_DEBUG": 4,
    "ECRHUB_LOG_TRACE": 5,
}

EVENTS = (
    "connected",
    "disconnected",
    "completed",
    "recovering",
    "clarified",
    "message",
    "protocol_error",
)

SENT = ("no", "maybe", "yes")

STAGES = (
    "resolve",
    "connect",
    "handshake",
    "send",
    "receive",
    "heartbeat",
    "terminal",
    "journal",
    "recovery",
)

TOPICS = {
    "order": "ecrhub.pay.order",
    "query": "ecrhub.pay.query",
    "close": "ecrhub.pay.close",
}

VERBS = {
    "sale": "1",
    "void": "2",
    "refund": "3",
    "authorize": "4",
    "complete": "6",
    "cashback": "11",
}


class Outcome(str, enum.Enum):
    """What happened to the money; it decides what the till does next.

    The members are texts, so ``result.outcome == "approved"`` holds too.

    >>> ecrhub.Outcome("approved")
    <Outcome.APPROVED: 'approved'>
    >>> print(ecrhub.Outcome.NOT_FOUND)
    not_found
    """

    #: Done, money moved: record it.
    APPROVED = "approved"
    #: The terminal says no: the till may try again with a new number.
    DECLINED = "declined"
    #: Given up by a person or by a close: likewise.
    CANCELLED = "cancelled"
    #: The terminal has no record of it: likewise.
    NOT_FOUND = "not_found"
    #: The terminal is serving another customer: send it again with the same number, not with a new one.
    BUSY = "busy"
    #: Of a query: still being paid; ask again.
    IN_PROGRESS = "in_progress"
    #: It never left this machine: the till may send it again.
    NOT_SENT = "not_sent"
    #: Nobody could tell, money may have moved: ask a person, never sell again blindly. A word that this package does
    #: not know yet reads as this one; the word itself is in the event's ``raw``.
    UNKNOWN = "unknown"
    #: Of topics that move no money: success.
    OK = "ok"
    #: Of topics that move no money: no success.
    REFUSED = "refused"

    def __str__(self) -> str:
        return self.value

    @classmethod
    def read(cls, word: object) -> Outcome:
        """The outcome of this word; :attr:`UNKNOWN` for one that a later library may say."""
        return _OUTCOMES.get(word, cls.UNKNOWN)


_OUTCOMES: Dict[object, Outcome] = {outcome.value: outcome for outcome in Outcome}

#: An amount in major units, ``"34.50"`` for 34 dollars 50. Never a float, and never a whole number.
Amount = Union[str, Decimal]

#: The request's name of a field that a method names more plainly.
WIRE_NAMES = {
    "order_no": "merchant_order_no",
    "original_order_no": "orig_merchant_order_no",
    "amount": "order_amount",
    "currency": "price_currency",
}

#: Fields that are amounts.
AMOUNTS = frozenset({"order_amount", "tip_amount", "cashback_amount", "tax_amount"})


class CallOptions(TypedDict, total=False):
    """What every request may be given."""

    #: The request's own id, at most 64 characters, never used before. Without it, it gets one.
    request_id: Optional[str]
    #: In place of the connection's.
    app_id: Optional[str]
    #: Seconds to wait for the answer, in place of the connection's; finding out a lost answer takes longer.
    timeout: Optional[float]
    #: Undocumented fields for ``biz_data``, by their wire names.
    extra: Optional[Mapping[str, Any]]


class CashbackFields(CallOptions, total=False):
    """What every order may be given, by the names of the protocol."""

    #: A tip on top of the amount.
    tip_amount: Optional[Amount]
    #: Whether the terminal asks the customer for a tip.
    on_screen_tip: Optional[bool]
    #: "Visa", "WeChatPay", ...
    pay_method_id: Optional[str]
    #: "SWIPE_CARD", "SCANQR_PAY" (the customer scans), "BSCANQR_PAY" (the merchant scans), ...
    pay_scenario: Optional[str]
    #: "1" debit, "2" credit, "3" EBT, "4" gift.
    card_type: Optional[str]
    #: Comes back unchanged.
    attach: Optional[str]
    #: The goods or the service.
    description: Optional[str]
    #: An address the payment gateway calls.
    notify_url: Optional[str]
    #: Seconds after which the order may no longer be paid.
    expires: Union[int, str, None]
    #: Whether the cashier confirms on the terminal first.
    confirm_on_terminal: Optional[bool]
    #: Whether a void or a refund needs the manager at the terminal.
    required_terminal_authentication: Optional[bool]
    #: How the signature is shown.
    on_screen_signature: Optional[bool]
    #: "0" no receipt, "1" the merchant's, "2" the customer's, "3" both.
    receipt_print_mode: Optional[str]
    #: The tax within the amount.
    tax_amount: Optional[Amount]


class OrderFields(CashbackFields, total=False):
    """And what is a parameter of its own where cash is what it is about."""

    #: Cash for the customer.
    cashback_amount: Optional[Amount]


class Config(TypedDict, total=False):
    """What ``connect`` takes beside ``url``, ``app_id`` and ``journal``. ``_ms`` are milliseconds."""

    #: The terminal's name in the journal, where addresses change; the url by default.
    terminal: Optional[str]
    #: The terminal's former names: orders that are open under them are taken over.
    terminal_was: Optional[Sequence[str]]
    #: How long acknowledged orders stay in the journal, 400 by default.
    journal_keep_days: Optional[int]
    #: Name look-up, TCP and handshake together, 5000 by default.
    connect_timeout_ms: Optional[int]
    #: How long a request may wait to be sent, 10000 by default.
    send_timeout_ms: Optional[int]
    #: How long an order's answer may take, 180000 by default.
    order_timeout_ms: Optional[int]
    #: The same for all other topics, 30000 by default.
    request_timeout_ms: Optional[int]
    #: How long an order is found out before it is closed, 60000 by default.
    recovery_timeout_ms: Optional[int]
    #: Between two queries while it is found out, 2000 by default.
    recovery_interval_ms: Optional[int]
    #: Between two queries for an "unknown" order, 30000 by default; 0 for never.
    clarify_interval_ms: Optional[int]
    #: How many days after it became "unknown" an order is still asked about, 7 by default; 0 for no limit.
    clarify_days: Optional[int]
    #: When an order is asked about once more that ended without money moving, 30000 by default; 0 for never.
    second_look_ms: Optional[int]
    #: Whether an order that cannot be recovered is closed at the terminal, True by default. **False where several tills
    #: share a terminal**, which may take a close for another till's customer.
    close_lost_orders: Optional[bool]
    #: Between two pings, 15000 by default; 0 for never.
    ping_interval_ms: Optional[int]
    #: Between two pings while a request is in flight, 2000 by default; 0 for as at other times.
    ping_interval_busy_ms: Optional[int]
    #: Without an answer to a ping the connection is lost, 10000 by default.
    ping_timeout_ms: Optional[int]
    #: The shortest pause before connecting again, 500 by default.
    reconnect_min_ms: Optional[int]
    #: The longest, 15000 by default.
    reconnect_max_ms: Optional[int]
    #: The longest message the terminal may send, 4194304 by default.
    max_message_bytes: Optional[int]
    #: How many bytes of events may wait before the oldest are dropped that report no outcome, 16777216 by default.
    max_queue_bytes: Optional[int]
    #: Requests in flight and completions not fetched, 1024 by default.
    max_in_flight: Optional[int]
    #: "strict", or "lenient": checks only what an answer could not be matched without.
    validation: Optional[str]


class HasFields(Protocol):
    """What has the fields of a response."""

    def field(self, name: str) -> Optional[str]:
        """The field of this name."""
        ...


class ResponseField:
    """A field of the terminal's response, as text; None where it is missing or empty."""

    def __init__(self, doc: str) -> None:
        self.__doc__ = doc
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: HasFields, owner: type) -> Optional[str]: ...
    def __get__(self, instance: Optional[HasFields], owner: type) -> Union[Self, Optional[str]]:
        return self if instance is None else instance.field(self._name)


class ResponseFields:
    """The fields responses are known to carry. Each is the text the terminal wrote, or None.

    ``merchant_order_no`` is not among them: an event has one of its own, which is there without a response too.
    """

    response_code = ResponseField('"000" is success; what it means for the money is the outcome.')
    response_msg = ResponseField("The terminal's words on why it failed.")
    trans_no = ResponseField("CodePay's transaction number.")
    trans_status = ResponseField('"2" successful, "3" void, "4" captured, "1" failed, "0" and "9" not over.')
    pay_channel_trans_no = ResponseField("The payment channel's number.")
    discount_bmopc = ResponseField("The channel's discount that is not settled to the merchant.")
    discount_bpc = ResponseField("The channel's discount that is settled to the merchant.")
    trans_end_time = ResponseField('"YYYY-MM-DD HH:mm:ss" in the terminal\'s local time.')
    trans_type = ResponseField('What kind of order: "1" sale, "2" void, "3" refund, "4" authorization, ...')
    orig_merchant_order_no = ResponseField("The number of the order that this one takes back or completes.")
    price_currency = ResponseField('ISO 4217, "USD".')
    order_amount = ResponseField("The amount as the terminal says it, in major units.")
    tip_amount = ResponseField("The tip, in major units.")
    cashback_amount = ResponseField("The cash for the customer, in major units.")
    pay_method_id = ResponseField('"Visa", "WeChatPay", ...')
    pay_scenario = ResponseField('"SWIPE_CARD", "SCANQR_PAY", "BSCANQR_PAY", ...')
    attach = ResponseField("What the order's attach was.")
    total_amount = ResponseField("All that was charged, in major units.")
    card_no = ResponseField("The masked card number.")
    card_brand = ResponseField("The card's brand.")
    auth_code = ResponseField("The issuer's authorization code.")
    ref_no = ResponseField("The reference number of the receipt.")
    entry_mode = ResponseField('How the card was read: "CHIP", "CONTACTLESS", ...')
    signature_url = ResponseField("Where the customer's signature lies.")
    merchant_no = ResponseField("The merchant's number.")


#: The wire names of all of them.
RESPONSE_FIELDS = (
    "merchant_order_no",
    *(name for name, value in vars(ResponseFields).items() if isinstance(value, ResponseField)),
)
