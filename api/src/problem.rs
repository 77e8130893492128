//! What goes wrong in a request, and how it is told: problem+json (RFC 9457)
//! for programs, a page for people, both in their language, neither with
//! anything internal. Details go to the log, once, here.

use std::fmt;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use correlate::model::ServiceError;
use dashboards::{Lang, urls};
use serde::Serialize;
use store::records::RecordsError;
use utoipa::ToSchema;

use crate::app::ApiState;
use crate::ask::AskError;
use crate::language;
use crate::web::{self, REQUEST_ID, is_for_programs, is_fragment};

/// What a lookup was for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Thing {
    /// A page, an asset or an endpoint.
    Address,
    /// A service.
    Service,
    /// A maintenance window.
    Window,
    /// A user.
    User,
    /// A customer.
    Customer,
    /// An invitation that works.
    Invitation,
    /// A passkey.
    Passkey,
}

/// A part of the product that a request needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// The relational database.
    Records,
    /// ClickHouse.
    Series,
    /// The log of samples.
    Log,
}

/// One thing that is wrong in what was sent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub(crate) struct Refusal {
    /// Where: a parameter, or a place such as `services[3].path.all[1]`.
    #[schema(example = "path.all[1].any[0]")]
    pub(crate) place: String,
    /// What is allowed and what was found (English).
    pub(crate) reason: String,
}

/// Why a request gets no good answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum ApiError {
    /// There is no such thing (or the caller may not know of it).
    NotFound(Thing),
    /// The method is not offered at this address.
    MethodNotAllowed,
    /// The request cannot be read.
    Malformed,
    /// The request can be read, but not accepted.
    Refused(Vec<Refusal>),
    /// It would overwrite or break something that exists.
    Conflict(Vec<Refusal>),
    /// Nobody is signed in.
    Unauthenticated,
    /// The caller may not do this.
    Forbidden,
    /// The caller may do this, but not with this token: it lacks the scope.
    OutOfScope(&'static str),
    /// The role of the caller must have a second factor, and they have none.
    SecondFactorRequired,
    /// The caller must prove again who they are.
    ConfirmationRequired,
    /// This cannot be done with an API token.
    SessionOnly,
    /// A passkey, or what it signed, is not accepted.
    PasskeyRefused,
    /// Too many attempts: wait.
    TooMany {
        /// Seconds until the next attempt is taken.
        retry_after_s: u64,
    },
    /// A browser sent it from another site.
    CrossOrigin,
    /// It is meant for another host.
    Misdirected,
    /// It travelled in clear, and we are on https.
    PlainHttp,
    /// The body is larger than allowed.
    TooLarge,
    /// The body's type is not one that is understood.
    UnsupportedType,
    /// Everything that may happen at once happens already.
    Busy,
    /// A part cannot be reached.
    Unavailable(Part),
    /// It took too long.
    TimedOut,
    /// A fault of ours.
    Internal,
}

/// The body of an error answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Identifies the kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "urn:padwacht:problem:not-found")]
    kind: String,
    /// The kind in words, in the caller's language.
    title: String,
    /// The HTTP status.
    #[schema(example = 404)]
    status: u16,
    /// What it means for this request and what to do, in the caller's language.
    detail: String,
    /// To find the request in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// What is wrong in what was sent, place by place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Refusal>,
}

impl ApiError {
    /// One parameter or place is wrong.
    pub(crate) fn refused(place: impl fmt::Display, reason: impl fmt::Display) -> ApiError {
        ApiError::Refused(vec![Refusal { place: place.to_string(), reason: reason.to_string() }])
    }

    /// The relational database failed; logs why.
    pub(crate) fn records(error: impl std::error::Error) -> ApiError {
        tracing::error!(error = %chain(&error), "the records database failed a request");
        ApiError::Unavailable(Part::Records)
    }

