//! The state machine of one terminal: bytes, time and randomness come in, actions and events come out.

#![forbid(unsafe_code)]
