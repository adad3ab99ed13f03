//! The index: the words of all names in memory, with what decides who may find them. No disk, no database: `live.rs` feeds it.
//!
//! An organisation that changes is put in anew; what it was before stays as dead entries until the index is made again.

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};
use smallvec::SmallVec;

use super::dictionary::Dictionary;
use super::fold::{self, Folded, NameWord, Role};
use super::places;
use super::rules::{Rule, applies};

/// What a name is to its organisation, for search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The current name in law.
    Legal,
    /// The name in another language.
    Translated,
    /// Initials.
    Acronym,
    /// A name that others use.
    Alias,
    /// A legal name of the past, or of an organisation that was merged into this one.
    Former,
    /// A name of an organisation that was merged into this one and was never public: only who may find what is private in this one's
    /// country may find it by this, or, where this one is found at all, in the country of the old one.
    Inner,
    /// Its city: no name, but found all the same, lower.
    City,
    /// A description, lower still.
    Description,
}

impl Kind {
    /// Reads the word of the database.
    pub(super) fn of(word: &str) -> Self {
        match word {
            "legal" => Self::Legal,
            "translated" => Self::Translated,
            "acronym" => Self::Acronym,
            "former" => Self::Former,
            _ => Self::Alias,
        }
    }

    /// What a match in it is worth (design, section 8).
    pub(super) fn worth(self) -> f32 {
        match self {
            _ if self.is_name() && !applies(Rule::KindOfName) => 1.0,
            Self::Legal => 1.0,
            Self::Translated => 0.995,
            Self::Acronym => 0.98,
            Self::Alias => 0.97,
            Self::Former | Self::Inner => 0.9,
            Self::City => 0.55,
            Self::Description => 0.5,
        }
    }

    /// True for what an organisation is called.
    pub(super) fn is_name(self) -> bool {
        !matches!(self, Self::City | Self::Description)
    }
}

/// An organisation to find.
#[derive(Clone, Debug)]
pub struct Document {
    /// Internal id.
    pub id: i64,
    /// The Platform's country code.
    pub country: String,
    /// The first day on which it is public.
    pub public_from: Option<NaiveDate>,
    /// True while it is withheld.
    pub withheld: bool,
    /// Its names, each with its item's number.
    pub names: Vec<(i32, Kind, String)>,
    /// Items of names that are of another country, with its code: of organisations that were merged into this one across a border.
    pub elsewhere: Vec<(i32, String)>,
    /// City.
    pub city: Option<String>,
    /// Descriptions.
    pub descriptions: Vec<String>,
    /// What else tells an organisation from others: the host of its website, the domain of its mail, its telephone
    /// ([`super::signs`]). Never searched, only looked up by who holds the same.
    pub signs: Vec<String>,
}

impl Document {
    /// The country as which a name is read.
    fn country_of(&self, item: i32) -> &str {
        let elsewhere = self.elsewhere.iter().find(|(of, _)| *of == item);
        elsewhere.map_or(&self.country, |(_, code)| code)
    }
}

/// Who asks: what they may find.
#[derive(Clone, Debug)]
pub struct Sight {
    /// Finds everything.
    pub all: bool,
    /// Finds everything of this country.
    pub own: Option<String>,
    /// The day that decides what is public.
    pub today: NaiveDate,
}

