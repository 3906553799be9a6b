//! Telling equal states from others.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use crate::network::{Conn, print_answers};
use crate::world::World;

impl World {
    /// Two worlds with the same print have the same future.
    pub fn print(&self) -> u128 {
        let live: Vec<&str> = self.conn.iter().flat_map(Conn::live_ids).collect();
        let mut bytes = Bytes::default();
        self.print_into(&live, &mut bytes);
        let half = |seed: u8| {
            let mut hasher = DefaultHasher::new();
            hasher.write_u8(seed);
            hasher.write(&bytes.0);
            hasher.finish()
        };
        (u128::from(half(0)) << 64) | u128::from(half(1))
    }

    fn print_into(&self, live: &[&str], to: &mut Bytes) {
        self.till.print(self.moment(), live, to);
        self.terminal.print(to);
        self.spent.hash(to);
        self.conn.is_some().hash(to);
        if let Some(conn) = &self.conn {
            conn.print(live, to);
        }
        self.late.len().hash(to);
        for late in &self.late {
            late.print(self.now, to);
        }
        print_answers(self.owed.iter(), live, to);
        let here = self.conn.as_ref().map(|conn| conn.id);
        for carrier in &self.carriers {
            (Some(*carrier) == here).hash(to);
        }
        self.ledger.print(self.now, self.till.life, to);
    }
}

/// Collects what is hashed, so that it can be hashed twice.
#[derive(Default)]
pub struct Bytes(Vec<u8>);

impl Hasher for Bytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}
