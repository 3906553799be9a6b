"""The shared library: where it is, and its functions as C declares them."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys
import threading
from ctypes import POINTER, c_char_p, c_int32, c_size_t, c_uint32, c_uint64, c_void_p
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

from ._contract import ABI_VERSION, STATUSES
from ._errors import BY_STATUS, ArgumentError, Error, LibraryError

Handle = c_uint64
LogFunction = ctypes.CFUNCTYPE(None, c_int32, c_char_p, c_void_p)

# A buffer is given as the address of its first byte: c_char_p would be for text that C only reads.
_TEXT_OUT = (c_void_p, c_size_t, POINTER(c_size_t))

#: Each function with what it returns and takes.
PROTOTYPES: Dict[str, Tuple[Any, Tuple[Any, ...]]] = {
    "ecrhub_abi_version": (c_uint32, ()),
    "ecrhub_version": (c_char_p, ()),
    "ecrhub_status_name": (c_char_p, (c_int32,)),
    "ecrhub_last_error": (c_int32, (*_TEXT_OUT,)),
    "ecrhub_connect": (c_int32, (c_char_p, POINTER(Handle))),
    "ecrhub_disconnect": (c_int32, (Handle,)),
    "ecrhub_shutdown": (c_int32, ()),
    "ecrhub_send": (c_int32, (Handle, c_char_p, c_int32, *_TEXT_OUT)),
    "ecrhub_poll": (c_int32, (Handle, c_int32, *_TEXT_OUT)),
    "ecrhub_call": (c_int32, (Handle, c_char_p, c_int32, *_TEXT_OUT)),
    "ecrhub_start": (c_int32, (Handle, c_char_p, c_int32, *_TEXT_OUT)),
    "ecrhub_wait": (c_int32, (Handle, c_char_p, c_int32, *_TEXT_OUT)),
    "ecrhub_wake": (c_int32, (Handle,)),
    "ecrhub_wait_fd": (c_int32, (Handle, POINTER(c_int32))),
    "ecrhub_wait_handle": (c_int32, (Handle, POINTER(c_void_p))),
    "ecrhub_state": (c_int32, (Handle, *_TEXT_OUT)),
    "ecrhub_pending": (c_int32, (Handle, *_TEXT_OUT)),
    "ecrhub_acknowledge": (c_int32, (Handle, c_char_p, c_char_p)),
    "ecrhub_resolve": (c_int32, (Handle, c_char_p, c_char_p, c_char_p)),
    "ecrhub_json_get": (c_int32, (c_char_p, c_char_p, *_TEXT_OUT)),
    "ecrhub_json_set": (c_int32, (c_char_p, c_char_p, c_char_p, *_TEXT_OUT)),
    "ecrhub_set_log": (c_int32, (LogFunction, c_void_p, c_int32)),
}

OK = STATUSES["ECRHUB_OK"]
TIMEOUT = STATUSES["ECRHUB_TIMEOUT"]
INTERRUPTED = STATUSES["ECRHUB_INTERRUPTED"]
ERR_HANDLE = STATUSES["ECRHUB_ERR_HANDLE"]
ERR_BUFFER_TOO_SMALL = STATUSES["ECRHUB_ERR_BUFFER_TOO_SMALL"]
ERR_UNSUPPORTED = STATUSES["ECRHUB_ERR_UNSUPPORTED"]

#: No request_id is longer, its NUL included.
REQUEST_ID_BYTES = 65

_ENVIRONMENT = "ECRHUB_LIBRARY"


def file_name(platform: str = sys.platform) -> str:
    """The library's file on this system."""
    return {"win32": "ecrhub.dll", "darwin": "libecrhub.dylib"}.get(platform, "libecrhub.so")


def load() -> ctypes.CDLL:
    """Finds the library, checks that it is the right one, and tells ctypes about its functions.

    What is there and does not load ends the search: another library in its place would be a surprise.
    """
    library = _find()
    _check_abi(library)
    for name, (restype, argtypes) in PROTOTYPES.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            raise LibraryError(f"{library._name} has no function {name}; it is no ecrhub library") from None
        function.restype = restype
        function.argtypes = argtypes
    return library


def _find() -> ctypes.CDLL:
    looked: List[str] = []
    beside = Path(__file__).with_name(file_name())
    if beside.exists():
        return _open(str(beside))
    looked.append(f"{beside} (beside the package): not there")
    named = os.environ.get(_ENVIRONMENT)
    if named:
        return _open(named)
    looked.append(f"the environment variable {_ENVIRONMENT}: not set")
    for name in _system_names():
        try:
            return ctypes.CDLL(name)
        except OSError as error:
            looked.append(f"{name} (on the system): {error}")
    places = "".join(f"\n  {place}" for place in looked)
    raise LibraryError(f"the library {file_name()} was not found. Looked at:{places}")


def _system_names() -> List[str]:
    if sys.platform.startswith("linux"):
        # The name that the library goes by, then the one that programs are built with. The loader knows where.
        return [file_name() + ".1", file_name()]
    found = ctypes.util.find_library("ecrhub")
    return [found] if found else [file_name()]


def _open(path: str) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(path)
    except OSError as error:
        raise LibraryError(f"the library {path} does not load: {error}") from error


def _check_abi(library: ctypes.CDLL) -> None:
    try:
        abi_version = library.ecrhub_abi_version
    except AttributeError:
        raise LibraryError(f"{library._name} has no function ecrhub_abi_version; it is no ecrhub library") from None
    abi_version.restype, abi_version.argtypes = PROTOTYPES["ecrhub_abi_version"]
    found = abi_version()
    if found != ABI_VERSION:
        raise LibraryError(
            f"{library._name} has ABI version {found}, this package needs {ABI_VERSION}: "
            "install the package and the library of one release"
        )


library = load()


def refused(status: int) -> Error:
    """The error for what this thread's last call returned."""
    buffer = ctypes.create_string_buffer(1024)
    library.ecrhub_last_error(buffer, len(buffer), None)
    error = BY_STATUS.get(status, Error)(buffer.value.decode())
    if status not in BY_STATUS:
        error.name = library.ecrhub_status_name(status).decode()
    return error


#: Ctrl-C that came while the log callback ran, in the main thread, inside a call into C.
postponed: Optional[BaseException] = None


def give_way() -> None:
    """Raises a Ctrl-C that could not be raised into C. Where nothing is lost by it: what the call before it has brought
    about must be known to somebody, or undone."""
    global postponed
    if postponed is not None and threading.current_thread() is threading.main_thread():
        error, postponed = postponed, None
        raise error


def accept(status: int) -> None:
    """Raises what was refused. After a call that was not, :func:`give_way` is still to come."""
    if status < 0:
        give_way()
        raise refused(status)


def check(status: int) -> None:
    """For a call that has brought about nothing that could be lost: both."""
    accept(status)
    give_way()


def text_in(text: str, what: str) -> bytes:
    """A text as C takes it. What lies behind a NUL would be lost on the way, so there may be none."""
    data = text.encode()
    if b"\0" in data:
        raise ArgumentError(f"{what}: a text without NUL expected, got {text[:48]!r}")
    return data


def text_out(fetch: Callable[..., int], *arguments: object) -> str:
    """What a function of the library writes, however long."""
    length = c_size_t()
    buffer = ctypes.create_string_buffer(4096)
    while True:
        status = fetch(*arguments, buffer, len(buffer), ctypes.byref(length))
        if status != ERR_BUFFER_TOO_SMALL:
            check(status)
            return buffer.value.decode()
        buffer = ctypes.create_string_buffer(length.value + 1)