/// A word as a name has it: plain, skeleton, second skeleton (the first again where there is none).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Word {
    pub(super) plain: u32,
    pub(super) term: u32,
    pub(super) alt: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct NameSlot {
    pub(super) organisation: u32,
    start: u32,
    /// The item's number.
    pub(super) item: i32,
    len: u8,
    pub(super) kind: Kind,
    /// The country as which it is read.
    pub(super) country: u8,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct OrganisationSlot {
    pub(super) id: i64,
    first: u32,
    names: u16,
    pub(super) country: u8,
    withheld: bool,
    dead: bool,
    /// Its words count in the frequencies.
    counted: bool,
    /// Day from the common era.
    public_from: i32,
}

/// Words that are kept of a text.
const MOST_WORDS: usize = 60;
/// Countries whose frequencies are counted apart; more share the last place.
pub(super) const COUNTRIES: usize = 9;
const ROLE_SHIFT: u32 = 29;

/// The index.
#[derive(Default)]
pub struct Index {
    pub(super) terms: Dictionary,
    pub(super) plains: Dictionary,
    /// Names that hold a term, by either skeleton.
    postings: Vec<SmallVec<[u32; 2]>>,
    /// Public names that hold a term, by country.
    frequencies: Vec<[u32; COUNTRIES]>,
    /// Terms of a plain word.
    terms_of: Vec<SmallVec<[u32; 2]>>,
    words: Vec<Word>,
    word_numbers: HashMap<Word, u32>,
    /// Terms that name a place, in whatever spelling and with whatever ending, by the place.
    of_places: HashMap<u16, Vec<u32>>,
    forward: Vec<u32>,
    pub(super) names: Vec<NameSlot>,
    /// How many words each name has: read for every candidate, so that it stands apart.
    pub(super) lengths: Vec<u8>,
    organisations: Vec<OrganisationSlot>,
    by_id: HashMap<i64, u32>,
    initials: Initials,
    /// Organisations by their signs.
    signs: Initials,
    /// Names without a letter of the two scripts.
    raw: HashMap<String, Vec<u32>>,
    countries: Vec<String>,
    public_names: [u32; COUNTRIES],
    dead: usize,
    /// The day for which what is public was counted.
    day: i32,
}

/// Names by their initials, or organisations by their signs: sorted pairs of a hash and a number, the youngest unsorted behind
/// them.
#[derive(Default)]
struct Initials {
    sorted: Vec<(u32, u32)>,
    young: Vec<(u32, u32)>,
}

const YOUNG_INITIALS: usize = 8_192;

impl Initials {
    fn put(&mut self, initials: &str, name: u32) {
        self.young.push((hash(initials), name));
        if self.young.len() >= YOUNG_INITIALS.max(self.sorted.len() / 8) {
            self.sorted.append(&mut self.young);
            self.sorted.sort_unstable();
        }
    }

    fn of(&self, initials: &str) -> impl Iterator<Item = u32> + '_ {
        let wanted = hash(initials);
        let from = self.sorted.partition_point(|&(hash, _)| hash < wanted);
        self.sorted
            .get(from..)
            .unwrap_or_default()
            .iter()
            .take_while(move |&&(hash, _)| hash == wanted)
            .chain(self.young.iter().filter(move |&&(hash, _)| hash == wanted))
            .map(|&(_, name)| name)
    }
}

/// FNV-1a: two initials of one hash among a million organisations are rarer than an abbreviation that two share.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |sum, byte| {
        (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

pub(super) fn at<T>(list: &[T], number: u32) -> Option<&T> {
    list.get(usize::try_from(number).ok()?)
}

fn at_mut<T>(list: &mut [T], number: u32) -> Option<&mut T> {
    list.get_mut(usize::try_from(number).ok()?)
}

fn number_of<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}

impl Index {
    /// An empty index for a day.
    #[must_use]
    pub fn new(today: NaiveDate) -> Self {
        Self {
            terms: Dictionary::with_likeness(),
            day: today.num_days_from_ce(),
            ..Self::default()
        }
    }

    /// How many organisations can be found.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// True for an index of nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// True when so much of it is dead that it should be made again.
    #[must_use]
    pub fn is_worn(&self) -> bool {
        self.dead > 10_000 && self.dead > self.by_id.len() / 4
    }

    /// Puts an organisation in, in place of what it was before.
    pub fn put(&mut self, document: &Document) {
        let names = document.names.iter();
        let folded: Vec<Folded> = names
            .map(|(item, _, text)| Folded::of(text, Some(document.country_of(*item))))
            .collect();
        self.put_folded(document, &folded);
    }

    /// The same for one whose names were folded before, in their order.
    pub fn put_folded<F: AsRef<Folded>>(&mut self, document: &Document, folded: &[F]) {
        self.remove(document.id);
        let organisation = number_of(&self.organisations);
        let first = number_of(&self.names);
        let code = document.country.as_str();
        let country = self.country(code);
        for ((item, kind, _), folded) in document.names.iter().zip(folded) {
            let read_as = self.country(document.country_of(*item));
            self.put_name(organisation, (*item, *kind, read_as), folded.as_ref());
        }
        if let Some(city) = &document.city {
            self.put_words(
                organisation,
                (0, Kind::City, country),
                &fold::name_words(city, Some(code)),
            );
        }
        for (place, text) in (0..).zip(&document.descriptions) {
            self.put_words(
                organisation,
                (place, Kind::Description, country),
                &fold::name_words(text, Some(code)),
            );
        }
        let names = u16::try_from(number_of(&self.names) - first).unwrap_or(u16::MAX);
        self.organisations.push(OrganisationSlot {
            id: document.id,
            first,
            names,
            country,
            withheld: document.withheld,
            dead: false,
            counted: false,
            public_from: document
                .public_from
                .map_or(i32::MAX, |day| day.num_days_from_ce()),
        });
        for sign in &document.signs {
            self.signs.put(sign, organisation);
        }
        self.by_id.insert(document.id, organisation);
        self.count_if_public(organisation);
    }

