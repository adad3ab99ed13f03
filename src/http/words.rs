//! Closed lists of words in the contract, for text that is checked elsewhere.

/// Makes a type that stands in the contract for one of these words; it holds nothing.
macro_rules! schema_words {
    ($(#[doc = $doc:literal])+ $name:ident as $title:literal, $words:expr) => {
        $(#[doc = $doc])+
        pub struct $name;

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some(concat!($($doc),+).trim_ascii()))
                    .enum_values(Some(($words).iter().map(|word| word.to_string())))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed($title)
            }
        }
    };
}
pub(crate) use schema_words;

/// Any text but the empty one, as one of several values of a parameter.
pub(crate) struct NotEmpty;

impl utoipa::PartialSchema for NotEmpty {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("Any text but the empty one."))
            .min_length(Some(1))
            .into()
    }
}
impl utoipa::ToSchema for NotEmpty {}
