//! One-time links by mail, where a server is configured.
//!
//! A mail holds the registry's address and the link and nothing that somebody typed: no name stands in a header or the text, so none can
//! add a header or a line. The receiver's address is an [`Email`](crate::text::Email), which has neither spaces nor control characters,
//! and is parsed once more by the mail library. The link is built from `base_url` alone, never from a request.

use std::net::IpAddr;
use std::time::Duration;

use actix_web::web;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::{Message, SmtpTransport, Transport};

use super::dto::OneTimeLink;
use super::links::{NewLink, Purpose};
use super::{BaseUrl, model};

/// How long a mail server may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The way to a mail server.
#[derive(Clone)]
pub struct Mailer {
    transport: SmtpTransport,
    from: Mailbox,
}

impl Mailer {
    /// A mailer for this server and sender; none where no server is named.
    ///
    /// # Errors
    ///
    /// Names the key that is wrong, never its value: the URL holds a password.
    pub fn of(smtp_url: &str, mail_from: &str) -> Result<Option<Self>, String> {
        if smtp_url.is_empty() {
            if !mail_from.is_empty() {
                return Err("mail_from: needs smtp_url, by which the mail goes out".to_owned());
            }
            return Ok(None);
        }
        let refused = "smtp_url: must be like smtps://user:password@host or smtp://user:password@host?tls=required; without \
            TLS only for a loopback address";
        if !is_private(smtp_url) {
            return Err(refused.to_owned());
        }
        let builder = SmtpTransport::from_url(smtp_url).map_err(|_| refused)?;
        let from = mail_from
            .parse()
            .map_err(|_| "mail_from: must be an e-mail address when smtp_url is given")?;
        Ok(Some(Self {
            transport: builder.timeout(Some(PATIENCE)).build(),
            from,
        }))
    }

    /// Sends the link to this address; false when it could not be handed to the server, which the log explains.
    pub async fn send(&self, to: &str, link: &NewLink, base: &BaseUrl) -> bool {
        let message = match self.message(to, link, base) {
            Ok(message) => message,
            Err(error) => {
                tracing::error!(%error, "a mail with a one-time link could not be written");
                return false;
            }
        };
        let transport = self.transport.clone();
        match web::block(move || transport.send(&message)).await {
            Ok(Ok(_)) => true,
            // The server's own words may repeat the address.
            Ok(Err(error)) => {
                let (permanent, timeout) = (error.is_permanent(), error.is_timeout());
                tracing::error!(
                    permanent,
                    timeout,
                    "a mail with a one-time link was not taken by the server"
                );
                false
            }
            Err(error) => {
                tracing::error!(%error, "a mail with a one-time link was not sent");
                false
            }
        }
    }

    fn message(&self, to: &str, link: &NewLink, base: &BaseUrl) -> Result<Message, String> {
        let to: lettre::Address = to.parse().map_err(|_| "the address is none")?;
        let (subject, what, seconds) = match link.purpose {
            Purpose::Invitation => (
                "Invitation to the OTS NGO registry",
                "You were invited to the registry. Set your password at",
                model::INVITATION_SECONDS,
            ),
            Purpose::Reset => (
                "New password for the OTS NGO registry",
                "A new password was asked for. Set it at",
                model::RESET_SECONDS,
            ),
        };
        let address = OneTimeLink::address(link, base);
        let good_for = if seconds >= 2 * 24 * 3600 {
            format!("{} days", seconds / (24 * 3600))
        } else {
            format!("{} minutes", seconds / 60)
        };
        let body = format!(
            "{what}\n\n{address}\n\nThe link works once and for {good_for}. If you did not expect this mail, leave it alone.\n\n{}\n",
            base.0
        );
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(body)
            .map_err(|error| error.to_string())
    }
}

// The URL of the server holds a password.
impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailer").finish_non_exhaustive()
    }
}

/// True where links and passwords travel by TLS, or stay on the machine.
fn is_private(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("smtp://") else {
        return url.starts_with("smtps://");
    };
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let host = place.rsplit_once('@').map_or(place, |(_, host)| host);
    let host = host.split('/').next().unwrap_or("");
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let loopback = name == "localhost"
        || name
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|a| a.is_loopback());
    loopback || query == "tls=required"
}

#[cfg(test)]
mod tests {
    use super::{Mailer, is_private};
    use crate::accounts::BaseUrl;
    use crate::accounts::links::{NewLink, Purpose};
    use crate::auth::secrets::Secret;
    use crate::db::Instant;

    fn mailer() -> Mailer {
        let made = Mailer::of("smtp://127.0.0.1:1", "registry@sample.example").unwrap();
        made.unwrap()
    }

    fn link() -> NewLink {
        NewLink {
            purpose: Purpose::Reset,
            token: Secret::random().unwrap(),
            expires_at: Instant(0),
        }
    }

    #[test]
    fn links_and_passwords_travel_by_tls() {
        for url in [
            "smtps://u:p@mail.sample.example",
            "smtp://u:p@mail.sample.example:587?tls=required",
            "smtp://[::1]:25",
        ] {
            assert!(is_private(url), "{url}");
        }
        for url in [
            "smtp://mail.sample.example",
            "smtp://localhost@mail.sample.example",
            "smtp://u:p@mail.sample.example?tls=opportunistic",
            "http://localhost",
        ] {
            assert!(!is_private(url), "{url}");
        }
    }

    #[test]
    fn a_wrong_server_is_refused_by_its_key_without_its_value() {
        for (url, from, key) in [
            (
                "smtp://u:secret@mail.sample.example",
                "registry@sample.example",
                "smtp_url",
            ),
            ("smtps://mail.sample.example", "secret", "mail_from"),
            ("smtps://mail.sample.example", "", "mail_from"),
        ] {
            let error = Mailer::of(url, from).unwrap_err();
            assert!(
                error.starts_with(key) && !error.contains("secret"),
                "{error}"
            );
        }
        assert!(Mailer::of("", "").unwrap().is_none());
    }

    #[test]
    fn an_address_with_a_line_or_a_header_makes_no_mail() {
        let base = BaseUrl("https://registry.example".to_owned());
        for to in [
            "a@sample.example\r\nBcc: b@sample.example",
            "a@sample.example\nSubject: x",
            "a@sample.example, b@sample.example",
            "<a@sample.example>",
            "",
        ] {
            assert!(mailer().message(to, &link(), &base).is_err(), "{to:?}");
        }
    }

    #[test]
    fn a_mail_leads_to_the_configured_address() {
        let base = BaseUrl("https://registry.example".to_owned());
        let link = link();
        let mail = mailer().message("a@sample.example", &link, &base).unwrap();
        let text = String::from_utf8(mail.formatted()).unwrap();
        // Long lines are folded by the transfer encoding.
        let text = text.replace("=\r\n", "");
        assert!(
            text.contains(&format!(
                "https://registry.example/v1/password-resets/{}",
                link.token.reveal()
            )),
            "{text}"
        );
        assert!(text.contains("for 30 minutes"), "{text}");
    }
}