    /// Takes an organisation out.
    pub fn remove(&mut self, id: i64) {
        let Some(number) = self.by_id.remove(&id) else {
            return;
        };
        self.count(number, false);
        if let Some(slot) = at_mut(&mut self.organisations, number) {
            slot.dead = true;
        }
        self.dead += 1;
    }

    /// Counts what has become public since the day before; to be called when the day may have changed.
    pub fn turn_to(&mut self, today: NaiveDate) {
        let day = today.num_days_from_ce();
        if day == self.day {
            return;
        }
        self.day = day;
        for number in 0..number_of(&self.organisations) {
            self.count_if_public(number);
        }
    }

    /// The day for which it counts.
    pub(super) fn is_of(&self, today: NaiveDate) -> bool {
        self.day == today.num_days_from_ce()
    }

    fn country(&mut self, code: &str) -> u8 {
        let known = self.countries.iter().position(|known| known == code);
        let place = known.unwrap_or_else(|| {
            self.countries.push(code.to_owned());
            self.countries.len() - 1
        });
        u8::try_from(place).unwrap_or(u8::MAX)
    }

    /// The place of a country, where any organisation is of it.
    pub(super) fn place_of(&self, code: &str) -> Option<u8> {
        let place = self.countries.iter().position(|known| known == code)?;
        u8::try_from(place).ok()
    }

    fn put_name(&mut self, organisation: u32, what: (i32, Kind, u8), folded: &Folded) {
        let name = self.put_words(organisation, what, &folded.words);
        if folded.words.is_empty() {
            let raw = folded.keys.raw.clone();
            self.raw.entry(raw).or_default().push(name);
        }
        for initials in &folded.keys.initials {
            self.initials.put(initials, name);
        }
    }

    fn put_words(
        &mut self,
        organisation: u32,
        (item, kind, country): (i32, Kind, u8),
        words: &[NameWord],
    ) -> u32 {
        let name = number_of(&self.names);
        let start = number_of(&self.forward);
        for word in words.iter().take(MOST_WORDS) {
            let plain = self.plains.put(word.plain.as_bytes());
            let term = self.term(word.skeleton.as_bytes());
            let alt = match &word.alt {
                Some(alt) => self.term(alt.as_bytes()),
                None => term,
            };
            if self.terms_of.len() < self.plains.len() {
                self.terms_of.resize_with(self.plains.len(), SmallVec::new);
            }
            if let Some(terms) = at_mut(&mut self.terms_of, plain)
                && !terms.contains(&term)
            {
                terms.push(term);
            }
            for term in [Some(term), (alt != term).then_some(alt)]
                .into_iter()
                .flatten()
            {
                if let Some(list) = at_mut(&mut self.postings, term)
                    && list.last() != Some(&name)
                {
                    list.push(name);
                }
            }
            let word_number = self.word(Word { plain, term, alt }, word);
            self.forward
                .push(word_number | role_bits(word.role) << ROLE_SHIFT);
        }
        let len = u8::try_from(words.len().min(MOST_WORDS)).unwrap_or(u8::MAX);
        self.names.push(NameSlot {
            organisation,
            start,
            item,
            len,
            kind,
            country,
        });
        self.lengths.push(len);
        name
    }

    fn term(&mut self, skeleton: &[u8]) -> u32 {
        let term = self.terms.put(skeleton);
        if self.postings.len() < self.terms.len() {
            self.postings.resize_with(self.terms.len(), SmallVec::new);
            self.frequencies.resize(self.terms.len(), [0; COUNTRIES]);
        }
        term
    }

