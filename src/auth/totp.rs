//! Codes that change every 30 seconds (TOTP, RFC 6238 with SHA-1 and 6 digits); pure.

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use crate::db::Instant;
use crate::http::Error;

/// How long one code lasts, in seconds.
pub const STEP_SECONDS: i64 = 30;
/// The length of a secret, in bytes: that of the hash (RFC 4226, section 4).
pub const SECRET_BYTES: usize = 20;
/// How many codes there are.
const CODES: u32 = 1_000_000;

/// Which step of 30 seconds this moment is in.
pub fn step(now: Instant) -> i64 {
    now.unix_seconds().div_euclid(STEP_SECONDS)
}

/// The 31 bits of which a code is the last digits (RFC 4226, section 5.3).
fn truncated(secret: &[u8], step: i64) -> Result<u32, Error> {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).map_err(Error::internal)?;
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let from = usize::from(hash.last().copied().unwrap_or(0) & 0x0f);
    let four = hash.get(from..from + 4).and_then(|s| s.try_into().ok());
    let four: [u8; 4] = four.ok_or_else(|| Error::internal("a hash shorter than SHA-1's"))?;
    Ok(u32::from_be_bytes(four) & 0x7fff_ffff)
}

/// The code of this step.
pub fn code(secret: &[u8], step: i64) -> Result<String, Error> {
    Ok(format!("{:06}", truncated(secret, step)? % CODES))
}

/// The step that this text is the code of: the present one, the one before or the one after. Spaces do not count.
pub fn matching_step(secret: &[u8], text: &str, now: Instant) -> Result<Option<i64>, Error> {
    let digits: String = text.chars().filter(|c| *c != ' ').collect();
    let present = step(now);
    let mut found = 0i64;
    let mut any = Choice::from(0);
    for candidate in [present - 1, present, present + 1] {
        let same = code(secret, candidate)?.as_bytes().ct_eq(digits.as_bytes());
        found = i64::conditional_select(&found, &candidate, same);
        any |= same;
    }
    Ok(bool::from(any).then_some(found))
}

/// The secret as people type it into an app.
pub fn text_of(secret: &[u8]) -> String {
    BASE32_NOPAD.encode(secret)
}

/// The address that an app reads from a QR code.
pub fn url(secret: &[u8], account: &str) -> String {
    let mut label = String::new();
    for byte in account.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            label.push(char::from(byte));
        } else {
            label.push_str(&format!("%{byte:02X}"));
        }
    }
    format!(
        "otpauth://totp/OTS%20NGO%20Registry:{label}?secret={}&issuer=OTS%20NGO%20Registry&algorithm=SHA1&digits=6&period={STEP_SECONDS}",
        text_of(secret)
    )
}

#[cfg(test)]
mod tests {
    use super::{code, matching_step, step, truncated, url};
    use crate::db::Instant;

    const SECRET: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> Instant {
        Instant(seconds * 1_000_000)
    }

    #[test]
    fn the_codes_are_those_of_rfc_6238() {
        // Appendix B, the rows of SHA-1, with their eight digits.
        for (seconds, expected) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            let step = step(at(seconds));
            assert_eq!(truncated(SECRET, step).unwrap() % 100_000_000, expected);
            assert_eq!(
                code(SECRET, step).unwrap(),
                format!("{:06}", expected % 1_000_000)
            );
        }
    }

    #[test]
    fn the_step_before_and_the_one_after_count_and_no_other() {
        let now = at(1_234_567_890);
        let present = step(now);
        for (away, good) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let text = code(SECRET, present + away).unwrap();
            let found = matching_step(SECRET, &text, now).unwrap();
            assert_eq!(found, good.then_some(present + away), "{away}");
        }
        let text = code(SECRET, present).unwrap();
        let (begin, end) = text.split_at(3);
        let spaced = format!("{begin} {end}");
        assert_eq!(matching_step(SECRET, &spaced, now).unwrap(), Some(present));
        for text in ["", "5924", "0089005924", "00592４"] {
            assert_eq!(matching_step(SECRET, text, now).unwrap(), None, "{text}");
        }
    }

    #[test]
    fn an_app_reads_the_address() {
        assert_eq!(
            url(SECRET, "office+1@sample.example"),
            "otpauth://totp/OTS%20NGO%20Registry:office%2B1@sample.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=OTS%20NGO%20Registry&algorithm=SHA1&digits=6&period=30"
        );
    }
}
