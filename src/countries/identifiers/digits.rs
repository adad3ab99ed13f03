//! Arithmetic of check digits. Slices hold decimal digits; a slice of the wrong length passes no check.

/// The decimal digits of an all-digit text; other characters are left out.
pub(super) fn of(text: &str) -> Vec<u32> {
    text.chars().filter_map(|c| c.to_digit(10)).collect()
}

/// Σ digit · weight, as far as both go.
pub(super) fn weighted(digits: &[u32], weights: impl IntoIterator<Item = u32>) -> u32 {
    digits
        .iter()
        .zip(weights)
        .map(|(digit, weight)| digit * weight)
        .sum()
}

/// Whose number an Azerbaijani VÖEN is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voen {
    Legal,
    Person,
    Fails,
}

/// VÖEN: ten digits; the ninth is a check digit (a remainder of 10 fits no digit), the tenth 1 or 2.
pub(super) fn voen(digits: &[u32]) -> Voen {
    let [serial @ .., check, whose] = digits else {
        return Voen::Fails;
    };
    if serial.len() != 8 || weighted(serial, [4, 1, 8, 6, 2, 7, 5, 3]) % 11 != *check {
        return Voen::Fails;
    }
    match whose {
        1 => Voen::Legal,
        2 => Voen::Person,
        _ => Voen::Fails,
    }
}

/// VKN: ten digits, the last from powers of two modulo 9.
pub(super) fn vkn_passes(digits: &[u32]) -> bool {
    let [head @ .., check] = digits else {
        return false;
    };
    let sum: u32 = head
        .iter()
        .rev()
        .zip(1_u32..)
        .map(|(digit, i)| match (digit + i) % 10 {
            0 => 0,
            c => match c * (1 << i) % 9 {
                0 => 9,
                v => v,
            },
        })
        .sum();
    head.len() == 9 && (10 - sum % 10) % 10 == *check
}

/// TCKN, the Turkish identity number: eleven digits, the first not 0, the last two check digits.
pub(super) fn tckn_passes(digits: &[u32]) -> bool {
    let [a, b, c, d, e, f, g, h, i, tenth, eleventh] = digits else {
        return false;
    };
    let (odd, even) = (a + c + e + g + i, b + d + f + h);
    *a != 0 && (odd * 7 + 100 - even) % 10 == *tenth && (odd + even + tenth) % 10 == *eleventh
}

/// BIN and IIN: twelve digits, the last a check digit; where both rounds give 10, no number is issued.
pub(super) fn bin_passes(digits: &[u32]) -> bool {
    let [head @ .., check] = digits else {
        return false;
    };
    let first = weighted(head, 1..=11) % 11;
    let sum = if first == 10 {
        weighted(head, (3..=11).chain(1..=2)) % 11
    } else {
        first
    };
    head.len() == 11 && sum < 10 && sum == *check
}

/// OKPO: eight digits, the last a check digit; where both rounds give 10 it is 0.
pub(super) fn okpo_passes(digits: &[u32]) -> bool {
    let [head @ .., check] = digits else {
        return false;
    };
    let first = weighted(head, 1..=7) % 11;
    let sum = if first == 10 {
        weighted(head, 3..=9) % 11 % 10
    } else {
        first
    };
    head.len() == 7 && sum == *check
}

/// Adószám: the weighted sum of its eight digits ends in 0.
pub(super) fn adoszam_passes(digits: &[u32]) -> bool {
    digits.len() == 8 && weighted(digits, [9, 7, 3, 1, 9, 7, 3, 1]).is_multiple_of(10)
}

/// Adóazonosító jel, a Hungarian person's tax identifier: ten digits from 8; Σ dᵢ·i (i=1…9) mod 11 is the tenth.
pub(super) fn hungarian_person_passes(digits: &[u32]) -> bool {
    let [head @ .., check] = digits else {
        return false;
    };
    head.len() == 9 && head.first() == Some(&8) && weighted(head, 1..=9) % 11 == *check
}

/// The text's value modulo 97, letters counting as 10 to 35 (ISO 7064 MOD 97-10); `None` where other characters occur.
pub(super) fn mod_97(text: &str) -> Option<u32> {
    text.chars().try_fold(0, |rest, c| {
        let value = c.to_digit(36)?;
        Some((rest * if value < 10 { 10 } else { 100 } + value) % 97)
    })
}