    /// What the records said: a refusal is for the caller, the rest for the log.
    pub(crate) fn of_records(error: RecordsError) -> ApiError {
        let place = |place: &str, reason: String| vec![Refusal { place: place.to_owned(), reason }];
        match error {
            RecordsError::NotFound { kind, .. } => ApiError::NotFound(match kind {
                "service" => Thing::Service,
                "window" | "maintenance window" => Thing::Window,
                "user" => Thing::User,
                "customer" => Thing::Customer,
                "invitation" => Thing::Invitation,
                "passkey" => Thing::Passkey,
                _ => Thing::Address,
            }),
            RecordsError::Exists { kind, .. } => ApiError::Conflict(place(kind, error.to_string())),
            RecordsError::Stale { .. } => ApiError::Conflict(place("revision", error.to_string())),
            RecordsError::Referenced { .. } => {
                ApiError::Conflict(place("service", error.to_string()))
            }
            RecordsError::Invalid { field, reason } => ApiError::Refused(place(field, reason)),
            RecordsError::Definition(error) => ApiError::of_definition(&error, false),
            RecordsError::Import { problems, total } => {
                let more = total.saturating_sub(problems.len());
                let more = (more > 0).then(|| format!("and {more} more problems"));
                let reasons = problems.into_iter().chain(more);
                let refusal = |reason| Refusal { place: "body".to_owned(), reason };
                ApiError::Refused(reasons.map(refusal).collect())
            }
            error => ApiError::records(error),
        }
    }

    /// A definition is refused; the place is that in the body that was sent.
    pub(crate) fn of_definition(error: &ServiceError, has_versions: bool) -> ApiError {
        match error {
            ServiceError::Path { version, error, .. } if has_versions => ApiError::refused(
                format!("versions[{}].{}", version.saturating_sub(1), error.place),
                &error.reason,
            ),
            ServiceError::Path { error, .. } => ApiError::refused(&error.place, &error.reason),
            ServiceError::Versions { reason, .. } => ApiError::refused("versions", reason),
            ServiceError::Cycle { version, place, .. } if has_versions => {
                ApiError::refused(format!("versions[{}].{place}", version.saturating_sub(1)), error)
            }
            ServiceError::Cycle { place, .. } => ApiError::refused(place, error),
            ServiceError::Json { .. } => ApiError::refused("body", error),
            ServiceError::Shape(reason) => ApiError::refused("body", reason),
        }
    }

    /// What a question that takes both stores came to.
    pub(crate) fn of_ask(error: AskError) -> ApiError {
        match error {
            AskError::NoService(_) => ApiError::NotFound(Thing::Service),
            AskError::Refused { place, reason } => ApiError::refused(place, reason),
            AskError::Records(error) => ApiError::records(error),
            AskError::Series(error) => ApiError::series(error),
            AskError::Log(error) => ApiError::log(error),
        }
    }

    /// The log failed; logs why.
    pub(crate) fn log(error: impl std::error::Error) -> ApiError {
        tracing::error!(error = %chain(&error), "the log of samples failed a request");
        ApiError::Unavailable(Part::Log)
    }

    /// ClickHouse failed; logs why.
    pub(crate) fn series(error: impl std::error::Error) -> ApiError {
        tracing::error!(error = %chain(&error), "the series database failed a request");
        ApiError::Unavailable(Part::Series)
    }

    /// A fault of ours; logs it.
    pub(crate) fn internal(error: impl fmt::Display) -> ApiError {
        tracing::error!(%error, "a request failed");
        ApiError::Internal
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            ApiError::NotFound(_) => StatusCode::NOT_FOUND,
            ApiError::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            ApiError::Malformed => StatusCode::BAD_REQUEST,
            ApiError::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            ApiError::Conflict(_) => StatusCode::CONFLICT,
            ApiError::Unauthenticated | ApiError::PasskeyRefused => StatusCode::UNAUTHORIZED,
            ApiError::Forbidden
            | ApiError::OutOfScope(_)
            | ApiError::SecondFactorRequired
            | ApiError::ConfirmationRequired
            | ApiError::SessionOnly
            | ApiError::CrossOrigin
            | ApiError::PlainHttp => StatusCode::FORBIDDEN,
            ApiError::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            ApiError::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            ApiError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ApiError::UnsupportedType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ApiError::Busy | ApiError::Unavailable(_) | ApiError::TimedOut => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            ApiError::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn slug(&self) -> &'static str {
        match self {
            ApiError::NotFound(_) => "not-found",
            ApiError::MethodNotAllowed => "method-not-allowed",
            ApiError::Malformed => "malformed",
            ApiError::Refused(_) => "refused",
            ApiError::Conflict(_) => "conflict",
            ApiError::Unauthenticated => "unauthenticated",
            ApiError::Forbidden => "forbidden",
            ApiError::OutOfScope(_) => "out-of-scope",
            ApiError::SecondFactorRequired => "second-factor-required",
            ApiError::ConfirmationRequired => "confirmation-required",
            ApiError::SessionOnly => "session-only",
            ApiError::PasskeyRefused => "passkey-refused",
            ApiError::TooMany { .. } => "too-many",
            ApiError::CrossOrigin => "cross-origin",
            ApiError::Misdirected => "misdirected",
            ApiError::PlainHttp => "plain-http",
            ApiError::TooLarge => "too-large",
            ApiError::UnsupportedType => "unsupported-type",
            ApiError::Busy => "busy",
            ApiError::Unavailable(_) => "unavailable",
            ApiError::TimedOut => "timed-out",
            ApiError::Internal => "internal",
        }
    }

