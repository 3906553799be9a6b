//! The C boundary: the only place that knows C.
