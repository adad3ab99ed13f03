//! Numbers of natural persons in what callers send: refused before anything reads it, so that none is stored, logged or told.
//!
//! The one place for every JSON body. Text members are searched for numbers of 11 or 12 digits that pass the check of a Turkish
//! identity number or a Kazakh IIN; members of [`ELSEWHERE`] are not. What a spreadsheet brings has rules of its own
//! (`imports/mask.rs`), because there one cell can be taken out and the rest go on.

use super::json::Tree;
use super::{Code, Error, FieldError};

/// Tells whether a text holds a natural person's number: what the countries know, given in by whoever wires the application.
pub type IsPerson = fn(&str) -> bool;

/// Members that hold long numbers of other kinds, secrets or moments, by their names at any depth.
///
/// `value` is an identifier's, which is judged by its own scheme; a `phone` looks like a person's number by chance.
pub const ELSEWHERE: [&str; 10] = [
    "value",
    "phone",
    "password",
    "current_password",
    "new_password",
    "code",
    "refresh_token",
    "device_token",
    "sha256",
    "expires_at",
];

/// So many places are told.
const TOLD: usize = 20;

const WHY: &str = "holds or may hold a natural person's number, which was not kept; leave it out. Write a telephone number with + in \
    front, and any other number with a slash between its digits";

/// Refuses a body with a natural person's number in it; tells the places, never the number.
pub(super) fn refuse(body: &Tree, is_person: IsPerson) -> Result<(), Error> {
    let mut found = Vec::new();
    search(body, ("", ""), is_person, &mut found);
    if found.is_empty() {
        return Ok(());
    }
    let field = |pointer| FieldError {
        pointer,
        detail: WHY.to_owned(),
    };
    let fields = found.into_iter().take(TOLD).map(field).collect();
    Err(Error::fields(fields).coded(Code::NaturalPersonNumber))
}

fn search(
    tree: &Tree,
    (member, pointer): (&str, &str),
    is_person: IsPerson,
    found: &mut Vec<String>,
) {
    match tree {
        Tree::Text(text) if !ELSEWHERE.contains(&member) && is_person(text) => {
            found.push(pointer.to_owned());
        }
        // A number where a text belongs would be told by whoever refuses it.
        Tree::Natural(number) if is_person(&number.to_string()) => {
            found.push(pointer.to_owned());
        }
        Tree::List(items) => {
            for (n, item) in items.iter().enumerate() {
                search(item, (member, &format!("{pointer}/{n}")), is_person, found);
            }
        }
        Tree::Object(members) => {
            for (name, value) in members {
                if is_person(name) {
                    found.push(pointer.to_owned());
                } else {
                    let name_there = name.replace('~', "~0").replace('/', "~1");
                    search(
                        value,
                        (name, &format!("{pointer}/{name_there}")),
                        is_person,
                        found,
                    );
                }
            }
        }
        Tree::Null | Tree::Truth(_) | Tree::Integer(_) | Tree::Real(_) => {}
        Tree::Text(_) | Tree::Natural(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{Code, ELSEWHERE, Tree, refuse};

    fn is_person(text: &str) -> bool {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        digits == "87426017218"
    }

    fn places(text: &str) -> Vec<String> {
        let tree: Tree = serde_json::from_str(text).unwrap();
        match refuse(&tree, is_person) {
            Ok(()) => Vec::new(),
            Err(error) => {
                assert_eq!(error.code(), Code::NaturalPersonNumber);
                assert!(!error.to_string().contains("87426017218"), "{error}");
                let fields = error.field_errors().iter();
                fields.map(|f| f.pointer.clone()).collect()
            }
        }
    }

    #[test]
    fn a_person_s_number_is_found_at_any_depth_and_its_place_is_told() {
        for (text, place) in [
            (r#"{"notes": "TC 87426017218"}"#, "/notes"),
            (
                r#"{"names": [{"text": "A"}, {"text": "874 260 172 18"}]}"#,
                "/names/1/text",
            ),
            (r#"{"themes": ["87426017218"]}"#, "/themes/0"),
            (r#"{"a/b": "87426017218"}"#, "/a~1b"),
            (r#"{"notes": 87426017218}"#, "/notes"),
            (r#"{"87426017218": 1}"#, ""),
            (r#""87426017218""#, ""),
        ] {
            assert_eq!(places(text), [place], "{text}");
        }
    }

    #[test]
    fn what_holds_other_numbers_is_not_searched() {
        for member in ELSEWHERE {
            assert_eq!(
                places(&format!(r#"{{"{member}": "87426017218"}}"#)),
                [""; 0]
            );
        }
        assert_eq!(
            places(r#"{"notes": "Since 2001, 12 members", "limit": 50}"#),
            [""; 0]
        );
    }
}
