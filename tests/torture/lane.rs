//! One till, its wire and its terminal, and what befalls them.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ecrhub::journal::{Filter, Reader};

use crate::dice::Dice;
use crate::terminal::{Terminal, ledger_in};
use crate::verdict::{Disk, Evidence, Tally, judge};
use crate::wire::{Line, Wire};

/// What all lanes share.
pub struct Torture<'a> {
    /// The till, compiled.
    pub till: &'a Path,
    /// What the till's loader needs.
    pub libraries: &'a Path,
    /// The simulator, compiled.
    pub simulator: &'a Path,
    /// Where the lanes' folders are.
    pub folder: &'a Path,
    /// Rounds nobody has begun yet.
    pub rounds_left: AtomicUsize,
    /// Nothing begins after this.
    pub until: Instant,
}

/// What a lane saw.
#[derive(Default)]
pub struct Report {
    /// How often each thing was done to it.
    pub done: BTreeMap<&'static str, usize>,
    pub tally: Tally,
    pub faults: Vec<String>,
}

/// What is done to a lane in a round.
#[derive(Clone, Copy)]
enum Blow {
    /// The till is killed.
    Kill,
    /// The till is told to end, and disconnects in the midst of what it does.
    Stop,
    /// The till's process stands still for a time, as under a debugger or on a sleeping machine.
    Suspend,
    /// The link is cut by the terminal.
    Cut,
    /// The terminal stops reading and answering for a time.
    Freeze,
    /// The link is cut, and the terminal takes no connection for a time.
    Refuse,
    /// The network holds bytes back for a time; then they come through, late.
    Hold,
    /// The network holds bytes back for a time, and loses them.
    Lose,
}

impl Blow {
    fn draw(dice: &mut Dice) -> Blow {
        match dice.below(100) {
            0..40 => Blow::Kill,
            40..46 => Blow::Stop,
            46..52 => Blow::Suspend,
            52..66 => Blow::Cut,
            66..74 => Blow::Freeze,
            74..82 => Blow::Refuse,
            82..92 => Blow::Hold,
            _ => Blow::Lose,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Blow::Kill => "kills",
            Blow::Stop => "stops",
            Blow::Suspend => "suspensions",
            Blow::Cut => "cuts",
            Blow::Freeze => "freezes",
            Blow::Refuse => "refusals",
            Blow::Hold => "holds",
            Blow::Lose => "losses",
        }
    }
}

pub struct Lane<'a> {
    torture: &'a Torture<'a>,
    name: String,
    folder: PathBuf,
    dice: Dice,
    terminal: Arc<Place>,
    wire: Wire,
    runs: usize,
    report: Report,
}

/// A terminal, and the folder with its ledger.
pub struct Place {
    terminal: Terminal,
    folder: PathBuf,
    /// How it is sold there.
    manner: Manner,
}

/// How tills sell on a terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// One till has it for itself.
    Alone,
    /// Several tills have it, and it takes a close for whatever is on its screen.
    Shared,
    /// One till has it, with two windows.
    Windows,
}

impl Manner {
    /// What `till.c` is told.
    fn word(self) -> &'static str {
        match self {
            Manner::Alone => "close",
            Manner::Shared => "share",
            Manner::Windows => "windows",
        }
    }

    /// At most. In less than two seconds no lost order comes to its close, while the other window sells.
    fn between_blows_ms(self) -> u64 {
        match self {
            Manner::Alone | Manner::Shared => 600,
            Manner::Windows => 4_000,
        }
    }
}

impl Place {
    /// A terminal for one till. Each has its own manners.
    pub fn of_one(torture: &Torture<'_>, index: usize, seed: u64) -> Place {
        let manners: &[&str] = match index % 4 {
            0 => &[],
            1 => &["--push-after-reconnect"],
            2 => &["--oddity", "no-request-id", "--oddity", "code-zero", "--oddity", "fragmented"],
            _ => &["--push-after-reconnect", "--oddity", "biz-data-text", "--oddity", "numbers"],
        };
        Place::start(torture, &format!("L{index}"), seed, manners, Manner::Alone)
    }