    /// The title and the detail.
    pub(crate) fn words(&self, language: Lang) -> Wording {
        match language {
            Lang::Dutch => self.dutch(),
            Lang::English => self.english(),
        }
    }

    /// The words in Dutch.
    fn dutch(&self) -> Wording {
        match self {
            ApiError::NotFound(Thing::Address) => ("Niet gevonden", "Op dit adres staat niets."),
            ApiError::NotFound(Thing::Service) => {
                ("Niet gevonden", "Deze service bestaat niet, of u mag hem niet zien.")
            }
            ApiError::NotFound(Thing::Window) => {
                ("Niet gevonden", "Dit onderhoudsvenster bestaat niet.")
            }
            ApiError::NotFound(Thing::User) => {
                ("Niet gevonden", "Deze gebruiker bestaat niet, of u mag hem niet zien.")
            }
            ApiError::NotFound(Thing::Customer) => {
                ("Niet gevonden", "Deze klant bestaat niet, of u mag hem niet zien.")
            }
            ApiError::NotFound(Thing::Invitation) => {
                ("Uitnodiging werkt niet", "Ze is verlopen of al gebruikt. Vraag een nieuwe.")
            }
            ApiError::NotFound(Thing::Passkey) => ("Niet gevonden", "U hebt deze passkey niet."),
            ApiError::MethodNotAllowed => {
                ("Kan hier niet", "Deze handeling bestaat niet op dit adres.")
            }
            ApiError::Malformed => ("Onleesbaar verzoek", "Het verzoek is niet te lezen."),
            ApiError::Refused(_) => {
                ("Geweigerd", "Er is iets mis met wat is gestuurd; zie de lijst met plaatsen.")
            }
            ApiError::Conflict(_) => ("Botst met wat er is", "Dit zou iets breken dat al bestaat."),
            ApiError::Unauthenticated => {
                ("Niet aangemeld", "Meld u aan, of stuur een geldig token mee.")
            }
            ApiError::Forbidden => ("Geen toegang", "Uw rol geeft hier geen toegang toe."),
            ApiError::OutOfScope(_) => {
                ("Geen toegang", "Dit token is hier niet voor bedoeld: er ontbreekt een bereik.")
            }
            ApiError::SecondFactorRequired => {
                ("Tweede factor nodig", "Stel eerst een tweede factor in; uw rol vraagt die.")
            }
            ApiError::ConfirmationRequired => (
                "Bevestiging nodig",
                "Bevestig op /confirm dat u het bent, en probeer het opnieuw.",
            ),
            ApiError::SessionOnly => {
                ("Niet met een token", "Dit kan alleen wie zelf is aangemeld, niet een token.")
            }
            ApiError::PasskeyRefused => ("Passkey geweigerd", "Deze passkey is niet aanvaard."),
            ApiError::TooMany { .. } => ("Te veel verzoeken", "Wacht even en probeer het opnieuw."),
            ApiError::CrossOrigin => ("Geweigerd", "Dit verzoek kwam van een andere website."),
            ApiError::Misdirected => (
                "Verkeerde server",
                "Onder deze naam antwoordt deze server niet. De beheerder stelt namen in met \
                 api.public_url en api.allowed_hosts.",
            ),
            ApiError::PlainHttp => ("Niet versleuteld", "Gebruik https."),
            ApiError::TooLarge => ("Te groot", "Het verzoek is groter dan toegestaan."),
            ApiError::UnsupportedType => {
                ("Onbekend soort inhoud", "Stuur de inhoud als application/json.")
            }
            ApiError::Busy => ("Te druk", "Er gebeurt te veel tegelijk. Probeer het zo opnieuw."),
            ApiError::Unavailable(Part::Records) => {
                ("Even niet beschikbaar", "De gegevensbank is niet bereikbaar.")
            }
            ApiError::Unavailable(Part::Series) => {
                ("Even niet beschikbaar", "De meetgegevens zijn niet bereikbaar.")
            }
            ApiError::Unavailable(Part::Log) => {
                ("Even niet beschikbaar", "Het logboek van de metingen is niet bereikbaar.")
            }
            ApiError::TimedOut => {
                ("Duurde te lang", "Vraag een kortere periode, of probeer het opnieuw.")
            }
            ApiError::Internal => {
                ("Storing", "Er ging iets mis bij ons. De beheerder vindt het in het logboek.")
            }
        }
    }

