//! E-mail addresses, telephone numbers and websites. Messages never repeat the cell: it may be private.

use super::values::{FaultCode, Parsed, is_missing_word};

/// Reads one plain e-mail address; the domain becomes lower case, an address in capitals wholly so.
#[must_use]
pub fn parse_email(text: &str) -> Parsed<String> {
    if let Some(absence) = is_missing_word(text) {
        return absence.parsed();
    }
    let text = text.trim();
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    let text = text
        .strip_prefix('<')
        .and_then(|inner| inner.strip_suffix('>'))
        .unwrap_or(text)
        .trim();
    if text.matches('@').count() > 1 || text.contains([';', ',']) {
        return Parsed::fault(
            FaultCode::SeveralValues,
            "The cell holds more than one e-mail address. Keep one.",
        );
    }
    let Some((local, domain)) = text.split_once('@') else {
        let hint = if text.contains(" at ") {
            " Write @ instead of \"at\"."
        } else {
            ""
        };
        return Parsed::fault(
            FaultCode::NoAtSign,
            format!("The cell is not an e-mail address: it has no @.{hint}"),
        );
    };
    let local_fits = !local.is_empty()
        && local.len() <= 64
        && local
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c))
        && !(local.starts_with('.') || local.ends_with('.') || local.contains(".."));
    if !local_fits || text.len() > 254 {
        return Parsed::fault(
            FaultCode::Unreadable,
            "The part before @ is not one of an e-mail address. Look for spaces and letters outside ASCII.",
        );
    }
    if !domain.contains('.') {
        return Parsed::fault(
            FaultCode::NoDomainEnd,
            "The e-mail address has no end, such as .org, after its domain. Complete it.",
        );
    }
    if !domain.is_ascii() || !host_fits(domain) {
        return Parsed::fault(
            FaultCode::Unreadable,
            "The part after @ is not a domain. Look for spaces, doubled dots and letters outside ASCII.",
        );
    }
    let capitals = !local.chars().any(|c| c.is_ascii_lowercase())
        && !domain.chars().any(|c| c.is_ascii_lowercase());
    let local = if capitals {
        local.to_ascii_lowercase()
    } else {
        local.to_owned()
    };
    Parsed::Value(format!("{local}@{}", domain.to_ascii_lowercase()))
}

/// Reads a telephone number: kept as written, without a label such as `tel:` before it.
#[must_use]
pub fn parse_phone(text: &str) -> Parsed<String> {
    if let Some(absence) = is_missing_word(text) {
        return absence.parsed();
    }
    let number = text.trim().trim_start_matches('\'').trim();
    let number = number.trim_start_matches(|c: char| {
        c.is_alphabetic() || c == '.' || c == ':' || c.is_whitespace()
    });
    let number = number.trim();
    let digits = number.chars().filter(char::is_ascii_digit).count();
    let shortened = number.to_ascii_uppercase();
    if let Some((mantissa, exponent)) = shortened.split_once("E+")
        && mantissa
            .chars()
            .all(|c| c.is_ascii_digit() || ".,".contains(c))
        && exponent.chars().all(|c| c.is_ascii_digit())
    {
        return Parsed::fault(
            FaultCode::ShortenedNumber,
            "The spreadsheet has shortened the number. Format the column as text and type it again.",
        );
    }
    if number.contains([';', ',', '/', '|']) {
        return Parsed::fault(
            FaultCode::SeveralValues,
            "The cell holds more than one telephone number. Keep one.",
        );
    }
    if digits == 0
        || !number
            .chars()
            .all(|c| c.is_ascii_digit() || " +()-.–".contains(c))
    {
        return Parsed::fault(
            FaultCode::Unreadable,
            "The cell is not a telephone number: it holds other characters than digits, spaces and + ( ) - .",
        );
    }
    if !(5..=20).contains(&digits) {
        return Parsed::fault(
            FaultCode::WrongLength,
            "A telephone number has 5 to 20 digits. Correct it.",
        );
    }
    Parsed::Value(number.to_owned())
}