    /// A terminal for the two windows of a till. Half of them take a close for whatever is on their screen.
    pub fn of_windows(torture: &Torture<'_>, index: usize, seed: u64) -> Place {
        let manners: &[&str] = match index % 4 {
            0 => &["--oddity", "close-by-screen"],
            1 => &["--push-after-reconnect"],
            2 => &["--oddity", "close-by-screen", "--push-after-reconnect"],
            _ => &["--oddity", "no-request-id", "--oddity", "code-zero"],
        };
        Place::start(torture, &format!("W{index}"), seed, manners, Manner::Windows)
    }

    /// A terminal for several tills. Nobody stands at it for ever: none of them may close what it has lost.
    pub fn of_several(torture: &Torture<'_>, index: usize, seed: u64) -> Place {
        let manners: &[&str] = match index % 2 {
            0 => &["--oddity", "close-by-screen", "--expires-default-ms", "2500"],
            _ => &[
                "--oddity",
                "close-by-screen",
                "--expires-default-ms",
                "2500",
                "--oddity",
                "no-request-id",
                "--push-after-reconnect",
            ],
        };
        Place::start(torture, &format!("T{index}"), seed, manners, Manner::Shared)
    }

    fn start(
        torture: &Torture<'_>,
        name: &str,
        seed: u64,
        manners: &[&str],
        manner: Manner,
    ) -> Place {
        let folder = torture.folder.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let terminal = Terminal::start(torture.simulator, &folder, seed, manners);
        Place { terminal, folder, manner }
    }

    /// What was charged under numbers that begin like this.
    fn ledger(&self, prefix: &str) -> (Vec<String>, Vec<String>) {
        let own = |numbers: Vec<String>| {
            numbers.into_iter().filter(|number| number.starts_with(prefix)).collect()
        };
        (own(self.terminal.ledger()), own(ledger_in(&self.folder)))
    }
}

