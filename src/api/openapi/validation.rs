//! What many operations share: the 422 answer to a request with mistakes in it, and the key.

use serde_json::Value;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, OpenApi, Ref, ResponseBuilder};
use utoipa::{Modify, ToSchema};

/// The body of a 422 answer: every mistake in the request.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "only its schema is used; the answer itself is made by validate"
)]
pub(super) struct HTTPValidationError {
    /// One entry per mistake.
    detail: Vec<ValidationError>,
}

/// One mistake in a request.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "only its schema is used; the answer itself is made by validate"
)]
pub(super) struct ValidationError {
    /// The part of the request (`query` or `body`), then the member, and the way into it.
    loc: Vec<Value>,
    /// What would be right.
    msg: String,
    /// The kind of mistake, a word programs can rely on.
    r#type: String,
    /// What was sent, cut when it is long.
    #[schema(required = false)]
    input: Value,
    /// What the message speaks of.
    #[schema(required = false)]
    ctx: Value,
}

/// Adds the 422 answer to every operation that has something to check.
pub(super) struct Responses;

impl Modify for Responses {
    fn modify(&self, document: &mut OpenApi) {
        super::each_operation(document, |operation| {
            if operation.parameters.is_none() && operation.request_body.is_none() {
                return;
            }
            let content =
                ContentBuilder::new().schema(Some(Ref::from_schema_name("HTTPValidationError")));
            let response = ResponseBuilder::new()
                .description("The request has mistakes in it; each is named.")
                .content("application/json", content.build());
            operation
                .responses
                .responses
                .insert("422".to_owned(), response.build().into());
        });
    }
}

/// Adds the key as the way to be let in.
pub(super) struct Key;

impl Modify for Key {
    fn modify(&self, document: &mut OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = document.components.get_or_insert_with(Components::new);
        components.add_security_scheme("HTTPBearer", SecurityScheme::Http(bearer));
    }
}
