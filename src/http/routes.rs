//! One list of routes, read twice: by the contract, which wants to know what they are, and by each worker, which serves them.
//!
//! A worker that also collected the contract would leave megabytes of it behind in its memory.

use actix_web::dev::HttpServiceFactory;
use actix_web::web;
use utoipa_actix_web::OpenApiFactory;
use utoipa_actix_web::service_config::ServiceConfig;

/// Takes routes.
pub trait Routes {
    /// Takes a handler together with its operation in the contract.
    fn service<F: HttpServiceFactory + OpenApiFactory + 'static>(
        &mut self,
        factory: F,
    ) -> &mut Self;
}

impl Routes for ServiceConfig<'_> {
    fn service<F: HttpServiceFactory + OpenApiFactory + 'static>(
        &mut self,
        factory: F,
    ) -> &mut Self {
        Self::service(self, factory)
    }
}

impl Routes for web::ServiceConfig {
    fn service<F: HttpServiceFactory + OpenApiFactory + 'static>(
        &mut self,
        factory: F,
    ) -> &mut Self {
        Self::service(self, factory)
    }
}
