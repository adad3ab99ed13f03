//! Who somebody is once the database has confirmed it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::db::Id;

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The Platform's office; reaches all countries.
    Secretariat,
    /// A country's coordinator; reaches the own country.
    Coordinator,
    /// Reads everything but contact persons, changes nothing.
    Auditor,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 3] = [Self::Secretariat, Self::Coordinator, Self::Auditor];

    /// The role's word in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Secretariat => "secretariat",
            Self::Coordinator => "coordinator",
            Self::Auditor => "auditor",
        }
    }
}

impl FromStr for Role {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|r| r.as_str() == text)
            .ok_or_else(|| "a role is secretariat, coordinator or auditor".to_owned())
    }
}

/// Somebody whose credentials are good at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Nobody known.
    Anonymous,
    /// A partner's API key with its scopes.
    Partner {
        /// The key's id.
        key: Id,
        /// What the key is good for.
        scopes: Vec<String>,
    },
    /// A person with a live session.
    User {
        /// The account's id.
        id: Id,
        /// The session's id.
        session: Id,
        /// What the account is for.
        role: Role,
        /// The country of a coordinator.
        country: Option<String>,
    },
    /// Whoever runs the command line on the registry's machine.
    Operator,
}

impl Principal {
    /// The account's role, if it is a person.
    pub fn role(&self) -> Option<Role> {
        match self {
            Self::User { role, .. } => Some(*role),
            _ => None,
        }
    }

    /// The account's id, if it is a person.
    pub fn user_id(&self) -> Option<Id> {
        match self {
            Self::User { id, .. } => Some(*id),
            _ => None,
        }
    }

    /// What the rights follow from, in words: another role or country is another reach.
    pub fn rights(&self) -> String {
        match self {
            Self::Anonymous => "anonymous".to_owned(),
            Self::Partner { scopes, .. } => format!("partner {}", scopes.join(" ")),
            Self::User { role, country, .. } => {
                format!("{} {}", role.as_str(), country.as_deref().unwrap_or("*"))
            }
            Self::Operator => "operator".to_owned(),
        }
    }

    /// Who the journal says it was.
    pub fn actor(&self) -> Actor {
        match self {
            Self::Anonymous => Actor::Anonymous,
            Self::Partner { key, .. } => Actor::Key(*key),
            Self::User { id, .. } => Actor::User(*id),
            Self::Operator => Actor::Operator,
        }
    }
}

/// Who did something, as an opaque word: names and addresses stay out of the journal's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// An account.
    User(Id),
    /// A partner's key.
    Key(Id),
    /// The command line.
    Operator,
    /// The registry itself: a job, by its name.
    System(&'static str),
    /// Nobody known (setting a password by a one-time link).
    Anonymous,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::Key(id) => write!(f, "key:{id}"),
            Self::Operator => f.write_str("operator"),
            Self::System(job) => write!(f, "system:{job}"),
            Self::Anonymous => f.write_str("anonymous"),
        }
    }
}