/// Reads a web address: `https://` is added where the scheme is missing, the host becomes lower case.
#[must_use]
pub fn parse_website(text: &str) -> Parsed<String> {
    if let Some(absence) = is_missing_word(text) {
        return absence.parsed();
    }
    let text = text.trim();
    if text.chars().any(|c| c.is_whitespace() || c.is_control())
        || text.contains(['<', '>', '"', '\\', '`', '{', '}'])
    {
        let several = text
            .split(|c: char| c.is_whitespace() || ";,".contains(c))
            .filter(|part| part.contains('.'))
            .count()
            > 1;
        return if several {
            Parsed::fault(
                FaultCode::SeveralValues,
                "The cell holds more than one web address. Keep one.",
            )
        } else {
            Parsed::fault(
                FaultCode::Unreadable,
                "A web address has no spaces, quotation marks or brackets. Correct it.",
            )
        };
    }
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => ("http", rest),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => ("https", rest),
        Some(_) => return wrong_scheme(),
        None => ("https", text),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    if authority.contains('@') {
        return Parsed::fault(
            FaultCode::Unreadable,
            "The cell is an e-mail address or holds a user name, not a web address.",
        );
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    match port {
        // mailto:x and javascript:x have no //.
        Some(port) if !port.chars().all(|c| c.is_ascii_digit()) => return wrong_scheme(),
        Some(port) if port.parse::<u16>().is_err() => {
            return Parsed::fault(
                FaultCode::Unreadable,
                "The port of the web address is not a number up to 65535.",
            );
        }
        _ => {}
    }
    if !host.contains('.') {
        return Parsed::fault(
            FaultCode::NoDomainEnd,
            "The web address has no domain with a dot, such as example.org. Complete it.",
        );
    }
    if !host_fits(host) || text.len() > 2_000 {
        return Parsed::fault(
            FaultCode::Unreadable,
            "The cell is not a web address. Look for doubled dots and other typing errors in the domain.",
        );
    }
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    Parsed::Value(format!("{scheme}://{}{port}{path}", host.to_lowercase()))
}

fn wrong_scheme() -> Parsed<String> {
    Parsed::fault(
        FaultCode::WrongScheme,
        "A web address begins with http:// or https://. Correct it.",
    )
}

/// Labels of letters, digits and inner hyphens, at least two; the last holds a letter, so no address
/// of a machine passes.
fn host_fits(host: &str) -> bool {
    let label = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    host.len() <= 253
        && host.contains('.')
        && host.split('.').all(label)
        && host
            .rsplit('.')
            .next()
            .is_some_and(|last| last.chars().count() >= 2 && last.chars().any(char::is_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(parsed: Parsed<String>) -> FaultCode {
        match parsed {
            Parsed::Faulty(fault) => fault.code,
            other => panic!("{other:?} is no fault"),
        }
    }

    #[test]
    fn one_plain_address_is_read() {
        assert_eq!(
            parse_email(" info@Sabail.example "),
            Parsed::Value("info@sabail.example".to_owned())
        );
        assert_eq!(
            parse_email("INFO@SABAIL.EXAMPLE"),
            Parsed::Value("info@sabail.example".to_owned())
        );
        assert_eq!(
            parse_email("A.b+c@x-y.example"),
            Parsed::Value("A.b+c@x-y.example".to_owned())
        );
        assert_eq!(
            parse_email("mailto:a@b.example"),
            Parsed::Value("a@b.example".to_owned())
        );
    }

    #[test]
    fn a_wrong_address_says_what_is_wrong() {
        assert_eq!(
            code(parse_email("info at sulh.example")),
            FaultCode::NoAtSign
        );
        assert_eq!(
            code(parse_email("info@azerbaycankomm")),
            FaultCode::NoDomainEnd
        );
        assert_eq!(
            code(parse_email("a@b.example ; c@d.example")),
            FaultCode::SeveralValues
        );
        for wrong in [
            "a b@c.example",
            "@c.example",
            "a@.example",
            "a@c..example",
            "a@1.2.3.4",
            "ş@c.example",
            "a@-c.example",
            "a..b@c.example",
            "a@c.example\u{7}",
        ] {
            assert_eq!(code(parse_email(wrong)), FaultCode::Unreadable, "{wrong}");
        }
        assert_eq!(
            (parse_email("yoxdur/yok/нет"), parse_email("-")),
            (Parsed::Missing, Parsed::Clear)
        );
    }

    #[test]
    fn a_telephone_number_stays_text_without_its_label() {
        for (written, read) in [
            ("+994 00 0497465", "+994 00 0497465"),
            ("'+994002803852", "+994002803852"),
            ("tel: 8682828", "8682828"),
            ("0 (00) 182-63-30", "0 (00) 182-63-30"),
            ("0090 392000772737", "0090 392000772737"),
            ("Тел.: 00994008885393", "00994008885393"),
        ] {
            assert_eq!(
                parse_phone(written),
                Parsed::Value(read.to_owned()),
                "{written}"
            );
        }
        assert_eq!(code(parse_phone("9.94E+11")), FaultCode::ShortenedNumber);
        assert_eq!(code(parse_phone("112")), FaultCode::WrongLength);
        assert_eq!(
            code(parse_phone("123456; 654321")),
            FaultCode::SeveralValues
        );
        assert_eq!(code(parse_phone("call me")), FaultCode::Unreadable);
    }

    #[test]
    fn a_web_address_gets_the_scheme_that_it_lacks() {
        for (written, read) in [
            ("atomki.hu", "https://atomki.hu"),
            ("www.MNJ.az", "https://www.mnj.az"),
            (
                "http://www.fatih.edu.tr/?&language=EN",
                "http://www.fatih.edu.tr/?&language=EN",
            ),
            (
                "HTTPS://ecolres.hun-ren.hu/A/b",
                "https://ecolres.hun-ren.hu/A/b",
            ),
            ("x.example:8080/a", "https://x.example:8080/a"),
            ("сайт.қаз", "https://сайт.қаз"),
        ] {
            assert_eq!(
                parse_website(written),
                Parsed::Value(read.to_owned()),
                "{written}"
            );
        }
    }

    #[test]
    fn a_wrong_web_address_says_what_is_wrong() {
        assert_eq!(
            code(parse_website("ftp://x.example")),
            FaultCode::WrongScheme
        );
        assert_eq!(
            code(parse_website("javascript:alert(1)")),
            FaultCode::WrongScheme
        );
        assert_eq!(code(parse_website("localhost")), FaultCode::NoDomainEnd);
        assert_eq!(
            code(parse_website("a.example b.example")),
            FaultCode::SeveralValues
        );
        for wrong in [
            "http://127.0.0.1/",
            "a..example",
            "info@x.example",
            "x.example:99999",
            "http://u:p@x.example",
            "my site",
            "x.example/\"><b",
        ] {
            assert_eq!(code(parse_website(wrong)), FaultCode::Unreadable, "{wrong}");
        }
    }
}
