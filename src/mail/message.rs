//! From a mail of the records to a message as it travels.

use lettre::Message;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use secrecy::ExposeSecret;
use store::records::DueMail;

/// Tells programs that answer by themselves not to (RFC 3834, 5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<AutoSubmitted, Box<dyn std::error::Error + Send + Sync>> {
        Ok(AutoSubmitted)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(AutoSubmitted::name(), "auto-generated".to_owned())
    }
}

/// The message, with text first and HTML as its better form (RFC 2046, 5.1.4).
///
/// # Errors
/// An address that is none.
pub(super) fn of(mail: &DueMail, from: &Mailbox) -> Result<Message, String> {
    let to = mail.recipient.parse().map_err(|error| format!("the address: {error}"))?;
    let part = |kind, body: &str| SinglePart::builder().header(kind).body(body.to_owned());
    let body = MultiPart::alternative()
        .singlepart(part(ContentType::TEXT_PLAIN, mail.text.expose_secret()))
        .singlepart(part(ContentType::TEXT_HTML, mail.html.expose_secret()));
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(&mail.subject)
        .message_id(Some(format!("<{}@{}>", mail.id, from.email.domain())))
        .header(AutoSubmitted)
        .multipart(body)
        .map_err(|error| error.to_string())
}
