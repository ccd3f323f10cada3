//! What a seed decides.

use serde_json::{Value, json};
use std::fmt;

/// Which store, and how many servers share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One server on the embedded store.
    Embedded,
    /// Servers on one PostgreSQL.
    Postgres {
        /// How many.
        nodes: usize,
    },
    /// Two servers on a primary with a synchronous standby.
    Standby,
}

/// What befalls the servers or their database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blow {
    /// `kill -9`, and started again.
    Kill(usize),
    /// SIGTERM, and started again once it has ended.
    Stop(usize),
    /// SIGSTOP until another has taken over, then SIGCONT.
    Freeze(usize),
    /// Every connection to the database is cut.
    CutConnections,
    /// The database stops as in a crash and starts again.
    RestartDatabase,
    /// The primary is killed and its standby promoted.
    Promote,
}

/// One run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What everything is drawn from.
    pub seed: u64,
    /// The store and the servers.
    pub kind: Kind,
    /// What falls when: after a share of the sends.
    pub blows: Vec<(f64, Blow)>,
    /// Contacts; each is written to by a caller of its own, one message after the other.
    pub contacts: usize,
    /// Messages to each.
    pub each: usize,
}

/// Draws numbers from a seed.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    /// A number below `below`.
    pub(super) fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below.max(1)
    }

    fn share(&mut self, from: f64, to: f64) -> f64 {
        let thousandths = f64::from(u32::try_from(self.below(1000)).unwrap_or(0));
        from + (to - from) * thousandths / 1000.0
    }

    fn place(&mut self, below: usize) -> usize {
        usize::try_from(self.below(u64::try_from(below).unwrap_or(1))).unwrap_or(0)
    }
}

impl Plan {
    /// The run of a seed.
    pub fn of(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let kind = match dice.below(10) {
            0..=3 => Kind::Embedded,
            4 | 5 => Kind::Postgres { nodes: 1 },
            6..=8 => Kind::Postgres { nodes: 2 },
            _ => Kind::Standby,
        };
        Self::of_kind(seed, kind)
    }

    /// The run of a seed on a store that is given.
    pub fn of_kind(seed: u64, kind: Kind) -> Self {
        let mut dice = Dice::new(seed ^ 0xb10f);
        let count = 1 + dice.place(3);
        let mut blows: Vec<(f64, Blow)> =
            (0..count).map(|_| (dice.share(0.1, 0.9), blow(kind, &mut dice))).collect();
        if kind == Kind::Standby {
            // There is one standby, so there is one promotion.
            blows.retain(|(_, blow)| *blow != Blow::Promote);
            blows.push((dice.share(0.3, 0.7), Blow::Promote));
        }
        blows.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self { seed, kind, blows, contacts: 12, each: 20 }
    }

    /// Servers at work.
    pub fn nodes(&self) -> usize {
        match self.kind {
            Kind::Embedded => 1,
            Kind::Postgres { nodes } => nodes,
            Kind::Standby => 2,
        }
    }

    /// What the providers do wrong.
    pub(super) fn provider_faults(&self) -> Value {
        let mut dice = Dice::new(self.seed ^ 0xfa01);
        let mut rules = Vec::new();
        let mut rule = |probability: f64, act: Value| {
            let seed = dice.below(1 << 30);
            rules.push(json!({"when": {"probability": probability, "seed": seed}, "do": act}));
        };
        rule(0.02, json!({"cut": "after"}));
        rule(0.01, json!({"cut": "before"}));
        rule(0.01, json!({"httpStatus": 502}));
        rule(0.03, json!({"httpStatus": 429}));
        rule(0.05, json!({"delayMs": 40}));
        rule(0.02, json!({"delayMs": 400}));
        rule(0.05, json!({"receipts": "double"}));
        rule(0.05, json!({"receipts": "reorder"}));
        rule(0.03, json!({"receipts": "late"}));
        rule(0.02, json!({"receipts": "none"}));
        Value::Array(rules)
    }
}

fn blow(kind: Kind, dice: &mut Dice) -> Blow {
    let nodes = match kind {
        Kind::Embedded => 1,
        Kind::Postgres { nodes } => nodes,
        Kind::Standby => 2,
    };
    let node = dice.place(nodes);
    match (kind, dice.below(6)) {
        (Kind::Embedded, 0) | (_, 5) => Blow::Stop(node),
        (Kind::Embedded, _) | (_, 0 | 1) => Blow::Kill(node),
        (Kind::Postgres { nodes: 2 }, 2 | 3) => Blow::Freeze(node),
        (Kind::Standby, 2..=4) | (_, 4) => Blow::CutConnections,
        _ => Blow::RestartDatabase,
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {} {:?}", self.seed, self.kind)?;
        self.blows.iter().try_for_each(|(share, blow)| write!(f, " {blow:?}@{share:.2}"))
    }
}
