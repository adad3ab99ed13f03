//! What is known of an organisation that is to be matched, checked.

use super::alike::Facts;
use super::search_dto::MatchItem;
use crate::countries::{self, Countries};
use crate::http::Error;
use crate::search::signs;

/// What is known of the one who is meant, checked.
pub struct Known<'a> {
    /// Its name.
    pub name: &'a str,
    /// Only this country.
    pub country: Option<&'a str>,
    /// City.
    pub city: Option<&'a str>,
    /// The host of its website, where it is a sign of one organisation.
    pub host: Option<String>,
    /// Schemes and canonical values.
    pub identifiers: Vec<(String, String)>,
}

impl<'a> Known<'a> {
    /// Checks what was asked; a person's number and one that is none are left out: they match nobody.
    pub fn of(countries: &Countries, item: &'a MatchItem, n: usize) -> Result<Self, Error> {
        if let Some(code) = &item.country
            && countries.get(code).is_none()
        {
            let known: Vec<&str> = countries.iter().map(|c| c.code.as_str()).collect();
            return Err(Error::field(
                format!("/items/{n}/country"),
                format!(
                    "is not one of the Platform's countries: {}",
                    known.join(", ")
                ),
            ));
        }
        if item.identifiers.len() > 20 {
            return Err(Error::field(
                format!("/items/{n}/identifiers"),
                "must have at most 20 identifiers",
            ));
        }
        let mut identifiers = Vec::new();
        for (i, identifier) in item.identifiers.iter().enumerate() {
            let home = countries
                .scheme(&identifier.scheme)
                .and_then(|(country, _)| country.map(|country| country.code.clone()));
            let checked = countries::check(
                countries,
                home.as_deref(),
                &identifier.scheme,
                &identifier.value,
            )
            .map_err(|_| {
                Error::field(
                    format!("/items/{n}/identifiers/{i}/scheme"),
                    "is no scheme that the registry knows; GET /v1/countries lists them",
                )
            })?;
            if let Some(canonical) = checked.canonical {
                identifiers.push((checked.scheme, canonical));
            }
        }
        Ok(Self {
            name: &item.name,
            country: item.country.as_deref(),
            city: item.city.as_deref(),
            host: item.website.as_deref().and_then(signs::host),
            identifiers,
        })
    }
}

/// Whose website is at the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Site {
    /// The organisation's own.
    Now,
    /// One that was merged into it.
    Former,
}

impl Known<'_> {
    /// How both have a website at one host, if they do.
    pub(super) fn at_host_of(&self, facts: &Facts) -> Option<Site> {
        let host = self.host.as_ref()?;
        let is_there = |website: &String| signs::host(website).as_ref() == Some(host);
        if facts.website.iter().any(is_there) {
            Some(Site::Now)
        } else {
            let mut former = facts.former_websites.iter();
            former.any(is_there).then_some(Site::Former)
        }
    }
}
