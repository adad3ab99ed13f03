//! The rules of folding, searching and comparing by name, so that each can be left out to measure what it is worth
//! (`cargo bench --bench names --features ablation -- --ablation`).
//!
//! In every other build `applies` is true and costs nothing: no request can switch a rule off.

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal,)*) => {
        /// A rule.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Rule { $($(#[doc = $doc])+ $name,)* }

        impl Rule {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// What it does, in words.
            pub fn describe(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii(),)* }
            }
        }
    };
}

rules! {
    /// Look-alike letters are taken into the script of their word.
    LookAlikes = "look-alikes",
    /// Apostrophes vanish instead of parting words.
    Apostrophes = "apostrophes",
    /// What romanisations write differently becomes one (K2).
    Skeleton = "skeleton",
    /// Letters with several readings (c, q, ý) are tried in each for a query.
    Readings = "readings",
    /// A `c` that the country reads as k may be one that was read the Turkish way (дж) where two names are compared.
    TurkishReading = "turkish-reading",
    /// A name with ə, ä, oʻ or Azerbaijani q has a second skeleton.
    SecondSkeleton = "second-skeleton",
    /// Words that mean different things, or are many letters apart, make no two names the same by a slip.
    OtherWords = "other-words",
    /// Words that begin alike and end in what is no ending are other words; those who are of a place are of this place.
    OtherEndings = "other-endings",
    /// Legal-form words weigh little.
    LegalForms = "legal-forms",
    /// Generic and small words weigh little.
    GenericWords = "generic-words",
    /// Rare words weigh more than common ones.
    Rarity = "rarity",
    /// Slips of the fingers are forgiven.
    Slips = "slips",
    /// Slips are looked for in the plain words, too.
    PlainSlips = "plain-slips",
    /// Words that are alike are found by their threes of letters.
    Trigrams = "trigrams",
    /// Other endings of one stem are forgiven.
    Endings = "endings",
    /// Beginnings of words count.
    Beginnings = "beginnings",
    /// Initials and abbreviations count (K4).
    Initials = "initials",
    /// Common words that mean the same count.
    Meanings = "meanings",
    /// Words that stand for what they begin with, or for the initials of several, are these.
    Abbreviations = "abbreviations",
    /// Words written together or apart meet.
    Joined = "joined",
    /// Words that the name has beyond the query cost a little.
    NameLength = "name-length",
    /// The order of the words counts a little.
    Order = "order",
    /// A word of the query that nothing is like weighs less.
    Unknown = "unknown-words",
    /// A city answers what the name does not.
    City = "city",
    /// Legal names count more than others, former ones least.
    KindOfName = "kind-of-name",
    /// Names of different places are different.
    Places = "places",
    /// Names of different countries are different.
    Lands = "countries",
    /// Names of different branches are different.
    Branches = "branches",
    /// Words that tell two organisations apart (north and south) are never a slip of one another.
    Opposites = "opposites",
    /// Names with different numbers are different.
    Numbers = "numbers",
    /// Names with different single letters are never certain.
    SingleLetters = "single-letters",
    /// Roman numerals are numbers.
    RomanNumerals = "roman-numerals",
    /// Different legal forms are never certain.
    OtherForms = "other-forms",
    /// Words that stand alone on both sides count against two names.
    Conflict = "conflict",
    /// Equal keys make two names the same.
    SameName = "same-name",
    /// Other numbers of one scheme are never certain.
    OtherNumbers = "other-numbers",
    /// Names of two countries are read in the ways of both, and legal forms of either are none of the name.
    Borders = "borders",
}

/// True where a rule is to be followed.
#[cfg(not(feature = "ablation"))]
#[inline]
pub(crate) const fn applies(_: Rule) -> bool {
    true
}

#[cfg(feature = "ablation")]
static WITHOUT: std::sync::OnceLock<Rule> = std::sync::OnceLock::new();

/// True where a rule is to be followed.
#[cfg(feature = "ablation")]
pub(crate) fn applies(rule: Rule) -> bool {
    WITHOUT.get() != Some(&rule)
}

/// Leaves a rule out, for the whole process and before anything is folded: tables are made once.
#[cfg(feature = "ablation")]
pub fn leave_out(rule: Rule) {
    WITHOUT.get_or_init(|| rule);
}
