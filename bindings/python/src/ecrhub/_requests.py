"""Requests as they are built: plain names become the protocol's, and nothing is checked but what JSON would hide."""

from __future__ import annotations

import itertools
import json
import math
import os
import secrets
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Dict, Mapping, Optional, Union

from . import _native
from ._contract import AMOUNTS, TOPICS, WIRE_NAMES, CallOptions, OrderFields

#: A message for the terminal: a mapping, or JSON text.
Message = Union[str, Mapping[str, Any]]

#: A file, or none.
Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]", None]

# Timeouts are 32 bits wide in C.
_LONGEST_MS = 2**31 - 1
# No amount has more digits; written out, a number like 1E+999999 would fill the memory.
_DIGITS = 40

_OPTIONS = frozenset(CallOptions.__annotations__)
_KNOWN = frozenset(OrderFields.__annotations__)


class Number(str):
    """A JSON number, in the digits in which it was written: ``int``, ``float`` and ``Decimal`` read it.

    >>> from decimal import Decimal
    >>> Decimal(ecrhub.Number("34.50")), int(ecrhub.Number("7"))
    (Decimal('34.50'), 7)
    """


@dataclass(frozen=True)
class Request:
    """What goes to the library. The id is known before it is sent, so a completion cannot come too early for its
    waiter, and a wait that is cut short knows what is in flight."""

    request_id: str
    text: bytes
    timeout_ms: int


def build_order(trans_type: str, named: Mapping[str, object], fields: Mapping[str, Any]) -> Request:
    """An order; ``named`` are the method's own parameters, ``fields`` those of :class:`OrderFields`."""
    unknown = sorted(fields.keys() - _KNOWN)
    if unknown:
        raise TypeError(
            f"{unknown[0]!r} is no field of an order; there are {', '.join(sorted(_KNOWN))}. "
            "Undocumented fields go into extra={...}"
        )
    return _build(TOPICS["order"], {"trans_type": trans_type}, {**named, **fields})


def build_about(topic: str, order_no: Optional[str], options: Mapping[str, Any]) -> Request:
    """A request that says nothing but which order it is about."""
    unknown = sorted(options.keys() - _OPTIONS)
    if unknown:
        raise TypeError(f"{unknown[0]!r} cannot be given here; there are {', '.join(sorted(_OPTIONS))}")
    return _build(topic, {}, {"order_no": order_no, **options})


def build_message(content: Message, timeout: Optional[float]) -> Request:
    """Any message, as it is; only a ``request_id`` is added where there is none."""
    timeout_ms = milliseconds(timeout)
    if isinstance(content, str):
        return _text_message(content, timeout_ms)
    if "request_id" not in content:
        content = {**content, "request_id": _ids.next()}
    request_id = content["request_id"]
    # The library takes a number for the text in which it is written.
    name = request_id if isinstance(request_id, str) else json.dumps(request_id, default=str)
    return Request(name, _to_json(content), timeout_ms)


def amount(value: object, name: str) -> str:
    """An amount as text, never in exponent form. A float or an int is a TypeError that says why."""
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        # One that is far too large or too small is refused by the library, in whatever form.
        return format(value, "f") if value.is_finite() and abs(value.adjusted()) < _DIGITS else str(value)
    if isinstance(value, float):
        why = "a float cannot hold most amounts exactly"
    elif isinstance(value, int):
        why = "a whole number could be meant as cents"
    else:
        why = f"{type(value).__name__} is neither"
    raise TypeError(f'{name}: an amount is text or a Decimal in major units, like "34.50"; {why}: got {value!r}')


def milliseconds(seconds: Optional[float]) -> int:
    """A timeout as C takes it: 0 is the configuration's."""
    if seconds is None:
        return 0
    if not seconds > 0:
        raise ValueError(f"timeout: seconds above zero expected, or None for the configuration's, got {seconds!r}")
    return math.ceil(min(seconds * 1000, _LONGEST_MS))


def _build(topic: str, first: Dict[str, object], given: Mapping[str, Any]) -> Request:
    biz_data = first
    for name, value in given.items():
        if value is not None and name not in _OPTIONS:
            wire = WIRE_NAMES.get(name, name)
            biz_data[wire] = amount(value, name) if wire in AMOUNTS else value
    extra: Mapping[str, object] = given.get("extra") or {}
    for name, value in extra.items():
        if name in biz_data:
            raise ValueError(f"extra: {name!r} is given by its own name already")
        biz_data[name] = value
    request_id = given.get("request_id")
    if request_id is None:
        request_id = _ids.next()
    elif not isinstance(request_id, str):
        raise TypeError(f"request_id: text expected, got {request_id!r}")
    envelope: Dict[str, object] = {"topic": topic, "request_id": request_id, "biz_data": biz_data}
    if given.get("app_id") is not None:
        envelope["app_id"] = given["app_id"]
    return Request(request_id, _to_json(envelope), milliseconds(given.get("timeout")))


def _text_message(text: str, timeout_ms: int) -> Request:
    data = _native.text_in(text, "message")
    request_id = _ids.next()
    try:
        content: object = json.loads(text, parse_int=Number, parse_float=Number)
    except (ValueError, RecursionError):
        # The library says what is wrong with it.
        return Request(request_id, data, timeout_ms)
    if isinstance(content, dict):
        members: Dict[str, object] = content  # pyright: ignore[reportUnknownVariableType]
        if "request_id" in members:
            return Request(str(members["request_id"]), data, timeout_ms)
        start = f'{{"request_id":"{request_id}"{"," if members else ""}'
        data = start.encode() + data.lstrip()[1:]
    return Request(request_id, data, timeout_ms)


def _to_json(content: Mapping[str, Any]) -> bytes:
    return _encoder.encode(content).encode()


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return amount(value, "message")
    if isinstance(value, Mapping):
        return dict(value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    raise TypeError(f"{type(value).__name__} has no JSON form: got {value!r}")


# Made once: json.dumps would make it anew for every message.
_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)


class _Ids:
    """Ids that no other process has, a forked one included."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        self._prefix = secrets.token_hex(8)
        self._count = itertools.count(1)

    def next(self) -> str:
        return f"{self._prefix}{next(self._count):012x}"


_ids = _Ids()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_ids.renew)
