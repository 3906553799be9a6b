//! The hostile terminal: it plays an attack on each connection, until it is dropped. The `program` page makes a process
//! of it.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use tungstenite::handshake::derive_accept_key;

/// What it does with a connection. An error ends it: the library may hang up first.
pub type Attack = fn(&mut Victim) -> io::Result<()>;

/// The topic by which a till tells [`Victim::serve`] to begin.
pub const BEGIN: &str = "ecrhub.begin";

pub struct HostileTerminal {
    url: String,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    is_over: AtomicBool,
    /// Attacks that have begun.
    begun: AtomicUsize,
    open: Mutex<Vec<TcpStream>>,
}

impl HostileTerminal {
    pub fn start(attack: Attack) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared::default());
        let its_own = Arc::clone(&shared);
        let listening = std::thread::spawn(move || listen(&listener, &its_own, attack));
        HostileTerminal { url, shared, listening: Some(listening) }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// On how many of them the attack has begun: the handshake was read and all is prepared, or the connection has ended.
    pub fn begun(&self) -> usize {
        self.shared.begun.load(Ordering::Relaxed)
    }
}

impl Drop for HostileTerminal {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        // So that it comes back from `accept`.
        let _ = TcpStream::connect(self.url.trim_start_matches("ws://"));
        for stream in self.shared.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        let _ = self.listening.take().map(JoinHandle::join);
    }
}

fn listen(listener: &TcpListener, shared: &Arc<Shared>, attack: Attack) {
    let mut playing = Vec::new();
    for stream in listener.incoming().flatten() {
        if shared.is_over.load(Ordering::Relaxed) {
            break;
        }
        stream.set_nodelay(true).unwrap();
        let mut open = shared.open.lock().unwrap();
        // Whatever has ended is closed here too, so that a reset is one.
        open.retain(|stream| stream.peer_addr().is_ok());
        open.push(stream.try_clone().unwrap());
        drop(open);
        let shared = Arc::clone(shared);
        playing.push(std::thread::spawn(move || {
            let address = stream.peer_addr();
            let mut victim = Victim { stream, terminal: Arc::clone(&shared), has_begun: false };
            let _ = attack(&mut victim);
            victim.begin();
            let is_its = |open: &TcpStream| open.peer_addr().ok() != address.as_ref().ok().copied();
            shared.open.lock().unwrap().retain(is_its);
        }));
    }
    for thread in playing {
        let _ = thread.join();
    }
}

/// A connection from the library.
pub struct Victim {
    pub stream: TcpStream,
    terminal: Arc<Shared>,
    has_begun: bool,
}

/// A request of the till.
#[derive(Debug, Clone)]
pub struct Asked {
    pub request_id: String,
    pub topic: String,
    /// Of the order it is or asks about; empty where it names none.
    pub number: String,
}

impl Victim {
    /// The attack begins.
    pub fn begin(&mut self) {
        if !std::mem::replace(&mut self.has_begun, true) {
            self.terminal.begun.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Reads the handshake's request and gives the headers of a proper answer, without the line that ends it.
    pub fn handshake(&mut self) -> io::Result<String> {
        let answer = self.read_handshake()?;
        self.begin();
        Ok(answer)
    }

    fn read_handshake(&mut self) -> io::Result<String> {
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") {
            self.stream.read_exact(&mut byte)?;
            request.push(byte[0]);
        }
        let request = String::from_utf8_lossy(&request);
        let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
        let accept = derive_accept_key(key.unwrap_or_default().as_bytes());
        Ok(format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: {accept}\r\n"
        ))
    }

    /// Shakes hands properly.
    pub fn shake_hands(&mut self) -> io::Result<()> {
        let answer = self.handshake()? + "\r\n";
        self.stream.write_all(answer.as_bytes())
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Writes the same for ever.
    pub fn flood(&mut self, bytes: &[u8]) -> io::Result<()> {
        const AT_ONCE: usize = 65_536;
        let many = bytes.repeat((AT_ONCE / bytes.len()).max(1));
        loop {
            self.stream.write_all(&many)?;
        }
    }

    /// Writes byte by byte, with a pause after each.
    pub fn trickle(&mut self, bytes: &[u8], pause: Duration) -> io::Result<()> {
        for byte in bytes {
            self.stream.write_all(&[*byte])?;
            std::thread::sleep(pause);
        }
        Ok(())
    }

    /// Neither reads nor writes until the test is over.
    pub fn stand_still(&mut self) -> io::Result<()> {
        self.begin();
        while !self.terminal.is_over.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Declines every order, as a good terminal might, until the till says that the attack is to begin. Gives the orders.
    pub fn serve(&mut self) -> io::Result<Vec<Asked>> {
        let answer = self.read_handshake()? + "\r\n";
        self.stream.write_all(answer.as_bytes())?;
        let mut orders = Vec::new();
        loop {
            let asked = self.read_request()?;
            if asked.topic == BEGIN {
                self.begin();
                return Ok(orders);
            }
            let Asked { request_id, topic, number } = &asked;
            self.write(&text(&format!(
                r#"{{"topic":"{topic}","request_id":"{request_id}","response_code":"106","biz_data":{{"merchant_order_no":"{number}","trans_status":"1"}}}}"#
            )))?;
            orders.extend(Some(asked).filter(|asked| asked.topic == "ecrhub.pay.order"));
        }
    }

    /// Until the till hangs up.
    pub fn read_to_the_end(&mut self) -> io::Result<()> {
        io::copy(&mut self.stream, &mut io::sink()).map(drop)
    }

    /// The library's next message, without its mask.
    pub fn read_message(&mut self) -> io::Result<Vec<u8>> {
        let mut header = [0; 2];
        self.stream.read_exact(&mut header)?;
        let length = match header[1] & 0x7f {
            126 => u64::from(u16::from_be_bytes(self.read_bytes()?)),
            127 => u64::from_be_bytes(self.read_bytes()?),
            short => u64::from(short),
        };
        let mask: [u8; 4] = self.read_bytes()?;
        let mut payload = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.stream.read_exact(&mut payload)?;
        payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        Ok(payload)
    }

    fn read_bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// The next request; whatever else comes is passed over.
    pub fn read_request(&mut self) -> io::Result<Asked> {
        loop {
            let message = self.read_message()?;
            let Ok(request) = serde_json::from_slice::<serde_json::Value>(&message) else {
                continue;
            };
            let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
            if let (Some(request_id), Some(topic)) =
                (text(&request["request_id"]), text(&request["topic"]))
            {
                let number = text(&request["biz_data"]["merchant_order_no"]).unwrap_or_default();
                return Ok(Asked { request_id, topic, number });
            }
        }
    }

    /// The next order.
    pub fn read_order(&mut self) -> io::Result<Asked> {
        loop {
            let asked = self.read_request()?;
            if asked.topic == "ecrhub.pay.order" {
                return Ok(asked);
            }
        }
    }
}

/// A frame as a terminal sends it, with this first byte.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short), _) if short < 126 => bytes.push(short),
        (_, Ok(long)) => {
            bytes.push(126);
            bytes.extend(long.to_be_bytes());
        }
        _ => {
            bytes.push(127);
            bytes.extend((payload.len() as u64).to_be_bytes());
        }
    }
    bytes.extend(payload);
    bytes
}

/// A text message in one frame.
pub fn text(text: &str) -> Vec<u8> {
    frame(0x81, text.as_bytes())
}

/// A close frame with a code.
pub fn close(code: u16) -> Vec<u8> {
    frame(0x88, &code.to_be_bytes())
}
