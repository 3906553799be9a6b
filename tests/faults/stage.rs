//! Where cases are played: a terminal, a wire, and a till with the shim before the system.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use ecrhub::journal::{Filter, Reader};

use crate::long_log::LongLog;
use crate::strike::{Case, Scene};
use crate::support::{self, Build};
use crate::terminal::{self, Terminal};
use crate::trace::{self, Call};
use crate::verdict::{Disk, Evidence, Tally, judge};
use crate::wire::Wire;

/// Nothing that a till does takes this long, on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(240);

/// What all stages need, compiled.
pub struct Props {
    till: Build,
    shim: PathBuf,
    simulator: PathBuf,
    folder: PathBuf,
    long_log: OnceLock<LongLog>,
}

impl Props {
    pub fn new(name: &str) -> Props {
        let folder = Build::scratch(&format!("faults-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let shim = folder.join("shim.so");
        let parts = ["strike", "calls", "clocks", "disk"];
        let sources = parts.map(|part| support::root().join(format!("tests/faults/shim/{part}.c")));
        support::succeeds(
            Command::new("cc")
                .args(["-std=gnu11", "-D_GNU_SOURCE", "-O1", "-g", "-Wall", "-Wextra", "-Werror"])
                .args(["-fPIC", "-shared", "-pthread", "-o"])
                .arg(&shim)
                .args(sources)
                .arg("-ldl"),
        );
        let (till, simulator) = (Build::new("tests/faults/till.c"), terminal::build());
        Props { till, shim, simulator, folder, long_log: OnceLock::new() }
    }

    pub fn shim(&self) -> &Path {
        &self.shim
    }

    fn long_log(&self) -> &LongLog {
        self.long_log.get_or_init(|| LongLog::new(&self.folder.join("long.db")))
    }

    /// Nothing was wrong: nobody will look at what was written.
    pub fn clear(self) {
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

/// What is in front of the till.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Before<'a> {
    Nothing,
    /// The shim, with this to do.
    Shim(&'a str),
    /// The same on a disk that says too early that it has synced.
    ShimOnALyingDisk(&'a str),
    /// The shim with nothing to do, and strace, which writes to this file.
    ShimAndStrace(&'a Path),
}

/// A terminal and the wire to it, for one till at a time.
pub struct Stage<'a> {
    props: &'a Props,
    name: String,
    terminal: Terminal,
    wire: Wire,
    cases: usize,
}

/// One till's folder.
pub struct Desk<'a, 'b> {
    stage: &'a Stage<'b>,
    pub folder: PathBuf,
    name: String,
    runs: usize,
}

/// What came of a case.
#[derive(Default)]
pub struct Played {
    /// Whether there was such a call.
    pub was_struck: bool,
    pub tally: Tally,
    /// What the till was refused because of its journal.
    pub refusals: usize,
    pub longest: Duration,
    pub faults: Vec<String>,
}

impl<'b> Stage<'b> {
    pub fn new(props: &'b Props, name: &str) -> Stage<'b> {
        let folder = props.folder.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let terminal = Terminal::start(&props.simulator, &folder, 1, &[]);
        let wire = Wire::to(terminal.address);
        Stage { props, name: name.to_owned(), terminal, wire, cases: 0 }
    }

    /// A folder for another till, whose orders nobody else's are mistaken for.
    pub fn desk(&mut self) -> Desk<'_, 'b> {
        self.cases += 1;
        let name = format!("{}C{}", self.name, self.cases);
        let folder = self.props.folder.join(&name);
        std::fs::create_dir_all(folder.join("books")).unwrap();
        Desk { stage: self, folder, name, runs: 0 }
    }

    /// Plays a case: what was there before, the strike, and the same till in peace.
    pub fn play(&mut self, case: &Case, has_a_lying_disk: bool) -> Played {
        let mut desk = self.desk();
        let mut played = Played::default();
        match desk.strike(case, has_a_lying_disk, &mut played) {
            Ok(()) => {
                desk.judge(case.series.disk(), &mut played);
                desk.count_refusals(case, &mut played);
            }
            Err(fault) => played.faults.push(fault),
        }
        match played.faults.is_empty() {
            true => std::fs::remove_dir_all(&desk.folder).unwrap(),
            false => {
                let place = format!("{case}: {}", desk.folder.display());
                played.faults.iter_mut().for_each(|fault| *fault = format!("{place}: {fault}"));
            }
        }
        played
    }
}

impl Desk<'_, '_> {
    pub fn journal(&self) -> PathBuf {
        self.folder.join("books/journal.db")
    }

    fn trace(&self) -> PathBuf {
        self.folder.join("trace")
    }

    pub fn calls(&self) -> Vec<Call> {
        trace::read(&self.trace())
    }

    pub fn record(&self) -> String {
        std::fs::read_to_string(self.folder.join("record")).unwrap()
    }

    fn strike(
        &mut self,
        case: &Case,
        has_a_lying_disk: bool,
        played: &mut Played,
    ) -> Result<(), String> {
        let scene = case.series.scene;
        self.set(scene)?;
        let strike = case.strike();
        let before = match has_a_lying_disk {
            true => Before::ShimOnALyingDisk(&strike),
            false => Before::Shim(&strike),
        };
        let begun = Instant::now();
        let status = self.run(before, "sell", scene.sells())?;
        played.longest = begun.elapsed();
        played.was_struck = self.calls().iter().any(|call| call.fate != "done");
        let is_dead = std::os::unix::process::ExitStatusExt::signal(&status) == Some(9);
        if is_dead != (played.was_struck && case.series.what.is_deadly())
            || (!is_dead && !status.success())
        {
            return Err(format!("the till: {status}: {}", self.log()));
        }
        self.must_end(Before::Nothing, "heal", &["00"])
    }

    /// Makes the journal that the till is to find.
    pub fn set(&mut self, scene: Scene) -> Result<(), String> {
        if scene == Scene::LongLog {
            self.stage.props.long_log().put(&self.journal());
        }
        match scene.left() {
            [] => Ok(()),
            cents => self.must_end(Before::Nothing, "leave", cents),
        }
    }

    /// A run in which nothing may go wrong.
    pub fn must_end(
        &mut self,
        before: Before<'_>,
        how: &str,
        cents: &[&str],
    ) -> Result<(), String> {
        let status = self.run(before, how, cents)?;
        match status.success() {
            true => Ok(()),
            false => Err(format!("{how}: {status}: {}", self.log())),
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn run(&mut self, before: Before<'_>, how: &str, cents: &[&str]) -> Result<ExitStatus, String> {
        self.runs += 1;
        let log = File::options().create(true).append(true).open(self.folder.join("log")).unwrap();
        let mut child = self
            .command(before)
            .arg(self.stage.wire.url())
            .arg(self.journal())
            .arg(self.folder.join("record"))
            .arg(&self.name)
            .arg(format!("{}R{}", self.name, self.runs))
            .arg(how)
            .args(cents)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let status = end_of(&mut child).ok_or_else(|| format!("{how}: the till hangs"))?;
        match self.log() {
            log if log.contains("panicked") => Err(format!("{how}: {log}")),
            _ => Ok(status),
        }
    }

    fn command(&self, before: Before<'_>) -> Command {
        let props = self.stage.props;
        let till = props.till.program();
        let mut command = Command::new(till);
        let strike = match before {
            Before::Nothing => None,
            Before::Shim(strike) | Before::ShimOnALyingDisk(strike) => Some(strike),
            Before::ShimAndStrace(output) => {
                command = Command::new("strace");
                command.args(["-f", "-y", "-o"]).arg(output);
                // strace itself is not to have the shim.
                for (name, value) in self.shim_environment("") {
                    command.arg("-E").arg(format!("{name}={value}"));
                }
                command.arg(till);
                None
            }
        };
        if let Some(strike) = strike {
            command.envs(self.shim_environment(strike));
        }
        if let Before::ShimOnALyingDisk(_) = before {
            command.env("FAULTS_DISK", "lies");
        }
        command.env("LD_LIBRARY_PATH", support::library_folder());
        command
    }

    fn shim_environment(&self, strike: &str) -> [(&'static str, String); 4] {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        [
            ("FAULTS_FOLDER", text(&self.folder.join("books"))),
            ("FAULTS_TRACE", text(&self.trace())),
            ("FAULTS_STRIKE", strike.to_owned()),
            ("LD_PRELOAD", text(&self.stage.props.shim)),
        ]
    }

    /// The verdict of the torture, whose till keeps the same record.
    pub fn judge(&self, disk: Disk, played: &mut Played) {
        let own = format!("{}R", self.name);
        let is_own = |number: &String| number.starts_with(&own);
        let ledger: Vec<String> = self.stage.terminal.ledger().into_iter().filter(is_own).collect();
        let wire: HashMap<String, usize> =
            self.stage.wire.orders().into_iter().filter(|(number, _)| is_own(number)).collect();
        let mut journal = Reader::open(self.journal()).unwrap().list(&Filter::default()).unwrap();
        journal.retain(|row| is_own(&row.merchant_order_no));
        let (tally, faults) = judge(&Evidence {
            record: &self.record(),
            ledger: &ledger,
            wire: &wire,
            closes: &self.stage.wire.closes(),
            journal: &journal,
            shares: false,
            disk,
        });
        played.tally = tally;
        played.faults.extend(faults);
    }

    /// What fails once is refused once: afterwards it works again, in the same process. A lock that could not be given
    /// back is lost until the journal is closed.
    fn count_refusals(&self, case: &Case, played: &mut Played) {
        let count = |record: &str| {
            let is_refusal =
                |line: &&str| ["C ", "R ", "F "].iter().any(|word| line.starts_with(word));
            record.lines().filter(is_refusal).count()
        };
        let record = self.record();
        played.refusals = count(&record);
        let counts = match record.split_once(&format!("\nB {}R{}\n", self.name, self.runs - 1)) {
            Some((_, anew)) if case.series.kind == "unlock" => count(anew),
            None if case.series.kind == "unlock" => 0,
            _ => played.refusals,
        };
        if counts > case.series.what.refusals() {
            played.faults.push(format!("the till was refused {counts} times"));
        }
    }
}

/// None for a child that does not end, which is then killed.
fn end_of(child: &mut Child) -> Option<ExitStatus> {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}
