//! `GET /v1/exports/organisations`.

use actix_web::{HttpResponse, get, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::export::{self, Format};
use crate::auth::Permit;
use crate::auth::policy::acts::Export;
use crate::auth::reads::What;
use crate::countries::Countries;
use crate::http::{Code, Error, Query, docs, download};

/// What is exported, and as what.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    /// The country, by the Platform's code.
    #[param(value_type = crate::countries::CountryCode, example = "KZ")]
    country: String,
    /// The kind of file; `csv` when absent.
    #[param(inline, example = "csv")]
    format: Option<ExportFormat>,
}

/// The kind of file.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ExportFormat {
    /// CSV in UTF-8 with a byte order mark.
    Csv,
    /// An Excel workbook.
    Xlsx,
}

/// The type of a workbook.
pub(super) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Exports a country's register as a spreadsheet.
///
/// The columns have the canonical headers of imports; imported again as it is, every row is unchanged. Cells never
/// begin like a formula. A coordinator exports the own country, the secretariat any.
#[utoipa::path(
    tag = "imports", operation_id = "export_organisations", security(("bearer" = [])), params(ExportQuery),
    responses(
        (status = 200, description = "The file", content(
            (String = "text/csv", example = "registry_number,name,name_language,country\r\nOTS-7K3M9Q2-54,«Үлгі» қоғамдық қоры,kk-Cyrl,KZ\r\n"),
            (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
        )),
        docs::OfficerData
    )
)]
#[get("/exports/organisations")]
pub(super) async fn export_organisations(
    permit: Permit<Export>,
    countries: web::Data<Countries>,
    query: Query<ExportQuery>,
) -> Result<HttpResponse, Error> {
    let ExportQuery { country, format } = query.query;
    let (format, kind, end) = match format {
        None | Some(ExportFormat::Csv) => (Format::Csv, "text/csv; charset=utf-8", "csv"),
        Some(ExportFormat::Xlsx) => (Format::Xlsx, XLSX, "xlsx"),
    };
    if countries.get(&country).is_none() {
        let known: Vec<&str> = countries.iter().map(|c| c.code.as_str()).collect();
        let text = format!("country: must be one of {}", known.join(", "));
        return Err(Error::new(Code::BadParameter, text).at_field("country"));
    }
    let name = format!("organisations-{country}.{end}");
    let file = permit
        .snapshot(move |conn, acting| {
            if !acting.reach().covers(&country) {
                return Err(Error::new(
                    Code::Forbidden,
                    format!("you may not export organisations of {country}"),
                ));
            }
            let (file, rows) = export::export(conn, acting.reach(), &country, format)?;
            acting.saw(What::Export, format!("country:{country}"), rows);
            Ok(file)
        })
        .await?;
    Ok(download(kind, &name, file))
}
