//! Which database a URL names.

use std::path::PathBuf;

/// Where the registry keeps its data. Parsed once, at start.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A SQLite file, made on first start.
    Sqlite(PathBuf),
    /// A PostgreSQL connection string, as libpq reads it.
    Postgres(String),
}

impl DatabaseUrl {
    /// Parses `sqlite:PATH`, `sqlite://PATH`, `postgres://…` or `postgresql://…`.
    ///
    /// A text without a scheme is refused rather than guessed: a mistyped PostgreSQL URL must not
    /// quietly become an empty SQLite file.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        if let Some(rest) = text.strip_prefix("sqlite:") {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            // SQLite would read `file:` as an address with settings of its own.
            if path.is_empty() || path == ":memory:" || path.starts_with("file:") {
                return Err(
                    "the database must be a file: write sqlite:PATH, without file: and settings"
                        .to_owned(),
                );
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        Err("the database URL must begin with sqlite: or postgres://".to_owned())
    }

    /// `sqlite` or `postgres`; the rest of a URL may hold a password and is never shown.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(_) => f.write_str("postgres://…"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::DatabaseUrl;

    #[test]
    fn a_url_without_a_scheme_is_refused() {
        assert!(DatabaseUrl::parse("localhost/registry").is_err());
        assert!(DatabaseUrl::parse("registry.db").is_err());
        assert!(DatabaseUrl::parse("sqlite::memory:").is_err());
        assert!(DatabaseUrl::parse("sqlite:file:x?mode=memory").is_err());
    }

    #[test]
    fn a_password_is_not_shown() {
        let url = DatabaseUrl::parse("postgres://u:secret@localhost/r").unwrap();
        assert_eq!(format!("{url:?}"), "postgres://…");
    }
}
