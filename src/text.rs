//! Own types for text from outside: one `parse` each, so that what is stored cannot be wrong.
//!
//! Text is kept in NFC. Control, bidirectional, zero-width and NUL characters are refused, not removed: what comes
//! back is what went in. Lengths are counted in code points and in bytes.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Why a text was refused; a sentence that follows the field's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn refuse<T>(text: impl Into<String>) -> Result<T, Refused> {
    Err(Refused(text.into()))
}

/// The longest run of combining marks that a real letter carries, with room.
const MARKS_IN_A_ROW: usize = 4;

/// Checks a text and brings it to NFC.
pub fn clean(text: &str, max_chars: usize, lines: bool) -> Result<String, Refused> {
    // Four bytes a code point is the most UTF-8 has; this stops before normalising something huge.
    if text.len() > max_chars.saturating_mul(16) {
        return refuse(format!("must have at most {max_chars} characters"));
    }
    let normal: String = text.nfc().collect();
    if normal.trim().is_empty() {
        return refuse("must not be empty");
    }
    if normal.trim() != normal {
        return refuse("must not begin or end with a space");
    }
    if normal.chars().count() > max_chars {
        return refuse(format!("must have at most {max_chars} characters"));
    }
    let mut marks = 0;
    for c in normal.chars() {
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        if marks > MARKS_IN_A_ROW {
            return refuse("has too many combining marks on one letter");
        }
        if is_forbidden(c, lines) {
            return refuse(format!(
                "has a character that cannot be shown (U+{:04X}); remove it",
                u32::from(c)
            ));
        }
    }
    Ok(normal)
}

fn is_forbidden(c: char, lines: bool) -> bool {
    if lines && matches!(c, '\n' | '\t') {
        return false;
    }
    c.is_control()
        || matches!(u32::from(c),
            0x00AD | 0x034F | 0x061C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F
            | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0
            | 0xFFF0..=0xFFFB | 0xE000..=0xF8FF | 0xFDD0..=0xFDEF | 0xE0000..=0xE0FFF | 0xF0000..=0x10FFFF)
        || u32::from(c) & 0xFFFE == 0xFFFE
}

/// What [`is_forbidden`] refuses below U+10000, as a part of a regular expression's class (ECMA-262); the private
/// planes and the last two of every plane have no form that all dialects read alike.
const HIDDEN: &str = r"\u0000-\u0008\u000B-\u001F\u007F-\u009F\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u2028-\u202E\u2060-\u206F\u3164\uE000-\uF8FF\uFDD0-\uFDEF\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFFB\uFFFE\uFFFF";

fn line_pattern() -> String {
    format!(r"^[^\s{HIDDEN}]([^\t\n{HIDDEN}]*[^\s{HIDDEN}])?$")
}

fn lines_pattern() -> String {
    format!(r"^[^\s{HIDDEN}]([^{HIDDEN}]*[^\s{HIDDEN}])?$")
}

const EMAIL_PATTERN: &str = r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])$";

const WEBSITE_PATTERN: &str = r"^[Hh][Tt][Tt][Pp][Ss]?://[A-Za-z0-9\u00C0-\uD7FF-][A-Za-z0-9\u00C0-\uD7FF.-]*\.[A-Za-z\u00C0-\uD7FF][A-Za-z0-9\u00C0-\uD7FF-]*(:[0-9]{1,4})?([/?#][^\s\u0000-\u001F\u007F-\u009F]*)?$";

macro_rules! text_type {
    ($(#[doc = $doc:literal])+ $name:ident, $example:literal, $min:literal..$max:literal, $pattern:expr, $parse:expr) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the text; the only way to make one.
            pub fn parse(text: &str) -> Result<Self, Refused> {
                let parse: fn(&str) -> Result<String, Refused> = $parse;
                parse(text).map(Self)
            }

            /// The checked text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = Refused;
            fn try_from(text: String) -> Result<Self, Refused> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> String {
                text.0
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some(concat!($($doc),+).trim_ascii()))
                    .min_length(Some($min))
                    .max_length(Some($max))
                    .pattern(Some($pattern))
                    .examples([$example])
                    .into()
            }
        }
        impl utoipa::ToSchema for $name {}
    };
}

