//! What the README shows works as it stands there.
// It is built with the system's C compiler.
#![cfg(target_os = "linux")]

mod support;

use ecrhub_simulator::{Options, Simulator};
use support::Build;

#[test]
fn the_sale_in_c_compiles_and_is_approved() {
    let readme = include_str!("../README.md");
    let (_, rest) = readme.split_once("```c\n").expect("the README has a sale in C");
    let (code, _) = rest.split_once("```").expect("the block has an end");
    assert!(code.contains("ws://127.0.0.1:35779"), "the simulator's own address");

    let terminal = Simulator::start(Options::default()).unwrap();
    let code = code.replace("ws://127.0.0.1:35779", &terminal.url());
    let source = Build::scratch(&format!("readme-{}.c", std::process::id()));
    std::fs::write(&source, code).unwrap();
    let shown = Build::new(source.to_str().unwrap()).run::<&str>(&[], 60);
    std::fs::remove_file(&source).unwrap();

    assert!(shown.starts_with("ECRHUB_OK: {\"event\":\"completed\""), "{shown}");
    for part in ["\"outcome\":\"approved\"", "\"trans_no\":", "\"merchant_order_no\":\"A1001\""] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_eq!(terminal.charges("A1001"), 1, "charged once");
}
