//! As much of HTTP as the control API needs: one request a connection.

use std::net::Shutdown;

use mio::net::TcpStream;
use serde_json::{Value, json};

use super::link::Wire;

const MAX_HEAD: usize = 8 * 1024;
const MAX_BODY: usize = 1 << 20;

/// How long a client may take over its request and its answer.
const PATIENCE_MS: u64 = 10_000;

/// A whole request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HttpRequest {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// A status and the JSON that explains it.
pub(super) type Response = (u16, Value);

/// One call of the control API.
pub(super) struct Call {
    pub stream: TcpStream,
    pub until: u64,
    wire: Wire,
    answered: bool,
}

impl Call {
    pub fn new(stream: TcpStream, now: u64) -> Call {
        Call {
            stream,
            until: now.saturating_add(PATIENCE_MS),
            wire: Wire::default(),
            answered: false,
        }
    }

    /// Takes in what the socket has; false when the client has ended.
    pub fn receive(&mut self) -> bool {
        // A client may end its half after the request; the answer is still due.
        self.wire.fill(&mut self.stream) || (!self.answered && !self.wire.inbox().is_empty())
    }

    /// The request, once it is whole or hopeless.
    pub fn take_request(&mut self) -> Option<Result<HttpRequest, Response>> {
        if self.answered {
            self.wire.discard();
            return None;
        }
        let request = parse(self.wire.inbox()).transpose();
        self.answered = request.is_some();
        request
    }

    pub fn respond(&mut self, status: u16, body: &Value) {
        let body = format!("{body}\n");
        let head = format!(
            "HTTP/1.1 {status} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            reason(status),
            body.len()
        );
        self.wire.put(head.as_bytes());
        self.wire.put(body.as_bytes());
    }

    /// Sends what waits; false when the connection is broken.
    pub fn flush(&mut self) -> bool {
        let alive = self.wire.drain(&mut self.stream);
        if alive && self.answered && self.wire.drained() {
            let _ = self.stream.shutdown(Shutdown::Write);
        }
        alive
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        413 => "Content Too Large",
        _ => "Error",
    }
}

fn refuse<T>(status: u16, error: &str) -> Result<T, Response> {
    Err((status, json!({ "error": error })))
}

/// The request in these bytes; none while it is not all there.
fn parse(bytes: &[u8]) -> Result<Option<HttpRequest>, Response> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return if bytes.len() > MAX_HEAD {
            refuse(413, "the head is too large")
        } else {
            Ok(None)
        };
    };
    let Ok(head) = std::str::from_utf8(&bytes[..end]) else {
        return refuse(400, "the head is not UTF-8");
    };
    let mut lines = head.split("\r\n");
    let words: Vec<_> = lines.next().unwrap_or_default().split(' ').collect();
    let [method, target, "HTTP/1.1" | "HTTP/1.0"] = words[..] else {
        return refuse(400, "not an HTTP/1.1 request");
    };
    let headers: Vec<_> = lines.filter_map(|line| line.split_once(':')).collect();
    let mut length = 0;
    for (name, value) in &headers {
        if name.eq_ignore_ascii_case("transfer-encoding") {
            return refuse(400, "send a Content-Length, not a Transfer-Encoding");
        }
        if name.eq_ignore_ascii_case("content-length") {
            match value.trim().parse::<usize>() {
                Ok(count) if count <= MAX_BODY => length = count,
                Ok(_) => return refuse(413, "the body is larger than 1 MiB"),
                Err(_) => return refuse(400, "Content-Length is not a number"),
            }
        }
    }
    let Some(body) = bytes.get(end + 4..end + 4 + length) else {
        return Ok(None);
    };
    let path = target.split('?').next().unwrap_or_default();
    Ok(Some(HttpRequest {
        method: method.to_owned(),
        path: path.to_owned(),
        headers: headers
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        body: body.to_vec(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(bytes: &[u8]) -> Option<u16> {
        parse(bytes).err().map(|(status, _)| status)
    }

    #[test]
    fn waits_for_the_whole_request() {
        let whole = b"POST /next?x=1 HTTP/1.1\r\ncontent-length: 4\r\n\r\nslow";
        for cut in 0..whole.len() {
            assert_eq!(parse(&whole[..cut]).unwrap(), None);
        }
        let request = parse(whole).unwrap().unwrap();
        assert_eq!(
            (request.method.as_str(), request.path.as_str(), &request.body[..]),
            ("POST", "/next", &b"slow"[..])
        );
    }

    #[test]
    fn refuses_what_is_not_http() {
        assert_eq!(status(b"hello\r\n\r\n"), Some(400));
        assert_eq!(status(b"GET / HTTP/1.1 x\r\n\r\n"), Some(400));
        assert_eq!(status(b"\xff\xfe\r\n\r\n"), Some(400));
        assert_eq!(status(b"GET / HTTP/1.1\r\ncontent-length: -1\r\n\r\n"), Some(400));
        assert_eq!(status(b"GET / HTTP/1.1\r\ncontent-length: 1048577\r\n\r\n"), Some(413));
        assert_eq!(status(b"GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"), Some(400));
        assert_eq!(status(&[b'x'; MAX_HEAD + 1]), Some(413));
    }
}