text_type!(
    /// A name of an organisation: 1 to 400 characters with at least one letter or digit.
    OrganisationName, "Sample Association of Beekeepers", 1..400, line_pattern(), |text| {
        let name = clean(text, 400, false)?;
        if !name.chars().any(char::is_alphanumeric) {
            return refuse("must have at least one letter or digit");
        }
        Ok(name)
    }
);
text_type!(
    /// A line of text: 1 to 300 characters.
    Line, "Sample text", 1..300, line_pattern(), |text| clean(text, 300, false)
);
text_type!(
    /// A text of several lines: 1 to 4,000 characters.
    LongText, "Sample text of several lines", 1..4000, lines_pattern(), |text| clean(text, 4_000, true)
);
text_type!(
    /// A reason: 3 to 2,000 characters.
    Reason, "The extract from the state register was checked.", 3..2000, lines_pattern(), |text| {
        let reason = clean(text, 2_000, true)?;
        if reason.chars().count() < 3 {
            return refuse("must say why, in at least 3 characters");
        }
        Ok(reason)
    }
);
text_type!(
    /// A language tag (BCP 47), like `kk-Cyrl`: language, and script where it matters.
    LanguageTag, "kk-Cyrl", 2..35, "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", |text| {
        let parts: Vec<&str> = text.split('-').collect();
        let form = |part: &str, min: usize, max: usize| {
            (min..=max).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        let language = parts.first().is_some_and(|p| form(p, 2, 3) && p.bytes().all(|b| b.is_ascii_lowercase()));
        if !language || text.len() > 35 || parts.iter().skip(1).any(|p| !form(p, 2, 8)) {
            return refuse("must be a BCP 47 language tag like tr, az-Latn or kk-Cyrl");
        }
        Ok(in_usual_case(&parts))
    }
);
text_type!(
    /// An e-mail address: one plain address with a domain that has a dot.
    Email, "office@sample.example", 6..254, EMAIL_PATTERN, |text| {
        let hint = "must be one e-mail address like office@sample.example";
        let Some((local, domain)) = text.rsplit_once('@') else { return refuse(hint) };
        let local_ok = !local.is_empty() && local.len() <= 64
            && local.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b))
            && !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
        if !local_ok || text.len() > 254 || !is_domain(domain) {
            return refuse(hint);
        }
        Ok(text.to_owned())
    }
);
text_type!(
    /// An address of a website: http or https, a host name with a dot, no log-in in it.
    Website, "https://www.sample.example", 10..2048, WEBSITE_PATTERN, |text| {
        let hint = "must be a web address like https://www.sample.example";
        if text.len() > 2_048 || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return refuse(hint);
        }
        let Ok(url) = web_parts(text) else { return refuse(hint) };
        let host_ok = url.host.rsplit('.').next().is_some_and(|end| end.chars().any(char::is_alphabetic))
            && url.host.contains('.') && !url.host.starts_with('.') && !url.host.ends_with('.');
        if !host_ok || url.has_user {
            return refuse(hint);
        }
        Ok(text.nfc().collect())
    }
);
text_type!(
    /// A telephone number as people write it: 3 to 40 characters.
    Phone, "+000 00 000 00 00", 3..40, line_pattern(), |text| {
        let phone = clean(text, 40, false)?;
        if phone.chars().filter(char::is_ascii_digit).count() < 3 {
            return refuse("must hold at least 3 digits");
        }
        Ok(phone)
    }
);

/// The tag in the case that BCP 47 recommends, so that one language has one spelling: the script `Cyrl`, the region `UZ`,
/// the rest in lower case.
fn in_usual_case(parts: &[&str]) -> String {
    let usual = parts.iter().enumerate().map(|(n, part)| {
        let letters = part.bytes().all(|b| b.is_ascii_alphabetic());
        match (n, part.len(), letters) {
            (1.., 2, true) => part.to_ascii_uppercase(),
            (1.., 4, true) => part
                .char_indices()
                .map(|(at, c)| match at {
                    0 => c.to_ascii_uppercase(),
                    _ => c.to_ascii_lowercase(),
                })
                .collect(),
            _ => part.to_ascii_lowercase(),
        }
    });
    usual.collect::<Vec<String>>().join("-")
}

