//! The rows of an organisation, and who may read which column (the table "Organisation" of the design).

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::distinct::DistinctRow;
use crate::db::schema::{
    organisation_contacts, organisation_evidence, organisation_identifiers, organisation_names,
    organisation_references, organisation_relations, organisations,
};
use crate::journal::{Class, Recorded};

/// An organisation. Its `id` is the journal position of its registration and never leaves the program.
#[derive(Clone, Debug, PartialEq, Queryable, Insertable, AsChangeset, Serialize, Deserialize)]
#[diesel(table_name = organisations, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct OrganisationRow {
    /// Internal id.
    pub id: i64,
    /// Registry number.
    pub number: String,
    /// The Platform's country code.
    pub country: String,
    /// The current legal name.
    pub name: String,
    /// What names are sorted by: the folded legal name, in binary order.
    pub sort_key: String,
    /// Code of a legal form of the country, or free text.
    pub legal_form: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Website.
    pub website: Option<String>,
    /// ICNP/TSO codes, each between bars: `|A10|C20|`, so that one can be found with LIKE.
    pub themes: String,
    /// SDG numbers in the same form.
    pub sdgs: String,
    /// JSON list of `{language, text}`.
    pub descriptions: String,
    /// Founding year.
    pub founded_year: Option<i32>,
    /// Founding day.
    pub founded_on: Option<NaiveDate>,
    /// Postal address.
    pub address: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// True where the coordinator marked the e-mail address public.
    pub email_public: bool,
    /// Telephone.
    pub phone: Option<String>,
    /// Notes of the coordinators.
    pub notes: Option<String>,
    /// The first day of the first `active`; public from then on, unless withheld.
    pub public_from: Option<NaiveDate>,
    /// True while the whole record is withheld.
    pub withheld: bool,
    /// Why.
    pub withheld_reason: Option<String>,
    /// The successor, while a merge stands.
    pub merged_into: Option<i64>,
    /// When it was registered, µs.
    pub created_at: i64,
    /// When it was last changed, µs.
    pub updated_at: i64,
    /// Who changed it last (an actor word).
    pub updated_by: String,
    /// The number that the next list item gets; an item's number is never used again.
    pub next_item: i32,
    /// Counts the changes of the record and its lists, from 1.
    pub version: i32,
    /// The journal position of the last change.
    pub seq: i64,
    /// The day from whose start it is dissolved. Left out of the journal's images while there is none: entries of before the
    /// column was there say the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dissolved_on: Option<NaiveDate>,
    /// The day from whose start it is merged, as it was decided; none while no merge stands. Left out of the images like the day
    /// before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged_on: Option<NaiveDate>,
}

impl OrganisationRow {
    /// True when it was dissolved, or merged into another.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.dissolved_on.is_some() || self.merged_into.is_some()
    }
}

impl Recorded for OrganisationRow {
    const TABLE: &'static str = "organisations";
    fn key(&self) -> String {
        self.number.clone()
    }
    // The e-mail address is public only while it is marked so: what is published of the past must not keep it.
    fn class_of(&self, column: &str) -> Class {
        match column {
            "number" | "country" | "name" | "legal_form" | "city" | "region" | "website"
            | "themes" | "sdgs" | "descriptions" | "founded_year" | "dissolved_on"
            | "merged_on" => Class::Public,
            _ => Class::Private,
        }
    }
}

