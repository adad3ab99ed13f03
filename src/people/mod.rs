//! Personal data: who read it, what is held of a person, and its erasure.
//!
//! | file | what |
//! |---|---|
//! | `read_handlers.rs` | `GET /v1/private-reads`, for auditors |
//!
//! What the rules are: `docs/personal-data.md`.

mod read_handlers;

use utoipa_actix_web::service_config::ServiceConfig;

/// Adds the routes under `/v1`.
pub fn routes(config: &mut ServiceConfig<'_>) {
    read_handlers::routes(config);
}
