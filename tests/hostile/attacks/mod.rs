//! Each attack by its name.
//!
//! | module | what |
//! |---|---|
//! | `handshake` | instead of the handshake, and during it |
//! | `frames` | frames that never make a message, break the rules, or are too many |
//! | `messages` | messages that are long, many, or none |
//! | `money` | answers that lie, contradict themselves, or are to what nobody asked |
//! | `ends` | silence, and connections that end |

use crate::terminal::Attack;

mod ends;
mod frames;
mod handshake;
mod messages;
mod money;

/// A message nearly as long as one may be.
const GIANT: usize = 3_400_000;

/// Attacks with a test for each: `name { what it does with a connection }`. Their list is `ALL`.
macro_rules! attacks {
    ($($(#[$doc:meta])* fn $name:ident($victim:ident) $body:block)*) => {
        pub const ALL: &[(&str, $crate::terminal::Attack)] = &[$((stringify!($name), $name)),*];

        $($(#[$doc])*
        fn $name($victim: &mut $crate::terminal::Victim) -> std::io::Result<()> $body)*

        mod tests {
            $(#[test]
            fn $name() {
                let played = $crate::program::play_apart(stringify!($name), false);
                println!("{}", played.row.unwrap_or_default());
                assert!(played.fault.is_none(), "{}", played.fault.unwrap_or_default());
            })*
        }
    };
}
use attacks;

/// What is long is made once, and before the handshake.
macro_rules! once {
    ($make:expr) => {{
        static MADE: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| $make);
        &MADE[..]
    }};
}
use once;

/// All of them.
pub fn all() -> impl Iterator<Item = &'static (&'static str, Attack)> {
    [handshake::ALL, frames::ALL, messages::ALL, money::ALL, ends::ALL].into_iter().flatten()
}

pub fn named(name: &str) -> Option<Attack> {
    all().find(|(known, _)| *known == name).map(|(_, attack)| *attack)
}