impl<'a> Lane<'a> {
    pub fn new(torture: &'a Torture<'a>, place: Arc<Place>, name: String, seed: u64) -> Lane<'a> {
        let folder = torture.folder.join(format!("till-{name}"));
        std::fs::create_dir_all(&folder).unwrap();
        let dice = Dice::new(seed);
        let wire = Wire::to(place.terminal.address);
        Lane {
            torture,
            name,
            folder,
            dice,
            terminal: place,
            wire,
            runs: 0,
            report: Report::default(),
        }
    }

    /// Rounds until there are none left, then a run in peace, then the verdict.
    pub fn run(mut self) -> Report {
        let mut till = self.start_till("sell");
        while Instant::now() < self.torture.until && self.takes_a_round() {
            if let Some(fault) = till.fault() {
                self.report.faults.push(format!("{}: {fault}", self.name));
                return self.report;
            }
            let blow = Blow::draw(&mut self.dice);
            self.pause(self.terminal.manner.between_blows_ms());
            *self.report.done.entry(blow.name()).or_default() += 1;
            till = self.strike(blow, till);
        }
        drop(till);
        let mut healing = self.start_till("heal");
        if let Err(fault) = healing.ends() {
            self.report.faults.push(format!("{}: healing: {fault}", self.name));
        }
        self.judge();
        self.report
    }

    fn takes_a_round(&self) -> bool {
        let one_less = |left: usize| left.checked_sub(1);
        let left = &self.torture.rounds_left;
        left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok()
    }

    /// Most of what can go wrong goes wrong soon after something else, so short pauses come more often.
    fn pause(&mut self, at_most_ms: u64) {
        let at_most_ms = self.dice.below(at_most_ms) + 1;
        std::thread::sleep(Duration::from_millis(self.dice.below(at_most_ms)));
    }

    fn start_till(&mut self, what: &str) -> Till {
        self.runs += 1;
        let errors = self.folder.join("till.log");
        let errors = File::options().create(true).append(true).open(errors).unwrap();
        let child = Command::new(self.torture.till)
            .arg(self.wire.url())
            .arg(self.folder.join("journal.db"))
            .arg(self.folder.join("record"))
            .arg(&self.name)
            .arg(format!("{}R{}", self.name, self.runs))
            .arg(self.dice.next().to_string())
            .arg(what)
            .arg(self.terminal.manner.word())
            .env("LD_LIBRARY_PATH", self.torture.libraries)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .unwrap();
        Till { child, log: self.folder.join("till.log") }
    }

    /// The till dies and comes back; it may die while something else is wrong as well.
    fn kill(&mut self, till: Till) -> Till {
        drop(till);
        self.pause(60);
        self.start_till("sell")
    }

    fn sometimes_kill(&mut self, till: Till) -> Till {
        if self.dice.below(3) > 0 {
            return till;
        }
        *self.report.done.entry("kills in a broken world").or_default() += 1;
        self.kill(till)
    }

    fn strike(&mut self, blow: Blow, mut till: Till) -> Till {
        match blow {
            Blow::Kill => till = self.kill(till),
            Blow::Stop => {
                if let Err(fault) = till.ends() {
                    self.report.faults.push(format!("{}: stopping: {fault}", self.name));
                }
                till = self.start_till("sell");
            }
            Blow::Suspend => {
                till.signal("STOP");
                self.pause(1_200);
                till.signal("CONT");
            }
            Blow::Cut if self.terminal.manner == Manner::Windows => {
                self.lines().iter().for_each(|line| line.tear());
            }
            Blow::Cut => self.terminal.terminal.order("/cut"),
            Blow::Freeze => {
                self.terminal.terminal.order("/freeze");
                till = self.sometimes_kill(till);
                self.pause(1_500);
                self.terminal.terminal.order("/thaw");
            }
            Blow::Refuse => {
                self.terminal.terminal.order("/refuse");
                self.terminal.terminal.order("/cut");
                till = self.sometimes_kill(till);
                // Now and then until the library has given up, so that orders become unknown.
                let at_most = if self.dice.below(2) == 0 { 6_000 } else { 1_500 };
                self.pause(at_most);
                self.terminal.terminal.order("/accept");
            }
            Blow::Hold | Blow::Lose => {
                let which = self.dice.below(3);
                let lines = self.lines();
                lines.iter().for_each(|line| line.hold(which != 1, which != 0));
                till = self.sometimes_kill(till);
                self.pause(3_000);
                match blow {
                    Blow::Hold => lines.iter().for_each(|line| line.release()),
                    _ => lines.iter().for_each(|line| line.tear()),
                }
            }
        }
        till
    }

    /// The till's connections, or only those of one of its windows.
    fn lines(&mut self) -> Vec<Arc<Line>> {
        let mut lines = self.wire.lines();
        if self.terminal.manner == Manner::Windows && lines.len() > 1 && self.dice.below(3) > 0 {
            let one = usize::try_from(self.dice.below(lines.len() as u64)).unwrap();
            lines = vec![lines.swap_remove(one)];
        }
        lines
    }

    fn judge(&mut self) {
        let record = std::fs::read_to_string(self.folder.join("record")).unwrap();
        let (ledger, on_disk) = self.terminal.ledger(&format!("{}R", self.name));
        if ledger != on_disk {
            self.report.faults.push(format!("{}: the ledger's file differs", self.name));
        }
        let reader = Reader::open(self.folder.join("journal.db")).unwrap();
        let journal = reader.list(&Filter::default()).unwrap();
        let wire = self.wire.orders();
        let closes = self.wire.closes();
        let shares = self.terminal.manner == Manner::Shared;
        let evidence = Evidence {
            record: &record,
            ledger: &ledger,
            wire: &wire,
            closes: &closes,
            journal: &journal,
            shares,
            disk: Disk::Works,
        };
        let (tally, faults) = judge(&evidence);
        if shares && !closes.is_empty() {
            let fault = format!("{}: closes on a shared terminal: {closes:?}", self.name);
            self.report.faults.push(fault);
        }
        self.report.tally = tally;
        self.report.faults.extend(faults);
    }
}

/// A running till; dropping it kills it.
struct Till {
    child: Child,
    log: PathBuf,
}

impl Till {
    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().unwrap();
        assert!(sent.success(), "kill -s {name} {pid}");
    }

    /// A till that ended by itself has found something wrong.
    fn fault(&mut self) -> Option<String> {
        let status = self.child.try_wait().unwrap()?;
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        Some(format!("the till ended by itself: {status}: {log}"))
    }

    /// Its input ends: it is to end in order.
    fn ends(&mut self) -> Result<(), String> {
        drop(self.child.stdin.take());
        let until = Instant::now() + Duration::from_secs(90);
        while Instant::now() < until {
            match self.child.try_wait().unwrap() {
                Some(status) if status.success() => return Ok(()),
                Some(_) => return Err(self.fault().unwrap_or_default()),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
        Err("the till does not end".to_owned())
    }
}

impl Drop for Till {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