    fn word(&mut self, word: Word, written: &NameWord) -> u32 {
        let next = number_of(&self.words);
        let number = *self.word_numbers.entry(word).or_insert(next);
        if number == next {
            self.words.push(word);
            if let Some(place) = places::of(std::slice::from_ref(written)) {
                self.of_places.entry(place).or_default().push(word.term);
            }
        }
        number
    }

    fn count_if_public(&mut self, organisation: u32) {
        let due = at(&self.organisations, organisation).is_some_and(|slot| {
            !slot.dead && !slot.counted && !slot.withheld && slot.public_from <= self.day
        });
        if due {
            self.count(organisation, true);
        }
    }

    /// Counts the organisation's words in the frequencies, or takes them out. Only public ones are ever counted: a score must
    /// not tell that a word stands in a record that nobody may see.
    fn count(&mut self, organisation: u32, now: bool) {
        let Some(slot) = at_mut(&mut self.organisations, organisation) else {
            return;
        };
        if slot.counted == now {
            return;
        }
        slot.counted = now;
        let (first, names) = (slot.first, slot.names);
        let step = |count: &mut u32| {
            *count = if now {
                count.saturating_add(1)
            } else {
                count.saturating_sub(1)
            };
        };
        for name in first..first + u32::from(names) {
            let Some(&name) = at(&self.names, name) else {
                continue;
            };
            if !name.kind.is_name() || name.kind == Kind::Inner {
                continue;
            }
            let country = usize::from(name.country).min(COUNTRIES - 1);
            if let Some(count) = self.public_names.get_mut(country) {
                step(count);
            }
            let start = usize::try_from(name.start).unwrap_or(usize::MAX);
            let words = self.forward.get(start..start + usize::from(name.len));
            for word in words.unwrap_or_default() {
                let Some(&word) = at(&self.words, word & !(u32::MAX << ROLE_SHIFT)) else {
                    continue;
                };
                for term in [Some(word.term), (word.alt != word.term).then_some(word.alt)]
                    .into_iter()
                    .flatten()
                {
                    let counts = at_mut(&mut self.frequencies, term);
                    if let Some(count) = counts.and_then(|all| all.get_mut(country)) {
                        step(count);
                    }
                }
            }
        }
    }

    /// Names that hold a term.
    pub(super) fn postings(&self, term: u32) -> &[u32] {
        at(&self.postings, term).map_or(&[], |list| list.as_slice())
    }

    /// Terms that a plain word stands for.
    pub(super) fn terms_of(&self, plain: u32) -> &[u32] {
        at(&self.terms_of, plain).map_or(&[], |list| list.as_slice())
    }

    /// Terms that name a place, some of them more than once.
    pub(super) fn of_place(&self, place: u16) -> &[u32] {
        self.of_places.get(&place).map_or(&[], Vec::as_slice)
    }

