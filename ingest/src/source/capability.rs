//! What a source can be asked for, as far as is known: found out, or set. A
//! [`Plan`](super::Plan) offers nothing that its source cannot do.

use super::traffic::Basis;

/// Whether something can be done, and how that is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ability {
    /// Whether it can.
    pub can: bool,
    /// What that rests on.
    pub basis: Basis,
}

impl Ability {
    /// It can, as `basis` tells.
    pub const fn yes(basis: Basis) -> Ability {
        Ability { can: true, basis }
    }

    /// It cannot, as `basis` tells.
    pub const fn no(basis: Basis) -> Ability {
        Ability { can: false, basis }
    }
}

/// What a source can do beside giving everything, which each can.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Capabilities {
    /// Changes since a cursor: [`Reading::Changes`](super::Reading::Changes).
    pub changes: Ability,
    /// A cheap list of the devices that are down:
    /// [`Reading::Glance`](super::Reading::Glance).
    pub glance: Ability,
    /// The same of ports; part of the same reading.
    pub glance_ports: Ability,
    /// Pushes that something is worth a look:
    /// [`Reading::Hints`](super::Reading::Hints).
    pub push: Ability,
    /// Records of past outages: [`Reading::Backfill`](super::Reading::Backfill).
    pub backfill: Ability,
    /// BGP sessions: [`Reading::Sessions`](super::Reading::Sessions).
    pub sessions: Ability,
    /// Checks: [`Reading::Checks`](super::Reading::Checks).
    pub checks: Ability,
    /// Names, ports and links: [`Source::inventory`](super::Source::inventory).
    pub inventory: Ability,
}

impl Capabilities {
    /// All of them, each by a name that does not change.
    pub const fn all(&self) -> [(&'static str, Ability); 8] {
        [
            ("changes", self.changes),
            ("glance", self.glance),
            ("glance_ports", self.glance_ports),
            ("push", self.push),
            ("backfill", self.backfill),
            ("sessions", self.sessions),
            ("checks", self.checks),
            ("inventory", self.inventory),
        ]
    }
}

/// Of a source that can do nothing but read everything.
impl Default for Capabilities {
    fn default() -> Capabilities {
        let no = Ability::no(Basis::Product);
        Capabilities {
            changes: no,
            glance: no,
            glance_ports: no,
            push: no,
            backfill: no,
            sessions: no,
            checks: no,
            inventory: no,
        }
    }
}