/// The parts of a web address that are checked.
struct WebParts {
    host: String,
    has_user: bool,
}

fn web_parts(text: &str) -> Result<WebParts, Refused> {
    let lower = text.to_ascii_lowercase();
    let rest = lower
        .strip_prefix("https://")
        .or_else(|| lower.strip_prefix("http://"));
    let Some(rest) = rest else {
        return refuse("scheme");
    };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or("");
    let has_user = authority.contains('@');
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "80"));
    let host_chars = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.');
    if host.is_empty() || port.parse::<u16>().is_err() || !host.chars().all(host_chars) {
        return refuse("host");
    }
    Ok(WebParts {
        host: host.to_owned(),
        has_user,
    })
}

fn is_domain(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    let label = |l: &&str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    labels.len() >= 2
        && labels.iter().all(label)
        && labels
            .last()
            .is_some_and(|end| end.len() >= 2 && end.bytes().any(|b| b.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::{Email, LanguageTag, OrganisationName, Website, clean};

    #[test]
    fn names_are_kept_in_nfc() {
        let name = OrganisationName::parse("Ko\u{308}petdag").unwrap();
        assert_eq!(name.as_str(), "Köpetdag");
    }

    #[test]
    fn what_cannot_be_seen_is_refused_in_names() {
        for bad in [
            '\0', '\n', '\u{7f}', '\u{200b}', '\u{202e}', '\u{2066}', '\u{feff}', '\u{e000}',
            '\u{ad}', '\u{ffff}',
        ] {
            assert!(
                OrganisationName::parse(&format!("Sa{bad}mple")).is_err(),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn a_name_of_marks_or_signs_only_is_refused() {
        assert!(OrganisationName::parse(&format!("a{}", "\u{301}".repeat(9))).is_err());
        assert!(OrganisationName::parse("???").is_err());
        assert!(OrganisationName::parse(" ").is_err());
        assert!(OrganisationName::parse(" Sample").is_err());
    }

    #[test]
    fn lengths_are_counted_in_code_points() {
        assert!(clean(&"ə".repeat(400), 400, false).is_ok());
        assert!(clean(&"ə".repeat(401), 400, false).is_err());
    }

    #[test]
    fn an_address_without_a_domain_s_end_is_no_e_mail() {
        for bad in [
            "info@x",
            "info at x.example",
            "a@b.example c@d.example",
            "@x.example",
            "a@.example",
            "a@[127.0.0.1]",
            "a@1.2.3.4",
            "a\r\n@x.example",
        ] {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
        assert!(Email::parse("info+a@sample.example").is_ok());
    }

    #[test]
    fn a_website_has_a_scheme_a_host_and_no_log_in() {
        for bad in [
            "javascript:alert(1)",
            "www.sample.example",
            "https://localhost",
            "https://u:p@sample.example",
            "https://",
            "https://10.0.0.1/",
            "https://a b.example",
        ] {
            assert!(Website::parse(bad).is_err(), "{bad}");
        }
        assert!(Website::parse("https://www.sample.example/a?b=c#d").is_ok());
        assert!(Website::parse("https://мысал.қаз/").is_ok());
    }

    #[test]
    fn a_language_has_one_spelling() {
        for (written, usual) in [
            ("kk-cyrl", "kk-Cyrl"),
            ("kk-CYRL", "kk-Cyrl"),
            ("uz-latn-uz", "uz-Latn-UZ"),
            ("tr-tr", "tr-TR"),
            ("sl-ROZAJ-1994", "sl-rozaj-1994"),
            ("tr", "tr"),
        ] {
            let tag = LanguageTag::parse(written).unwrap();
            assert_eq!(tag.as_str(), usual, "{written}");
        }
    }

    #[test]
    fn a_language_is_a_bcp_47_tag() {
        for good in ["tr", "az-Latn", "kk-Cyrl", "uz-Latn-UZ"] {
            assert!(LanguageTag::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "t", "Turkish", "tr_TR", "tr-", "ТР"] {
            assert!(LanguageTag::parse(bad).is_err(), "{bad}");
        }
    }
}
