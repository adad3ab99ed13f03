//! The one table of rights: who may do what, and in which countries.
//!
//! [`grant`] is exhaustive over roles and actions: a new action does not compile without a row. The committed table
//! `docs/rights.md` is made from it, and `tests/suite/rights.rs` holds every route against it.

use super::{Principal, Role};

/// What somebody may do, with the countries it reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// Not at all.
    No,
    /// Only what is public.
    Public,
    /// In the own country; elsewhere what is public.
    Own,
    /// In all countries.
    All,
}

/// The countries whose non-public objects somebody reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// No country: the public surface only.
    None,
    /// One country.
    One(String),
    /// Every country.
    All,
}

/// What a permit reaches: every query on country-bound rows asks for it, so a query without one does not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    scope: Scope,
    contacts: bool,
}

impl Reach {
    pub(super) fn new(scope: Scope, contacts: bool) -> Self {
        Self { scope, contacts }
    }

    /// The operator's reach, for the command line.
    pub fn everything() -> Self {
        Self {
            scope: Scope::All,
            contacts: true,
        }
    }

    /// The reach of nobody in particular: what is public.
    pub fn public() -> Self {
        Self {
            scope: Scope::None,
            contacts: false,
        }
    }

    /// The countries.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// True when non-public objects and fields of this country are reached.
    pub fn covers(&self, country: &str) -> bool {
        match &self.scope {
            Scope::None => false,
            Scope::One(own) => own == country,
            Scope::All => true,
        }
    }

    /// True when contact persons of this country may be read.
    pub fn covers_contacts(&self, country: &str) -> bool {
        self.contacts && self.covers(country)
    }

    /// True when nothing beyond the public surface is reached.
    pub fn is_public(&self) -> bool {
        self.scope == Scope::None
    }
}