macro_rules! item_row {
    ($(#[doc = $doc:literal])+ $row:ident, $table:ident, $name:literal, { $($(#[doc = $fdoc:literal])+ $field:ident: $type:ty,)* }, |$self:ident, $column:ident| $class:expr) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, Queryable, Insertable, AsChangeset, Serialize, Deserialize)]
        #[diesel(table_name = $table, treat_none_as_null = true, treat_none_as_default_value = false)]
        pub struct $row {
            /// The organisation's internal id.
            pub organisation_id: i64,
            /// The item's number within its organisation; never used again.
            pub item: i32,
            $($(#[doc = $fdoc])+ pub $field: $type,)*
            /// The journal position of the last change.
            pub seq: i64,
        }

        impl Recorded for $row {
            const TABLE: &'static str = $name;
            fn key(&self) -> String {
                format!("{}/{}", self.organisation_id, self.item)
            }
            fn class_of(&$self, $column: &str) -> Class {
                $class
            }
        }
    };
}

item_row!(
    /// One name of an organisation.
    NameRow, organisation_names, "organisation_names", {
        /// `legal`, `translated`, `former`, `alias` or `acronym`.
        kind: String,
        /// The name as the registrant wrote it, in NFC.
        text: String,
        /// BCP 47 tag.
        language: Option<String>,
        /// Folded, readable.
        key_plain: String,
        /// Folded, what romanisations write differently merged.
        key_skeleton: String,
        /// Version of the folding that made the keys.
        fold_version: i32,
    }, |self, column| match column { "kind" | "text" | "language" | "item" => Class::Public, _ => Class::Private }
);
item_row!(
    /// One identifier of an organisation.
    IdentifierRow, organisation_identifiers, "organisation_identifiers", {
        /// Scheme, like `KZ-BIN`.
        scheme: String,
        /// The value as written.
        value: String,
        /// The value that is compared.
        canonical: String,
        /// `valid`, `unverifiable` or `invalid`.
        verdict: String,
        /// Why an invalid value was kept.
        override_reason: Option<String>,
        /// Why a value that another organisation has was kept.
        shared_reason: Option<String>,
        /// True while no other organisation may have it.
        exclusive: bool,
    }, |self, _column| Class::Private
);
item_row!(
    /// A contact person: never public, never for auditors.
    ContactRow, organisation_contacts, "organisation_contacts", {
        /// Name.
        name: String,
        /// What they do there.
        position: Option<String>,
        /// E-mail address.
        email: Option<String>,
        /// Telephone.
        phone: Option<String>,
    }, |self, column| match column { "organisation_id" | "item" => Class::Private, _ => Class::Personal }
);
item_row!(
    /// A relation to another organisation.
    RelationRow, organisation_relations, "organisation_relations", {
        /// `parent`, `branch`, `predecessor`, `successor` or `partner`.
        kind: String,
        /// The other organisation's internal id.
        other_id: i64,
    }, |self, _column| Class::Private
);
item_row!(
    /// The fingerprint of a document that stays in the country.
    EvidenceRow, organisation_evidence, "organisation_evidence", {
        /// Kind of document.
        kind: String,
        /// Who issued it.
        issuer: String,
        /// When.
        issued_on: NaiveDate,
        /// SHA-256 of the document, hex.
        sha256: String,
        /// A remark.
        note: Option<String>,
    }, |self, _column| Class::Private
);

/// How another file names an organisation.
#[derive(Clone, Debug, PartialEq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = organisation_references, treat_none_as_default_value = false)]
pub struct ReferenceRow {
    /// The file's source.
    pub source: String,
    /// The row's reference within it.
    pub reference: String,
    /// The organisation's country at the time: another country's row is never looked up.
    pub country: String,
    /// Internal id.
    pub organisation_id: i64,
    /// The journal position of the last change.
    pub seq: i64,
}

impl Recorded for ReferenceRow {
    const TABLE: &'static str = "organisation_references";
    fn key(&self) -> String {
        format!("{}\n{}\n{}", self.country, self.source, self.reference)
    }
    fn class_of(&self, _: &str) -> Class {
        Class::Private
    }
}

/// The tables that `journal verify` compares with the journal.
pub fn recorded_tables() -> Vec<crate::journal::Table> {
    vec![
        crate::recorded_table!(organisations, OrganisationRow, id),
        crate::recorded_table!(organisation_names, NameRow, organisation_id),
        crate::recorded_table!(organisation_identifiers, IdentifierRow, organisation_id),
        crate::recorded_table!(organisation_contacts, ContactRow, organisation_id),
        crate::recorded_table!(organisation_relations, RelationRow, organisation_id),
        crate::recorded_table!(organisation_evidence, EvidenceRow, organisation_id),
        crate::recorded_table!(organisation_references, ReferenceRow, organisation_id),
        crate::recorded_table!(distinct_pairs, DistinctRow, organisation_id),
    ]
}
