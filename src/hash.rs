//! Hashing for the till's own names.
//!
//! What these tables hold was chosen by the till: `request_id`s and order numbers. A terminal's answers are only looked
//! up in them, so nobody from outside can fill them with what collides, and the default's protection buys nothing.

#![forbid(unsafe_code)]

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

pub(crate) type OwnMap<K, V> = HashMap<K, V, BuildOwn>;
pub(crate) type OwnSet<K> = HashSet<K, BuildOwn>;
pub(crate) type BuildOwn = BuildHasherDefault<Own>;

/// The fraction of the golden ratio: odd, and without a pattern in its bits.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// A multiplication for every eight bytes.
#[derive(Debug, Default)]
pub(crate) struct Own(u64);

impl Own {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(SPREAD);
    }
}

impl Hasher for Own {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            self.add(u64::from_le_bytes(last));
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.add(byte.into());
    }

    fn write_u64(&mut self, word: u64) {
        self.add(word);
    }

    fn write_usize(&mut self, word: usize) {
        self.add(u64::try_from(word).unwrap_or(u64::MAX));
    }

    /// The low bits choose the place and depend on all others only after this.
    fn finish(&self) -> u64 {
        (self.0 ^ self.0 >> 32).wrapping_mul(SPREAD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::BuildHasher;

    #[test]
    fn names_that_count_up_hash_apart() {
        let hash = |name: &str| BuildOwn::default().hash_one(name);
        let names: Vec<String> = (0..100_000).map(|n| format!("{:016x}{n:012x}", 7)).collect();
        let hashes: HashSet<u64> = names.iter().map(|name| hash(name)).collect();
        assert_eq!(hashes.len(), names.len());
    }

    #[test]
    fn names_that_count_up_fill_a_table_evenly() {
        const PLACES: u64 = 1_024;
        let mut filled = [0_u32; 1_024];
        for n in 0..100 * PLACES {
            let hash = BuildOwn::default().hash_one(format!("ORDER{n}"));
            filled[usize::try_from(hash % PLACES).unwrap()] += 1;
        }
        let (least, most) = (filled.iter().min().unwrap(), filled.iter().max().unwrap());
        assert!(*least > 20 && *most < 300, "{least} to {most} where 100 are expected");
    }
}
