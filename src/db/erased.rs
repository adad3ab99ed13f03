//! Queries without their types.
//!
//! Diesel gives each query a type of its own, and what runs one is compiled for each of them and each database: some four hundred
//! copies of the same code, a tenth of this program and of the time that it takes to compile. What runs here is compiled once:
//! of each query's own code only the walk over its parts stays. A query is then prepared by its text instead of its type, which is
//! made for every call anyway where one type serves two databases. What is asked for with every request stays out of it:
//! [`kept`](super::kept) and [`dialect!`](crate::dialect).

use diesel::QueryResult;
use diesel::connection::{
    AnsiTransactionManager, CacheSize, Connection, Instrumentation, LoadConnection,
    SimpleConnection,
};
use diesel::expression::QueryMetadata;
use diesel::internal::derives::multiconnection::ConnectionSealed;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Untyped;

use super::both::{Both, MultiBackend};
use super::conn::Conn;

/// The one thing that only the query itself can do.
trait Walk {
    fn walk<'b>(&'b self, pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()>;
}

impl<T: QueryFragment<MultiBackend>> Walk for T {
    fn walk<'b>(&'b self, pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        self.walk_ast(pass)
    }
}

/// A query of any type, its own or lent.
enum Erased<'q> {
    Own(Box<dyn Walk + 'q>),
    Lent(&'q dyn Walk),
}

impl QueryFragment<MultiBackend> for Erased<'_> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        match self {
            Self::Own(query) => query.walk(pass),
            Self::Lent(query) => query.walk(pass),
        }
    }
}

impl QueryId for Erased<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

// Columns are read by their place or name; neither database asks what they are.
impl Query for Erased<'_> {
    type SqlType = Untyped;
}

impl SimpleConnection for Conn {
    fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        self.each().batch_execute(query)
    }
}

impl ConnectionSealed for Conn {}

impl Connection for Conn {
    type Backend = MultiBackend;
    type TransactionManager = AnsiTransactionManager;

    fn establish(url: &str) -> diesel::ConnectionResult<Self> {
        Both::establish(url).map(Self::from)
    }

    fn execute_returning_count<T>(&mut self, source: &T) -> QueryResult<usize>
    where
        T: QueryFragment<Self::Backend> + QueryId,
    {
        self.each().execute_returning_count(&Erased::Lent(source))
    }

    fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        match self.each() {
            Both::Sqlite(conn) => conn.transaction_state(),
            Both::Postgres(conn) => conn.transaction_state(),
        }
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        self.each().instrumentation()
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.each().set_instrumentation(instrumentation);
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        self.each().set_prepared_statement_cache_size(size);
    }
}

impl LoadConnection for Conn {
    type Cursor<'conn, 'query> = <Both as LoadConnection>::Cursor<'conn, 'query>;
    type Row<'conn, 'query> = <Both as LoadConnection>::Row<'conn, 'query>;

    fn load<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> QueryResult<Self::Cursor<'conn, 'query>>
    where
        T: Query + QueryFragment<Self::Backend> + QueryId + 'query,
        Self::Backend: QueryMetadata<T::SqlType>,
    {
        load(self.each(), Erased::Own(Box::new(source)))
    }
}

/// The one copy of what loads rows.
fn load<'conn, 'query>(
    both: &'conn mut Both,
    query: Erased<'query>,
) -> QueryResult<<Both as LoadConnection>::Cursor<'conn, 'query>> {
    both.load(query)
}