    /// The words in English.
    fn english(&self) -> Wording {
        match self {
            ApiError::NotFound(Thing::Address) => {
                ("Not found", "There is nothing at this address.")
            }
            ApiError::NotFound(Thing::Service) => {
                ("Not found", "This service does not exist, or you may not see it.")
            }
            ApiError::NotFound(Thing::Window) => {
                ("Not found", "This maintenance window does not exist.")
            }
            ApiError::NotFound(Thing::User) => {
                ("Not found", "This user does not exist, or you may not see them.")
            }
            ApiError::NotFound(Thing::Customer) => {
                ("Not found", "This customer does not exist, or you may not see it.")
            }
            ApiError::NotFound(Thing::Invitation) => {
                ("Invitation does not work", "It expired or was used. Ask for a new one.")
            }
            ApiError::NotFound(Thing::Passkey) => ("Not found", "You have no such passkey."),
            ApiError::MethodNotAllowed => {
                ("Method not allowed", "This address does not offer that method.")
            }
            ApiError::Malformed => ("Malformed request", "The request cannot be read."),
            ApiError::Refused(_) => {
                ("Refused", "Something in what was sent is wrong; see the list of places.")
            }
            ApiError::Conflict(_) => ("Conflict", "This would break something that exists."),
            ApiError::Unauthenticated => ("Not signed in", "Sign in, or send a valid token."),
            ApiError::Forbidden => ("No access", "Your role does not give access to this."),
            ApiError::OutOfScope(_) => {
                ("No access", "This token is not meant for this: it lacks a scope.")
            }
            ApiError::SecondFactorRequired => {
                ("Second factor required", "Set up a second factor first; your role asks for one.")
            }
            ApiError::ConfirmationRequired => {
                ("Confirmation required", "Confirm at /confirm that it is you, and try again.")
            }
            ApiError::SessionOnly => {
                ("Not with a token", "Only somebody who is signed in can do this, no token.")
            }
            ApiError::PasskeyRefused => ("Passkey refused", "This passkey was not accepted."),
            ApiError::TooMany { .. } => ("Too many requests", "Wait a moment and try again."),
            ApiError::CrossOrigin => ("Refused", "This request came from another website."),
            ApiError::Misdirected => (
                "Misdirected",
                "This server does not answer to that name. The administrator sets names with \
                 api.public_url and api.allowed_hosts.",
            ),
            ApiError::PlainHttp => ("Not encrypted", "Use https."),
            ApiError::TooLarge => ("Too large", "The request is larger than allowed."),
            ApiError::UnsupportedType => ("Unsupported type", "Send the body as application/json."),
            ApiError::Busy => ("Busy", "Too much is happening at once. Try again in a moment."),
            ApiError::Unavailable(Part::Records) => {
                ("Unavailable", "The records database cannot be reached.")
            }
            ApiError::Unavailable(Part::Series) => {
                ("Unavailable", "The measurements cannot be reached.")
            }
            ApiError::Unavailable(Part::Log) => {
                ("Unavailable", "The log of samples cannot be reached.")
            }
            ApiError::TimedOut => ("Took too long", "Ask for a shorter period, or try again."),
            ApiError::Internal => ("Fault", "Something went wrong on our side. The log says what."),
        }
    }