    /// The words of a name in written order, with their roles.
    pub(super) fn words(&self, name: NameSlot) -> impl Iterator<Item = (Word, Option<Role>)> + '_ {
        let start = usize::try_from(name.start).unwrap_or(usize::MAX);
        let words = self.forward.get(start..start + usize::from(name.len));
        words.unwrap_or_default().iter().filter_map(|&bits| {
            let word = at(&self.words, bits & !(u32::MAX << ROLE_SHIFT))?;
            Some((*word, role_of(bits >> ROLE_SHIFT)))
        })
    }

    /// The organisation of a slot, where it lives and may be found.
    pub(super) fn organisation(&self, number: u32) -> Option<&OrganisationSlot> {
        at(&self.organisations, number).filter(|slot| !slot.dead)
    }

    /// The Platform's code of a country.
    pub(super) fn code_of(&self, country: u8) -> &str {
        let code = self.countries.get(usize::from(country));
        code.map_or("", String::as_str)
    }

    /// The names, city and descriptions of an organisation.
    pub(super) fn texts_of(&self, slot: &OrganisationSlot) -> &[NameSlot] {
        let first = usize::try_from(slot.first).unwrap_or(usize::MAX);
        let texts = self.names.get(first..first + usize::from(slot.names));
        texts.unwrap_or_default()
    }

    /// True where this organisation may be found.
    pub(super) fn may_find(&self, slot: &OrganisationSlot, sight: &Sight) -> bool {
        let is_public = !slot.withheld && slot.public_from <= sight.today.num_days_from_ce();
        is_public || self.is_private_to(slot.country, sight)
    }

    /// True where this organisation may be found by this name of it.
    pub(super) fn may_find_by(
        &self,
        name: NameSlot,
        slot: &OrganisationSlot,
        sight: &Sight,
    ) -> bool {
        if name.kind == Kind::Inner {
            let is_own = self.is_private_to(slot.country, sight);
            is_own || (self.is_private_to(name.country, sight) && self.may_find(slot, sight))
        } else {
            self.may_find(slot, sight)
        }
    }

    /// True for whoever may find what is private in a country.
    fn is_private_to(&self, country: u8, sight: &Sight) -> bool {
        let own = || {
            let code = self.countries.get(usize::from(country));
            sight.own.is_some() && sight.own.as_ref() == code
        };
        sight.all || own()
    }

    /// Names that have these initials.
    pub(super) fn with_initials(&self, initials: &str) -> impl Iterator<Item = u32> + '_ {
        self.initials.of(initials)
    }

    /// Organisations that hold a sign, or another of the same hash.
    pub(super) fn with_sign(&self, sign: &str) -> impl Iterator<Item = u32> + '_ {
        self.signs.of(sign)
    }

    /// Names without folded words that are written like this.
    pub(super) fn with_raw(&self, raw: &str) -> &[u32] {
        self.raw.get(raw).map_or(&[], Vec::as_slice)
    }

    /// How many public names hold a term. What only private ones hold counts for nobody: no order and no score may tell of it.
    pub(super) fn held(&self, term: u32) -> u32 {
        at(&self.frequencies, term).map_or(0, |counts| counts.iter().sum())
    }

    /// True where a name that may be found holds a term: what others may find tells nobody of it.
    pub(super) fn is_known(&self, term: u32, sight: &Sight) -> bool {
        let may_find = |&name: &u32| {
            let slot = at(&self.names, name).filter(|slot| slot.kind.is_name());
            slot.is_some_and(|&slot| {
                let organisation = self.organisation(slot.organisation);
                organisation.is_some_and(|found| self.may_find_by(slot, found, sight))
            })
        };
        self.held(term) > 0 || self.postings(term).iter().any(may_find)
    }

    /// How telling a term is, 0 to 1: 1 for one that no public name holds. `country` for the names of one country alone.
    pub(super) fn telling(&self, term: Option<u32>, country: Option<u8>) -> f32 {
        let sum = |counts: &[u32; COUNTRIES]| match country {
            Some(country) => {
                let place = usize::from(country).min(COUNTRIES - 1);
                counts.get(place).copied().unwrap_or_default()
            }
            None => counts.iter().sum(),
        };
        let held = term
            .and_then(|term| at(&self.frequencies, term))
            .map_or(0, sum);
        telling(held, sum(&self.public_names))
    }
}

/// How telling a word is that `held` of `all` names hold, 0 to 1.
pub(super) fn telling(held: u32, all: u32) -> f32 {
    if !applies(Rule::Rarity) {
        return 1.0;
    }
    // Small registers know little of how rare a word is: a thousand names are supposed at least.
    let all = f64::from(all.max(1_000));
    let rare = (1.0 + all / (f64::from(held) + 0.5)).ln() / (1.0 + all / 0.5).ln();
    #[expect(clippy::cast_possible_truncation, reason = "between 0 and 1")]
    let rare = rare as f32;
    rare
}

fn role_bits(role: Option<Role>) -> u32 {
    match role {
        None => 0,
        Some(Role::Form(_)) => 1,
        Some(Role::Generic) => 2,
        Some(Role::Named) => 3,
        Some(Role::Small) => 4,
    }
}

/// The role of a word; which form a form word says is not kept.
fn role_of(bits: u32) -> Option<Role> {
    match bits {
        1 => Some(Role::Form(fold::Form::Organisation)),
        2 => Some(Role::Generic),
        3 => Some(Role::Named),
        4 => Some(Role::Small),
        _ => None,
    }
}

/// What a word's role leaves of its weight (design, section 7).
pub(super) fn role_worth(role: Option<Role>) -> f32 {
    match role {
        Some(Role::Form(_)) if applies(Rule::LegalForms) => 0.15,
        Some(Role::Generic) if applies(Rule::GenericWords) => 0.3,
        Some(Role::Named | Role::Small) if applies(Rule::GenericWords) => 0.1,
        _ => 1.0,
    }
}
