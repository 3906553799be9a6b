//! What goes wrong, where it is counted, and in which series.

use std::fmt;

use crate::verdict::Disk;

/// What a till finds when it starts, and what it sells then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// No journal. One order is approved.
    Sale,
    /// No journal. One order is approved, one declined, and of one the answer is lost.
    Sales,
    /// A journal whose log is so long that it is put into the file with the next order. One order is approved.
    LongLog,
    /// The journal of a till that was killed: one outcome is not acknowledged, one order was just sent. One more is approved.
    Left,
}

impl Scene {
    /// The cents of what it sells; `docs/simulator.md` says what they do.
    pub fn sells(self) -> &'static [&'static str] {
        match self {
            Scene::Sale | Scene::Left | Scene::LongLog => &["00"],
            Scene::Sales => &["00", "01", "30"],
        }
    }

    /// The same for the till before it.
    pub fn left(self) -> &'static [&'static str] {
        match self {
            Scene::Sale | Scene::Sales | Scene::LongLog => &[],
            Scene::Left => &["01", "00"],
        }
    }
}

/// How many calls are struck, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    Once,
    /// As long as anything may: a program that tries again after each interruption never ends with endless ones.
    AHundred,
    FromHereOn,
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Times::Once => "1",
            Times::AHundred => "100",
            Times::FromHereOn => "0",
        })
    }
}

/// By how many seconds the clocks jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jump {
    pub name: &'static str,
    pub realtime: i64,
    pub monotonic: i64,
    pub boottime: i64,
    /// After so many calls they jump back; 0 for never.
    pub back_after: u32,
}

const DAY: i64 = 86_400;

/// Each way in which clocks jump.
pub const JUMPS: [Jump; 8] = [
    set("a day ahead", DAY, 0),
    set("a day back", -DAY, 0),
    set("401 days ahead", 401 * DAY, 0),
    set("ten years back", -3_653 * DAY, 0),
    set("eight days ahead and back", 8 * DAY, 40),
    set("a year back and ahead", -365 * DAY, 40),
    // Asleep, one of the two monotonic clocks stands still.
    Jump { name: "asleep for a night", monotonic: 0, ..gap(8 * 3_600) },
    // A virtual machine that was stopped and put on another host.
    Jump { name: "stopped for a week", ..gap(7 * DAY) },
];

const fn set(name: &'static str, realtime: i64, back_after: u32) -> Jump {
    Jump { name, realtime, monotonic: 0, boottime: 0, back_after }
}

const fn gap(seconds: i64) -> Jump {
    Jump { name: "", realtime: seconds, monotonic: seconds, boottime: seconds, back_after: 0 }
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Fail(&'static str, Times),
    Short(Times),
    /// It says that it has written, and has not: no system does so. It shows that the verdict would see it.
    Lie(Times),
    Kill,
    Tear,
    Power,
    Jump(Jump),
}

impl What {
    /// Whether the till is to die of it.
    pub fn is_deadly(self) -> bool {
        matches!(self, What::Kill | What::Tear | What::Power)
    }

    /// How often the till may be refused something for it.
    pub fn refusals(self) -> usize {
        match self {
            What::Fail(_, Times::Once) => 1,
            What::Fail(..) | What::Lie(_) => usize::MAX,
            _ => 0,
        }
    }

    /// What the count of it is printed under.
    pub fn name(self) -> &'static str {
        match self {
            What::Fail("EIO", _) => "EIO",
            What::Fail("ENOSPC", _) => "ENOSPC",
            What::Fail(..) => "EINTR",
            What::Short(_) => "short",
            What::Lie(_) => "lies",
            What::Kill => "kills",
            What::Tear => "torn writes and sends",
            What::Power => "power cuts",
            What::Jump(_) => "clock jumps",
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Fail(error, times) => write!(f, "fail {error} {times}"),
            What::Short(times) => write!(f, "short {times}"),
            What::Lie(times) => write!(f, "lie {times}"),
            What::Kill => f.write_str("kill 1"),
            What::Tear => f.write_str("tear 1"),
            What::Power => f.write_str("power 1"),
            What::Jump(jump) => {
                let Jump { realtime, monotonic, boottime, back_after, .. } = jump;
                write!(f, "jump {back_after} {realtime} {monotonic} {boottime}")
            }
        }
    }
}

/// The same at each call of a kind, one case for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Series {
    pub scene: Scene,
    pub kind: &'static str,
    pub what: What,
    /// The first call that is struck, from 1, and every how many more.
    pub first: usize,
    pub step: usize,
}

impl Series {
    /// At each call, but where that takes too long.
    fn of(scene: Scene, kind: &'static str, what: What) -> Series {
        let mut series = Series { scene, kind, what, first: 1, step: 1 };
        if series.waits_for_locks() && what != What::Fail("EIO", Times::Once) {
            series.step = SOME_LOCKS;
        }
        series
    }

