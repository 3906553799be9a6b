"""A Python program that simply ends while its log is on. With "shutdown", the library is shut down after Python has gone."""

import ctypes
import sys
import time

library = ctypes.CDLL(sys.argv[1])
config = sys.argv[2].encode()
calls = 0


@ctypes.CFUNCTYPE(None, ctypes.c_int32, ctypes.c_char_p, ctypes.c_void_p)
def say(_level: int, _message: bytes, _user_data: object) -> None:
    global calls
    calls += 1


# Its machine code stays, as a program's own would: what is tried is the end of the runtime that it runs in.
ctypes.pythonapi.Py_IncRef(ctypes.py_object(say))
assert library.ecrhub_set_log(say, None, 5) == 0
for _ in range(8):
    terminal = ctypes.c_uint64()
    assert library.ecrhub_connect(config, ctypes.byref(terminal)) == 0
if sys.argv[3:] == ["shutdown"]:
    # The C library's own list of what is done at the end, which comes after Python's.
    ctypes.CDLL(None).__cxa_atexit(library.ecrhub_shutdown, None, None)
while calls < 100:
    time.sleep(0.001)