macro_rules! acts {
    ($($(#[doc = $doc:literal])+ $name:ident: $anonymous:ident $coordinator:ident $secretariat:ident $auditor:ident $operator:ident;)*) => {
        /// Something that somebody may or may not do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Action { $($(#[doc = $doc])+ $name,)* }

        impl Action {
            /// Every action, in the order of the table.
            pub const ALL: &'static [Action] = &[$(Action::$name,)*];

            /// What the action is, in words.
            pub fn describe(self) -> &'static str {
                match self { $(Action::$name => concat!($($doc),+).trim_ascii(),)* }
            }
        }

        /// The row of the table for this principal.
        pub fn grant(principal: &Principal, action: Action) -> Grant {
            match action {
                $(Action::$name => match principal {
                    Principal::Anonymous | Principal::Partner { .. } => Grant::$anonymous,
                    Principal::User { role: Role::Coordinator, .. } => Grant::$coordinator,
                    Principal::User { role: Role::Secretariat, .. } => Grant::$secretariat,
                    Principal::User { role: Role::Auditor, .. } => Grant::$auditor,
                    Principal::Operator => Grant::$operator,
                },)*
            }
        }

        /// The actions as types, for [`super::Permit`].
        pub mod acts {
            use super::{Act, Action};
            $(
                $(#[doc = $doc])+
                pub struct $name;
                impl Act for $name { const ACTION: Action = Action::$name; }
            )*
        }
    };
}

/// An action as a type: `Permit<RegisterOrganisation>` reads as what it is in a signature.
pub trait Act {
    /// The row of the table.
    const ACTION: Action;
}

/// What may be done at the auditors' desk, whose cookie opens nothing else: reading reports, closed periods and the journal, and
/// leaving. A handler of the desk for another action does not compile.
pub trait DeskAct: Act {}

impl DeskAct for acts::ReadReports {}
impl DeskAct for acts::ReadPeriods {}
impl DeskAct for acts::ReadJournal {}
impl DeskAct for acts::OwnAccount {}

// Columns: anonymous and partner keys · coordinator · secretariat · auditor · operator (command line).
acts! {
    /// Read the reference data, check an identifier.
    ReadReference: Public Public Public Public All;
    /// Read organisations and what is public of their memberships.
    ReadOrganisations: Public Own All All All;
    /// Register an organisation.
    RegisterOrganisation: No Own All No All;
    /// Change an organisation, its names, identifiers, contacts, relations and evidence.
    ChangeOrganisation: No Own All No No;
    /// Read pairs of organisations that may be one.
    ReadDuplicates: No Own All No All;
    /// Say that two organisations that look alike are two.
    SettleDuplicates: No Own All No No;
    /// Withhold a whole record, or show it again.
    WithholdOrganisation: No Own All No No;
    /// Read memberships with their events, proposals, and what the calendar will do.
    ReadMemberships: No Own All All All;
    /// Read what waits for oneself.
    ReadTasks: No Own All No No;
    /// Apply for an organisation, submit, withdraw an application.
    Apply: No Own All No No;
    /// Take an application into review, release it, return it, recommend.
    Review: No Own All No No;
    /// Give a review to another reviewer.
    Reassign: No No All No No;
    /// Renew a membership, confirm a member's letter of withdrawal, record that an organisation was dissolved, take that back.
    Maintain: No Own All No No;
    /// Propose a suspension, its end, an expulsion, a reinstatement, another type, a correction, a transfer, a merge, its undoing.
    Propose: No Own All No No;
    /// Decide a proposal.
    Decide: No Own All No No;
    /// Retract an own proposal.
    Retract: No Own All No No;
    /// Import a spreadsheet, read what became of its rows.
    Import: No Own All No All;
    /// Export a country's register as a spreadsheet.
    Export: No Own All No All;
    /// Read the journal.
    ReadJournal: No No No All All;
    /// Read the journal's signed checkpoints and the keys that check them.
    ReadCheckpoints: Public Public Public Public All;
    /// Read who read private data.
    ReadPrivateReads: No No No All All;
    /// Export what is held of a person, a contact or an account.
    ExportPerson: No No All No All;
    /// Erase a person's data.
    ErasePerson: No No All No All;
    /// Read reports.
    ReadReports: No Own All All All;
    /// Close a period.
    ClosePeriod: No No All No No;
    /// Read closed periods.
    ReadPeriods: No Own All All All;
    /// Read accounts.
    ReadAccounts: No Own All All All;
    /// Invite, change and disable accounts.
    ManageAccounts: No No All No All;
    /// Make, list and revoke partner keys.
    ManageKeys: No No All No All;
    /// Propose, decide and take back a handover of the secretariat's office.
    HandOver: No No All No No;
    /// Read handovers of the office.
    ReadHandovers: No No All All All;
    /// Read and end the own sessions, change the own password.
    OwnAccount: No Public Public Public No;
}

/// The scope that a partner's key needs for what partners may do.
pub const READ_SCOPE: &str = "read";

/// Whether a key may be used for anything: one without the scope is good for nothing, not even for what is public.
fn in_scope(principal: &Principal) -> bool {
    match principal {
        Principal::Partner { scopes, .. } => scopes.iter().any(|s| s == READ_SCOPE),
        Principal::Anonymous | Principal::User { .. } | Principal::Operator => true,
    }
}

/// What the principal reaches by this action; `None` when it may not do it at all.
pub fn reach(principal: &Principal, action: Action) -> Option<Reach> {
    if !in_scope(principal) {
        return None;
    }
    let scope = match (grant(principal, action), principal) {
        (Grant::No, _) => return None,
        (Grant::Public, _) => Scope::None,
        (Grant::All, _) => Scope::All,
        (
            Grant::Own,
            Principal::User {
                country: Some(country),
                ..
            },
        ) => Scope::One(country.clone()),
        (Grant::Own, _) => return None,
    };
    // An auditor reads everything but contact persons.
    let contacts = principal.role() != Some(Role::Auditor);
    Some(Reach::new(scope, contacts))
}

/// The table as Markdown, for `docs/rights.md`.
pub fn table() -> String {
    use std::fmt::Write;
    let user = |role, country: Option<&str>| Principal::User {
        id: crate::db::Id(0),
        session: crate::db::Id(0),
        role,
        country: country.map(str::to_owned),
    };
    let columns = [
        Principal::Anonymous,
        user(Role::Coordinator, Some("AZ")),
        user(Role::Secretariat, None),
        user(Role::Auditor, None),
        Principal::Operator,
    ];
    let mut text = String::from(
        "| action | anonymous, partner | coordinator | secretariat | auditor | operator |\n|---|---|---|---|---|---|\n",
    );
    for action in Action::ALL {
        let cells = columns.each_ref().map(|p| match grant(p, *action) {
            Grant::No => "–",
            Grant::Public => "public",
            Grant::Own => "own country",
            Grant::All => "all",
        });
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {action:?}: {} | {} |",
            action.describe(),
            cells.join(" | ")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Action, Grant, grant, reach};
    use crate::auth::{Principal, Role};
    use crate::db::Id;

    fn user(role: Role, country: Option<&str>) -> Principal {
        Principal::User {
            id: Id(1),
            session: Id(2),
            role,
            country: country.map(str::to_owned),
        }
    }

    #[test]
    fn an_auditor_changes_nothing() {
        let auditor = user(Role::Auditor, None);
        for action in Action::ALL {
            let reads = matches!(
                action,
                Action::ReadReference
                    | Action::ReadOrganisations
                    | Action::ReadMemberships
                    | Action::ReadJournal
                    | Action::ReadCheckpoints
                    | Action::ReadPrivateReads
                    | Action::ReadReports
                    | Action::ReadPeriods
                    | Action::ReadAccounts
                    | Action::ReadHandovers
                    | Action::OwnAccount
            );
            assert_eq!(grant(&auditor, *action) != Grant::No, reads, "{action:?}");
        }
    }

    #[test]
    fn an_auditor_reads_everything_but_contact_persons() {
        let reach = reach(&user(Role::Auditor, None), Action::ReadOrganisations).unwrap();
        assert!(reach.covers("AZ") && !reach.covers_contacts("AZ"));
    }

    #[test]
    fn a_coordinator_reaches_more_than_is_public_of_the_own_country() {
        let reach = reach(
            &user(Role::Coordinator, Some("AZ")),
            Action::ReadOrganisations,
        )
        .unwrap();
        assert!(!reach.is_public() && reach.covers("AZ") && reach.covers_contacts("AZ"));
    }

    #[test]
    fn a_coordinator_never_reaches_another_country() {
        let az = user(Role::Coordinator, Some("AZ"));
        for action in Action::ALL {
            if let Some(reach) = reach(&az, *action) {
                assert!(
                    !reach.covers("KZ") && !reach.covers_contacts("KZ"),
                    "{action:?}"
                );
            }
        }
    }

    #[test]
    fn a_coordinator_without_a_country_reaches_nothing_of_a_country() {
        let broken = user(Role::Coordinator, None);
        for action in Action::ALL {
            if let Some(reach) = reach(&broken, *action) {
                assert!(reach.is_public(), "{action:?}");
            }
        }
    }

    #[test]
    fn nobody_known_reaches_only_what_is_public() {
        for action in Action::ALL {
            if let Some(reach) = reach(&Principal::Anonymous, *action) {
                assert!(reach.is_public(), "{action:?}");
            }
        }
    }
}
