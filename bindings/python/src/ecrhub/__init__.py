"""Take card payments on a CodePay Register terminal, and always learn what happened to the money.

>>> with ecrhub.connect(url, app_id="demo") as terminal:
...     result = terminal.sale(order_no="A1001", amount="34.50", currency="USD")
>>> print(result)
approved A1001: 34.50 USD, transaction ..., card ...

A declined payment is an outcome, not an exception: look at ``result.outcome``. Exceptions say that something was refused
and nothing was sent. :mod:`ecrhub.aio` has the same for ``asyncio``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _native
from ._contract import Amount, Outcome
from ._errors import (
    ArgumentError,
    BusyError,
    ConfigError,
    DuplicateError,
    Error,
    FieldFault,
    ForkedError,
    HandleError,
    InternalError,
    Interrupted,
    JournalError,
    JsonError,
    LibraryError,
    RequestError,
    UnsupportedError,
    WaitEndedError,
)
from ._events import (
    Clarified,
    Code,
    Completed,
    Connected,
    Difference,
    Disconnected,
    Event,
    Failure,
    Message,
    Pending,
    ProtocolError,
    Recovering,
    State,
)
from ._log import TRACE, set_log_level, shutdown
from ._requests import Number
from ._terminal import Terminal, connect

if TYPE_CHECKING:
    from . import aio

__all__ = [
    "TRACE",
    "Amount",
    "ArgumentError",
    "BusyError",
    "Clarified",
    "Code",
    "Completed",
    "ConfigError",
    "Connected",
    "Difference",
    "Disconnected",
    "DuplicateError",
    "Error",
    "Event",
    "Failure",
    "FieldFault",
    "ForkedError",
    "HandleError",
    "InternalError",
    "Interrupted",
    "JournalError",
    "JsonError",
    "LibraryError",
    "Message",
    "Number",
    "Outcome",
    "Pending",
    "ProtocolError",
    "Recovering",
    "RequestError",
    "State",
    "Terminal",
    "UnsupportedError",
    "WaitEndedError",
    "aio",
    "connect",
    "set_log_level",
    "shutdown",
    "version",
]

#: The library's version, "major.minor.patch".
version: str = _native.library.ecrhub_version().decode()
__version__ = version

# A traceback shows errors by the name they are caught under.
for _name in __all__:
    if _name != "aio" and getattr(globals()[_name], "__module__", "") == f"{__name__}._errors":
        globals()[_name].__module__ = __name__


def __getattr__(name: str) -> object:
    # asyncio takes longer to import than all the rest; who does not use it need not wait.
    if name == "aio":
        import importlib

        return importlib.import_module(f"{__name__}.aio")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
