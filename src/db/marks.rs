//! Marks of the registry as a whole: small values by name, which no entry of the journal explains.

use diesel::prelude::*;

use super::schema::registry_marks;
use super::{Conn, Failure};
use crate::dialect;

/// The value of a mark.
pub fn get(conn: &mut Conn, name: &str) -> Result<Option<String>, Failure> {
    let found = registry_marks::table
        .find(name)
        .select(registry_marks::value)
        .first(conn)
        .optional()?;
    Ok(found)
}

/// Sets a mark, also where another process sets it at the same time.
pub fn set(conn: &mut Conn, name: &str, value: &str) -> Result<(), Failure> {
    let row = (
        registry_marks::name.eq(name),
        registry_marks::value.eq(value),
    );
    dialect!(conn, |c| diesel::insert_into(registry_marks::table)
        .values(row)
        .on_conflict(registry_marks::name)
        .do_update()
        .set(registry_marks::value.eq(value))
        .execute(c))?;
    Ok(())
}

/// Sets a mark that is not there yet; false where it is, also where another process has just set it.
pub fn claim(conn: &mut Conn, name: &str, value: &str) -> Result<bool, Failure> {
    let row = (
        registry_marks::name.eq(name),
        registry_marks::value.eq(value),
    );
    let set = dialect!(conn, |c| diesel::insert_into(registry_marks::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(set == 1)
}

/// Takes a mark away, if it still has this value.
pub fn remove(conn: &mut Conn, name: &str, value: &str) -> Result<(), Failure> {
    let same = registry_marks::value.eq(value);
    diesel::delete(registry_marks::table.find(name).filter(same)).execute(conn)?;
    Ok(())
}