    fn waits_for_locks(&self) -> bool {
        let fails = matches!(self.what, What::Fail(..));
        fails && ["lock", "unlock", "file"].contains(&self.kind)
    }

    /// What the verdict is to know of the disk.
    pub fn disk(&self) -> Disk {
        match self.what {
            What::Fail(..) if self.kind == "file" => Disk::Dies,
            What::Fail(..) | What::Short(_) | What::Lie(_) => Disk::Fails,
            What::Kill | What::Tear | What::Power | What::Jump(_) => Disk::Works,
        }
    }
}

/// One till, and what befalls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    pub series: Series,
    /// The call that is struck, from 1.
    pub at: usize,
}

impl Case {
    /// As the shim reads it.
    pub fn strike(&self) -> String {
        format!("{} {} {}", self.series.kind, self.at, self.series.what)
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.series.scene, self.strike())?;
        match self.series.what {
            What::Jump(jump) => write!(f, " ({})", jump.name),
            _ => Ok(()),
        }
    }
}

/// The kinds of calls about the journal's files, as `shim/calls.c` has them.
pub const FILE_KINDS: [&str; 13] = [
    "open", "read", "write", "sync", "truncate", "lock", "unlock", "map", "name", "stat", "mode",
    "seek", "close",
];

/// Those that ask the disk for room.
const TAKE_ROOM: [&str; 5] = ["open", "write", "sync", "truncate", "map"];

/// Those that the system may interrupt.
const MAY_BE_INTERRUPTED: [&str; 6] = ["open", "read", "write", "sync", "truncate", "lock"];

/// A lock is waited for, up to ten seconds each time: not each of these can be played.
const SOME_LOCKS: usize = 5;

/// Each of the eight jumps at one in four calls, side by side.
const SOME_CALLS: usize = 4;

/// Everything.
pub fn complete() -> Vec<Series> {
    let mut all = Vec::new();
    for scene in [Scene::Sales, Scene::Left] {
        for kind in FILE_KINDS {
            all.extend(failures(kind).into_iter().map(|what| Series::of(scene, kind, what)));
        }
        let mut add = |kind, what| all.push(Series::of(scene, kind, what));
        add("file", What::Fail("EIO", Times::FromHereOn));
        add("write", What::Tear);
        add("send", What::Tear);
        add("send", What::Short(Times::Once));
        add("any", What::Kill);
        add("any", What::Power);
        for (place, jump) in JUMPS.into_iter().enumerate() {
            let first = 1 + place % SOME_CALLS;
            let series = Series::of(scene, "any", What::Jump(jump));
            all.push(Series { first, step: SOME_CALLS, ..series });
        }
    }
    // Not its reads: there is one for each page of the log.
    for kind in ["write", "sync", "truncate", "map"] {
        let mut add = |what| all.push(Series::of(Scene::LongLog, kind, what));
        add(What::Fail("EIO", Times::Once));
        add(What::Fail("EIO", Times::FromHereOn));
        add(What::Fail("ENOSPC", Times::FromHereOn));
        add(What::Kill);
        add(What::Power);
    }
    // What takes long comes last, so that it need not be waited for.
    all.sort_by_key(Series::waits_for_locks);
    all
}

/// All that can be wrong with calls of a kind, the process and the disk being well.
fn failures(kind: &str) -> Vec<What> {
    let mut all = vec![What::Fail("EIO", Times::Once), What::Fail("EIO", Times::FromHereOn)];
    if MAY_BE_INTERRUPTED.contains(&kind) {
        all.extend([What::Fail("EINTR", Times::Once), What::Fail("EINTR", Times::AHundred)]);
    }
    if TAKE_ROOM.contains(&kind) {
        all.extend([What::Fail("ENOSPC", Times::Once), What::Fail("ENOSPC", Times::FromHereOn)]);
    }
    if ["read", "write"].contains(&kind) {
        all.extend([What::Short(Times::Once), What::Short(Times::FromHereOn)]);
    }
    all
}

/// What there is time for in every test run: one sale, and of the calls of a kind one in `step`.
pub fn sample() -> Vec<Series> {
    let add = |(kind, what, step)| Series { scene: Scene::Sale, kind, what, first: step, step };
    let hard = What::Fail("EIO", Times::FromHereOn);
    let full = What::Fail("ENOSPC", Times::Once);
    [
        ("lock", What::Fail("EIO", Times::Once), 9),
        ("open", hard, 1),
        ("write", hard, 5),
        ("write", full, 11),
        ("sync", hard, 1),
        ("sync", full, 3),
        ("truncate", hard, 1),
        ("map", hard, 1),
        ("name", hard, 1),
        ("read", hard, 7),
        ("any", What::Kill, 7),
        ("any", What::Power, 11),
        ("send", What::Tear, 1),
        ("any", What::Jump(JUMPS[2]), 61),
        ("any", What::Jump(JUMPS[3]), 67),
        ("any", What::Jump(JUMPS[6]), 71),
    ]
    .map(add)
    .into()
}
