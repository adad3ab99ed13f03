//! A country's register as a spreadsheet that imports again with every row unchanged.

use std::collections::BTreeSet;

use super::compare::Held;
use super::read::Field;
use super::{queries, sheet};
use crate::auth::Reach;
use crate::db::Conn;
use crate::http::Error;

/// Organisations that are read at once.
const AT_ONCE: i64 = 2_000;

/// The kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// CSV in UTF-8.
    Csv,
    /// An Excel workbook.
    Xlsx,
}

/// Writes a country's register and says how many organisations it holds; contact persons only where the reach covers them.
pub fn export(
    conn: &mut Conn,
    reach: &Reach,
    country: &str,
    format: Format,
) -> Result<(Vec<u8>, usize), Error> {
    let mut all: Vec<Held> = Vec::new();
    loop {
        let after = all
            .last()
            .map(|h| (h.row.sort_key.clone(), h.row.number.clone()));
        let part = queries::register_part(conn, country, after.as_ref(), AT_ONCE)?;
        if part.is_empty() {
            break;
        }
        all.extend(part);
    }
    let fields = fields(&all, reach.covers_contacts(country));
    let header: Vec<String> = fields.iter().map(Field::to_string).collect();
    let rows = all
        .iter()
        .map(|held| fields.iter().map(|f| held.cell(f)).collect())
        .collect::<Result<Vec<Vec<String>>, Error>>()?;
    let count = rows.len();
    let file = match format {
        Format::Csv => sheet::csv(&header, rows.into_iter()),
        Format::Xlsx => sheet::xlsx("organisations", &header, rows.into_iter()),
    }?;
    Ok((file, count))
}

/// The columns: those that every export has, and one for each language and scheme that occurs.
fn fields(all: &[Held], contacts: bool) -> Vec<Field> {
    let languages: BTreeSet<Field> = all.iter().flat_map(Held::translations).collect();
    let schemes: BTreeSet<Field> = all
        .iter()
        .flat_map(|h| &h.identifiers)
        .map(|i| Field::Identifier(i.scheme.clone()))
        .collect();
    let mut fields = vec![Field::RegistryNumber, Field::Name, Field::NameLanguage];
    fields.extend(languages);
    fields.extend([
        Field::AlternativeNames,
        Field::Acronyms,
        Field::Country,
        Field::LegalForm,
        Field::City,
        Field::Region,
        Field::Address,
        Field::FoundedOn,
        Field::Website,
        Field::Email,
        Field::Phone,
        Field::Themes,
        Field::Sdg,
        Field::Description,
        Field::Notes,
    ]);
    if contacts {
        fields.push(Field::Contact);
    }
    fields.extend(schemes);
    fields
}
