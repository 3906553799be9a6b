//! What the README shows in Python and in C# works as it stands there.

use std::path::PathBuf;
use std::process::Command;

use ecrhub_simulator::{Options, Simulator};

use crate::languages;
use crate::support::{Build, root, succeeds};

/// The README's program in this language, at this terminal.
fn example(language: &str, terminal: &Simulator) -> String {
    let readme = include_str!("../../README.md");
    let (_, rest) =
        readme.split_once(&format!("```{language}\n")).expect("a block of this language");
    let (code, _) = rest.split_once("```").expect("the block has an end");
    assert!(code.contains("ws://127.0.0.1:35779"), "the simulator's own address");
    code.replace("ws://127.0.0.1:35779", &terminal.url())
}

/// A folder of this test's own: the examples leave a journal where they run.
fn folder(name: &str) -> PathBuf {
    let folder = Build::scratch(&format!("readme-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn the_sale_in_python_is_approved_and_acknowledged() {
    let terminal = Simulator::start(Options::default()).unwrap();
    let folder = folder("python");
    let code = example("python", &terminal) + "\n    print(terminal.pending())\n";
    let shown = succeeds(languages::python_command().current_dir(&folder).arg("-c").arg(code));
    assert!(shown.starts_with("approved TILL2N"), "{shown}");
    assert!(shown.contains(": 34.50 USD, transaction 50"), "{shown}");
    assert!(shown.ends_with("\n[]\n"), "nothing is left open: {shown}");
    assert_eq!(terminal.ledger().len(), 1, "charged once");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_sale_in_csharp_compiles_and_is_approved() {
    let terminal = Simulator::start(Options::default()).unwrap();
    let (folder, built) = (folder("csharp"), root().join("target/csharp"));
    let program = format!(
        "using System; using System.Threading.Tasks; using Ecrhub;\nstatic class Program {{\n\
         static void Main() => Sell().GetAwaiter().GetResult();\nstatic async Task Sell() {{\n{}}}}}\n",
        example("csharp", &terminal)
    );
    languages::build_csharp();
    std::fs::write(folder.join("Program.cs"), program).unwrap();
    let facade = "-r:/usr/lib/mono/4.7.1-api/Facades/netstandard.dll";
    let library = format!("-r:{}", built.join("Ecrhub.Net.dll").display());
    let compiler = ["-nologo", "-langversion:7.2", "-warnaserror+", facade, &library, "Program.cs"];
    succeeds(Command::new("mcs").current_dir(&folder).args(compiler));
    let mut command = Command::new("mono");
    command.arg("Program.exe").current_dir(&folder).env("MONO_PATH", built);
    let shown = succeeds(languages::with_library(&mut command));
    assert!(shown.starts_with("approved TILL3N"), "{shown}");
    assert_eq!(terminal.ledger().len(), 1, "charged once");
    std::fs::remove_dir_all(folder).unwrap();
}
