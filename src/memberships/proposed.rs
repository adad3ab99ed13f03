//! What a proposal would do, and whether it still can.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::acts::Act;
use super::model::{
    Correction, CountryCode, EventKind, MembershipType, Replacement, Stance, State,
};

/// The particulars of a proposed act. Which of them an act has, [`Terms::kind`] says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Terms {
    /// Which way a reviewer recommends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stance: Option<Stance>,
    /// The last day of a suspension.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
    /// The new type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_type: Option<MembershipType>,
    /// The new country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_country: Option<CountryCode>,
    /// The registry number of the organisation that goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successor: Option<String>,
    /// The number of the event to correct.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_no: Option<i32>,
    /// How it is corrected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correction: Option<Correction>,
    /// Reason and evidence that the corrected event has from then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replacement: Option<Replacement>,
    /// The day from whose start the act holds; the day of the decision when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_on: Option<NaiveDate>,
    /// Items of the organisation's evidence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<i32>,
    /// The state that it was made in: the proposal falls when there is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// The countries whose officers have to agree, beside the one who decides. The last member: lists look for it there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<CountryCode>,
}

impl Terms {
    /// The event that the approved act records; none where the terms lack something, or for `recommend`, whose decision has
    /// rules of its own.
    #[must_use]
    pub fn kind(&self, act: Act) -> Option<EventKind> {
        Some(match act {
            Act::Suspend => EventKind::Suspended { until: self.until },
            Act::Lift => EventKind::Lifted {},
            Act::Expel => EventKind::Expelled {},
            Act::Reinstate => EventKind::Reinstated {},
            Act::ChangeType => EventKind::TypeChanged { to: self.to_type? },
            Act::Correct => EventKind::Corrected {
                target_no: self.target_no?,
                correction: self.correction.clone()?,
            },
            Act::Transfer => EventKind::Transferred {
                to_country: self.to_country.clone()?,
            },
            Act::Merge => EventKind::Merged {
                successor: self.successor.clone()?,
            },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Terms;

    #[test]
    fn the_countries_that_are_asked_stand_last() {
        let terms = Terms {
            needs: vec!["AZ".to_owned(), "HU".to_owned()],
            to_country: Some("KZ".to_owned()),
            evidence: vec![1],
            state: Some(super::State::Active),
            ..Terms::default()
        };
        let text = serde_json::to_string(&terms).unwrap();
        assert!(text.ends_with(r#","needs":["AZ","HU"]}"#), "{text}");
    }
}
