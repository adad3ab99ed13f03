//! What tells organisations apart beside their names: the host of a website, the domain of an e-mail address, a telephone
//! number. What many share (mail for everybody, social networks; `shared_hosts.tsv`) is no sign. Pure.

use std::collections::HashSet;
use std::sync::LazyLock;

const TABLE: &str = include_str!("shared_hosts.tsv");
/// Digits of a telephone number that count: those behind the country's code.
const DIGITS: usize = 9;
/// Fewer digits are a number within a town, which says little.
const FEWEST: usize = 7;

static SHARED: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    TABLE
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| Some(line.split_once('\t')?.1))
        .collect()
});

/// The host of a website, without `www.`; none where many share it.
#[must_use]
pub fn host(website: &str) -> Option<String> {
    let rest = website.split_once("://").map_or(website, |(_, rest)| rest);
    own(rest.split(['/', '?', '#', ':']).next()?)
}

/// The domain of an e-mail address; none where many share it.
#[must_use]
pub fn domain(email: &str) -> Option<String> {
    own(email.rsplit_once('@')?.1)
}

fn own(host: &str) -> Option<String> {
    let host = host.trim_end_matches('.').to_lowercase();
    let host = host
        .strip_prefix("www.")
        .or_else(|| host.strip_prefix("m."))
        .unwrap_or(&host);
    (host.contains('.') && !SHARED.contains(host)).then(|| host.to_owned())
}

/// The digits of a telephone number that count.
#[must_use]
pub fn phone(number: &str) -> Option<String> {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    let last = digits.get(digits.len().saturating_sub(DIGITS)..)?;
    (last.len() >= FEWEST).then(|| last.iter().collect())
}

/// The signs of an organisation as the index keeps them. A website and a mail domain are one sign: `sample.example` and
/// `info@sample.example` belong together.
#[must_use]
pub fn of(website: Option<&str>, email: Option<&str>, number: Option<&str>) -> Vec<String> {
    let mut signs: Vec<String> = Vec::new();
    signs.extend(website.and_then(host).map(|host| at_host(&host)));
    signs.extend(email.and_then(domain).map(|host| at_host(&host)));
    signs.extend(number.and_then(phone).map(|digits| by_phone(&digits)));
    signs.sort_unstable();
    signs.dedup();
    signs
}

/// The sign of a host or domain.
#[must_use]
pub fn at_host(host: &str) -> String {
    format!("@{host}")
}

/// The sign of a telephone number.
#[must_use]
pub fn by_phone(digits: &str) -> String {
    format!("+{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_sign_however_the_address_is_written_and_shared_ones_are_none() {
        for (website, found) in [
            ("https://www.Sample.example/az/?a=1", Some("sample.example")),
            ("http://sample.example:8080", Some("sample.example")),
            ("sample.example", Some("sample.example")),
            (
                "https://sample.wordpress.com/about",
                Some("sample.wordpress.com"),
            ),
            ("https://www.facebook.com/sample", None),
            ("https://m.facebook.com/sample", None),
            ("https://sites.google.com/view/sample", None),
            ("https://localhost", None),
            ("", None),
        ] {
            assert_eq!(host(website).as_deref(), found, "{website}");
        }
        assert_eq!(
            domain("info@Sample.example").as_deref(),
            Some("sample.example")
        );
        for shared in [
            "a@gmail.com",
            "a@mail.ru",
            "a@yandex.kz",
            "a@freemail.hu",
            "nobody",
        ] {
            assert_eq!(domain(shared), None, "{shared}");
        }
    }

    #[test]
    fn the_last_nine_digits_of_a_telephone_number_count() {
        for number in ["+7 (717) 200-11-22", "8 717 200 11 22", "77172001122"] {
            assert_eq!(phone(number).as_deref(), Some("172001122"), "{number}");
        }
        assert_eq!(phone("200-11-2"), None);
        assert_eq!(phone("2001122").as_deref(), Some("2001122"));
        assert_eq!(phone("none"), None);
    }

    #[test]
    fn a_website_and_a_mail_domain_of_one_host_are_one_sign() {
        let signs = of(
            Some("https://sample.example"),
            Some("info@sample.example"),
            Some("+994 12 345 67 89"),
        );
        assert_eq!(signs, ["+123456789", "@sample.example"]);
        assert!(of(None, Some("a@gmail.com"), None).is_empty());
    }
}
