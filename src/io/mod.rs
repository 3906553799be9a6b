//! The one I/O thread: event loop, sockets, name look-up, wake-ups.
