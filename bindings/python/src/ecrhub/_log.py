"""The library's log, in Python's; and the end of the library when Python ends."""

from __future__ import annotations

import atexit
import logging
import threading
from typing import Any, Optional

from . import _native
from ._contract import LOG_LEVELS

#: Below ``logging.DEBUG``: everything else the library says.
TRACE = 5

_logger = logging.getLogger("ecrhub")
_logger.addHandler(logging.NullHandler())

_OFF = LOG_LEVELS["ECRHUB_LOG_OFF"]
#: From the least to the most that is logged.
_LEVELS = (
    (logging.ERROR, LOG_LEVELS["ECRHUB_LOG_ERROR"]),
    (logging.WARNING, LOG_LEVELS["ECRHUB_LOG_WARN"]),
    (logging.INFO, LOG_LEVELS["ECRHUB_LOG_INFO"]),
    (logging.DEBUG, LOG_LEVELS["ECRHUB_LOG_DEBUG"]),
    (TRACE, LOG_LEVELS["ECRHUB_LOG_TRACE"]),
)
_PYTHON_LEVELS = {theirs: ours for ours, theirs in _LEVELS}


def set_log_level(level: Optional[int]) -> None:
    """Has the library's log go to the logger ``ecrhub``, from this level on: ``logging.ERROR``, ``WARNING``, ``INFO``
    (connections and orders), ``DEBUG`` (retries, refused calls) or ``ecrhub.TRACE``. ``None`` turns it off, as it is at first.

    Card numbers and signatures are masked. A handler may call nothing of this package: that raises
    :class:`UnsupportedError`. A forked child starts with the log off.

    >>> import logging
    >>> ecrhub.set_log_level(logging.INFO)
    >>> ecrhub.set_log_level(None)
    """
    theirs = _OFF
    for ours, known in _LEVELS:
        if level is not None and level <= ours:
            theirs = known
    if theirs == _OFF:
        _native.check(_native.library.ecrhub_set_log(_native.LogFunction(0), None, _OFF))
        return
    _logger.setLevel(level or TRACE)
    _native.check(_native.library.ecrhub_set_log(_callback(), None, theirs))


def _callback() -> Any:
    """The one function that the library calls. It lives as long as the process: C must never call a freed one."""
    global _function
    if _function is None:
        _function = _native.LogFunction(_tell)
    return _function


_function: Any = None


def _tell(level: int, message: bytes, _user_data: object) -> None:
    try:
        _logger.log(_PYTHON_LEVELS.get(level, logging.ERROR), "%s", message.decode("utf-8", "replace"))
    except BaseException as error:
        # A Ctrl-C that came meanwhile must not end here, and nothing can be raised into C: it comes after the call.
        if isinstance(error, Exception) or threading.current_thread() is not threading.main_thread():
            raise
        _native.postponed = error


def shutdown() -> None:
    """Ends every terminal of this process and the library's thread. It may be used again afterwards. Nobody needs to
    call it: it is done when Python ends.

    >>> terminal = ecrhub.connect(url, app_id="demo")
    >>> ecrhub.shutdown()
    >>> terminal.state()
    Traceback (most recent call last):
    ecrhub.HandleError: the terminal ws://127.0.0.1:... is disconnected
    """
    _native.check(_native.library.ecrhub_shutdown())


@atexit.register
def _at_exit() -> None:
    # No callback may come once the interpreter is going.
    _native.library.ecrhub_set_log(_native.LogFunction(0), None, _OFF)
    _native.library.ecrhub_shutdown()