    pub(crate) fn refusals(&self) -> Vec<Refusal> {
        match self {
            ApiError::Refused(refusals) | ApiError::Conflict(refusals) => refusals.clone(),
            ApiError::OutOfScope(scope) => {
                let reason = format!("the token needs the scope {scope}");
                vec![Refusal { place: "token".to_owned(), reason }]
            }
            _ => Vec::new(),
        }
    }

    fn problem(&self, language: Lang, request_id: Option<String>) -> Problem {
        let (title, detail) = self.words(language);
        Problem {
            kind: format!("urn:padwacht:problem:{}", self.slug()),
            title: title.to_owned(),
            status: self.status().as_u16(),
            detail: detail.to_owned(),
            request_id,
            errors: self.refusals(),
        }
    }
}

/// A title and a detail.
pub(crate) type Wording = (&'static str, &'static str);

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

impl IntoResponse for ApiError {
    /// Only the status and the error itself: [`render`] adds the words, for it
    /// knows the language and whether a person or a program asks.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Gives every error answer its body, also those of extractors and layers.
pub(crate) async fn render(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Response {
    let language = language::of_request(request.headers(), state.config().default_language);
    let for_programs = is_for_programs(request.uri().path());
    let fragment = is_fragment(request.headers());
    let had_session = crate::auth::session_token(&state, request.headers()).is_some();
    let target = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let back = way_back(&request);
    let address = web::client_of(&request, &state.config().trusted_proxies);
    let showed = request
        .headers()
        .contains_key(header::AUTHORIZATION)
        .then(|| crate::auth::token_prefix(request.headers()).unwrap_or_default());
    let request_id =
        request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok()).map(str::to_owned);

    let response = next.run(request).await;
    let Some(error) = error_of(&response) else {
        return response;
    };
    state.probes().note(&error, showed.as_deref(), address, state.now());
    let mut rendered = if for_programs {
        let mut body = Json(error.problem(language, request_id)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        body.headers_mut().insert(header::CONTENT_TYPE, kind);
        body
    } else if error == ApiError::Unauthenticated {
        return crate::auth::to_login(&target, fragment, had_session);
    } else if error == ApiError::ConfirmationRequired {
        let place = format!("{}?next={}", urls::CONFIRM, urls::encode(&back));
        return crate::auth::elsewhere(&place, fragment);
    } else if error == ApiError::SecondFactorRequired {
        return crate::auth::elsewhere(urls::SECURITY, fragment);
    } else {
        let reference = request_id.unwrap_or_default();
        crate::pages::error(&state, language, target, &error, reference)
    };
    *rendered.status_mut() = error.status();
    let headers = rendered.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if for_programs && error == ApiError::Unauthenticated {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let ApiError::TooMany { retry_after_s } = error {
        headers.insert(header::RETRY_AFTER, retry_after_s.into());
    }
    if let Some(allow) = response.headers().get(header::ALLOW) {
        headers.insert(header::ALLOW, allow.clone());
    }
    rendered
}

/// Where somebody goes on after having proved who they are: to the page that
/// they asked for, or the one from which they sent something.
fn way_back(request: &Request) -> String {
    if request.method() == Method::GET {
        let target = request.uri().path_and_query();
        return target.map(ToString::to_string).unwrap_or_default();
    }
    let from = request.headers().get(header::REFERER).and_then(|from| from.to_str().ok());
    let from = from.and_then(|from| from.parse::<Uri>().ok());
    let path = from.and_then(|from| from.path_and_query().map(ToString::to_string));
    crate::auth::local_path(path.as_deref().unwrap_or(urls::OVERVIEW)).to_owned()
}

/// The error of an answer: ours, or the one that a bare status stands for.
fn error_of(response: &Response) -> Option<ApiError> {
    if let Some(error) = response.extensions().get::<ApiError>() {
        return Some(error.clone());
    }
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_bare = kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !is_bare || !(status.is_client_error() || status.is_server_error()) {
        return None;
    }
    Some(match status {
        StatusCode::NOT_FOUND => ApiError::NotFound(Thing::Address),
        StatusCode::METHOD_NOT_ALLOWED => ApiError::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ApiError::UnsupportedType,
        StatusCode::SERVICE_UNAVAILABLE => ApiError::TimedOut,
        status if status.is_client_error() => ApiError::Malformed,
        _ => ApiError::Internal,
    })
}
