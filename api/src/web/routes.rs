//! The one way in which a route comes to be: with a policy.
//!
//! [`Routes`] is the only owner of the router, and each of its methods takes a
//! [`Policy`]; so there is no route that nobody guards.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::handler::Handler;
use axum::http::HeaderMap;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use dashboards::urls;
use store::records::UserId;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{Object, Type};
use utoipa::openapi::{
    ContentBuilder, OpenApi, Ref, Required, ResponseBuilder, SecurityRequirement,
};
use utoipa_axum::router::UtoipaMethodRouter;

use super::address::client_of;
use super::idempotency;
use super::layers::BODY_BYTES_MAX;
use super::limits::{Caller, Held};
use crate::app::ApiState;
use crate::auth::Principal;
use crate::metric;
use crate::policy::{Action, Confirmation, confirmation};
use crate::problem::ApiError;

/// Who may use a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Policy {
    /// Anybody: health, the login page, assets. Nothing about a customer.
    Public,
    /// Whoever may do this, within their scope; see [`crate::policy`]. What
    /// only administrators do about the installation is
    /// [`Action::ReadPipeline`].
    May(Action),
    /// Whoever may read the pipeline, whoever has the metrics token, and
    /// programs on this machine when nothing stands in front of us.
    Metrics,
}

/// The methods that are in use.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Verb {
    /// Reads; never changes anything.
    Get,
    /// Does something.
    Post,
    /// Creates or replaces.
    Put,
    /// Removes.
    Delete,
}

impl Verb {
    /// The method's name on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Verb::Get => "GET",
            Verb::Post => "POST",
            Verb::Put => "PUT",
            Verb::Delete => "DELETE",
        }
    }

    fn filter(self) -> MethodFilter {
        match self {
            Verb::Get => MethodFilter::GET,
            Verb::Post => MethodFilter::POST,
            Verb::Put => MethodFilter::PUT,
            Verb::Delete => MethodFilter::DELETE,
        }
    }
}

/// One line of the URL map.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct RouteEntry {
    /// The method.
    pub(crate) verb: Verb,
    /// The path as axum matches it.
    pub(crate) path: String,
    /// The path in the OpenAPI document, for what is documented there.
    pub(crate) documented: Option<String>,
    /// Who may use it.
    pub(crate) policy: Policy,
    /// Whether it creates something and so takes an `Idempotency-Key`.
    pub(crate) creates: bool,
    /// The largest body that it takes, in bytes.
    pub(crate) body_max: usize,
}

/// What an operation takes besides its parameters.
#[derive(Clone, Copy)]
struct Takes {
    /// An `Idempotency-Key`.
    key: bool,
    /// The largest body.
    bytes_max: usize,
}

impl Default for Takes {
    fn default() -> Takes {
        Takes { key: false, bytes_max: BODY_BYTES_MAX }
    }
}

/// The URL map under construction.
pub(crate) struct Routes {
    state: ApiState,
    router: Router<ApiState>,
    entries: Vec<RouteEntry>,
    document: OpenApi,
}

impl Routes {
    /// No routes yet; `document` is what the OpenAPI document says besides them.
    pub(crate) fn new(state: ApiState, document: OpenApi) -> Routes {
        Routes { state, router: Router::new(), entries: Vec::new(), document }
    }

    /// A page, a part of one, or a file: not in the OpenAPI document.
    pub(crate) fn page<H, T>(self, policy: Policy, verb: Verb, path: &str, handler: H) -> Routes
    where
        H: Handler<T, ApiState>,
        T: 'static,
    {
        let path = path.to_owned();
        let body_max = BODY_BYTES_MAX;
        let entry = RouteEntry { verb, path, documented: None, policy, creates: false, body_max };
        self.add(entry, on(verb.filter(), handler))
    }

    /// One documented operation, made by `utoipa_axum::routes!`, at its documented path.
    pub(crate) fn api(self, policy: Policy, operation: UtoipaMethodRouter<ApiState>) -> Routes {
        self.operation(policy, None, Takes::default(), operation)
    }

    /// One documented operation that creates something: it takes an
    /// `Idempotency-Key`, so that a client may send it again when in doubt.
    pub(crate) fn api_creating(
        self,
        policy: Policy,
        operation: UtoipaMethodRouter<ApiState>,
    ) -> Routes {
        self.operation(policy, None, Takes { key: true, ..Takes::default() }, operation)
    }

    /// The same, with bodies of up to `bytes_max`.
    pub(crate) fn api_creating_with_body(
        self,
        bytes_max: usize,
        policy: Policy,
        (schemas, paths, methods): UtoipaMethodRouter<ApiState>,
    ) -> Routes {
        let methods = methods.layer(DefaultBodyLimit::max(bytes_max));
        self.operation(policy, None, Takes { key: true, bytes_max }, (schemas, paths, methods))
    }

    /// One documented operation that takes bodies of up to `bytes_max`.
    pub(crate) fn api_with_body(
        self,
        bytes_max: usize,
        policy: Policy,
        (schemas, paths, methods): UtoipaMethodRouter<ApiState>,
    ) -> Routes {
        let methods = methods.layer(DefaultBodyLimit::max(bytes_max));
        self.operation(policy, None, Takes { key: false, bytes_max }, (schemas, paths, methods))
    }

    /// One documented operation whose axum path differs from the documented one.
    pub(crate) fn api_at(
        self,
        policy: Policy,
        path: &str,
        operation: UtoipaMethodRouter<ApiState>,
    ) -> Routes {
        self.operation(policy, Some(path), Takes::default(), operation)
    }

    fn operation(
        mut self,
        policy: Policy,
        path: Option<&str>,
        takes: Takes,
        (schemas, paths, methods): UtoipaMethodRouter<ApiState>,
    ) -> Routes {
        let (documented, item) = paths
            .paths
            .iter()
            .next()
            .map(|(path, item)| (path.clone(), item.clone()))
            .expect("routes! documents exactly one path");
        let verb = [
            (Verb::Get, item.get.is_some()),
            (Verb::Post, item.post.is_some()),
            (Verb::Put, item.put.is_some()),
            (Verb::Delete, item.delete.is_some()),
        ]
        .into_iter()
        .find_map(|(verb, offered)| offered.then_some(verb))
        .expect("the operation has one of the methods in use");
        let mut paths = paths;
        paths.paths.values_mut().for_each(document_problems);
        if let Policy::May(action) = policy {
            paths.paths.values_mut().for_each(|item| document_scope(item, action));
        }
        if takes.key {
            paths.paths.values_mut().for_each(document_key);
        }
        self.document.paths.merge(paths);
        self.document.components.get_or_insert_default().schemas.extend(schemas);
        let path = path.unwrap_or(&documented).to_owned();
        let (documented, creates, body_max) = (Some(documented), takes.key, takes.bytes_max);
        let entry = RouteEntry { verb, path, documented, policy, creates, body_max };
        self.add(entry, methods)
    }

    fn add(mut self, entry: RouteEntry, methods: MethodRouter<ApiState>) -> Routes {
        let guarded = Arc::new((self.state.clone(), entry.clone()));
        let path = entry.path.clone();
        self.entries.push(entry);
        self.router = self.router.route(&path, methods.layer(from_fn_with_state(guarded, guard)));
        self
    }

    /// The router, the table that it was made from, and the document.
    pub(crate) fn into_parts(self) -> (Router, Vec<RouteEntry>, OpenApi) {
        (self.router.with_state(self.state), self.entries, self.document)
    }
}

/// Says of every operation that whatever else it answers is a problem: nobody
/// signed in, no access, a part that is away.
fn document_problems(item: &mut PathItem) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let problem = ResponseBuilder::new()
        .description("Nobody is signed in, the role does not allow it, or a part is away")
        .content("application/problem+json", content)
        .build();
    let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete];
    for operation in operations.into_iter().flatten() {
        let responses = &mut operation.responses.responses;
        responses.insert("default".to_owned(), problem.clone().into());
    }
}

/// Says of every operation which scope a token needs for it, or that no token
/// does it: as the security requirement and, for tools that look at no scopes
/// of bearer tokens, as `x-scope`.
fn document_scope(item: &mut PathItem, action: Action) {
    let session = || SecurityRequirement::new("session", [""; 0]);
    let operations = [
        (&mut item.get, false),
        (&mut item.post, true),
        (&mut item.put, true),
        (&mut item.delete, true),
    ];
    for (operation, changes) in operations {
        let Some(operation) = operation else { continue };
        if confirmation(action, changes) == Confirmation::RecentInSession {
            operation.security = Some(vec![session()]);
            continue;
        }
        let scope = action.scope_for(changes);
        operation.security = Some(vec![SecurityRequirement::new("token", [scope]), session()]);
        let extension = Extensions::builder().add("x-scope", scope).build();
        operation.extensions.get_or_insert_default().merge(extension);
    }
}

/// Says of an operation that creates something that it takes a key.
fn document_key(item: &mut PathItem) {
    let key = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "A text of the caller's, such as a UUID. The same request with the same key is \
             answered as the first was for a day, and creates nothing more; what is shown only \
             once is null then.",
        ))
        .schema(Some(Object::with_type(Type::String)))
        .build();
    for operation in [&mut item.post, &mut item.put].into_iter().flatten() {
        operation.parameters.get_or_insert_default().push(key.clone().into());
    }
}

/// Lets a request through to its handler, or not; counts it either way.
async fn guard(
    State(guarded): State<Arc<(ApiState, RouteEntry)>>,
    mut request: Request,
    next: Next,
) -> Response {
    let (state, entry) = &*guarded;
    let started = Instant::now();
    let response = match admit(state, entry, &mut request).await {
        Ok(Admitted { sender: Some(sender), held }) if entry.creates => {
            let answer = idempotency::run(state, sender, entry.body_max, request, next).await;
            keeping(held, answer)
        }
        Ok(Admitted { held, .. }) => keeping(held, next.run(request).await),
        Err(error) => error.into_response(),
    };
    metric::answered(entry.verb.as_str(), &entry.path, response.status(), started.elapsed());
    response
}

/// Who may go on, and the place that they hold if it is costly.
#[derive(Default)]
struct Admitted {
    sender: Option<idempotency::Sender>,
    held: Option<Held>,
}

fn keeping(held: Option<Held>, response: Response) -> Response {
    match held {
        Some(held) => held.through(response),
        None => response,
    }
}

/// Says in the log who was kept from what (OWASP ASVS 5, 16.3.2).
fn log_refusal(error: &ApiError, user: UserId, action: Action) {
    if matches!(error, ApiError::Forbidden | ApiError::OutOfScope(_)) {
        tracing::warn!(%user, action = action.as_str(), "refused what somebody may not do");
    }
}

/// Whether a page sent a request by itself, so that a browser which nobody uses
/// goes idle: a stream of changes, and what a page fetches anew because of one.
fn is_by_itself(entry: &RouteEntry, headers: &HeaderMap) -> bool {
    [urls::EVENTS, urls::OVERVIEW_LIVE].contains(&entry.path.as_str())
        || headers.contains_key(urls::REFRESH_HEADER)
}

/// Admits a request, with whoever sent it in its extensions, and gives who
/// that is; or refuses it.
async fn admit(
    state: &ApiState,
    entry: &RouteEntry,
    request: &mut Request,
) -> Result<Admitted, ApiError> {
    let address = client_of(request, &state.config().trusted_proxies);
    let action = match entry.policy {
        Policy::Public => {
            state.limits().public(entry, address, state.now())?;
            return Ok(Admitted::default());
        }
        Policy::Metrics if crate::auth::may_scrape(state, request) => {
            return Ok(Admitted::default());
        }
        Policy::Metrics => Action::ReadPipeline,
        Policy::May(action) => action,
    };
    let headers = request.headers();
    let identity = match is_by_itself(entry, headers) {
        true => crate::auth::identify_idle(state, headers).await?,
        false => crate::auth::identify(state, headers).await?,
    };
    let identity = identity.ok_or(ApiError::Unauthenticated)?;
    let changes = entry.verb != Verb::Get;
    let user = identity.user().id;
    let admitted = identity.admitted(state, action, changes, address).await;
    let principal = admitted.inspect_err(|error| log_refusal(error, user, action))?;
    let held = state.limits().of_caller(entry, caller(&principal), state.now())?;
    let sender = idempotency::Sender { user: principal.id(), token: principal.token() };
    request.extensions_mut().insert(principal);
    Ok(Admitted { sender: Some(sender), held })
}

/// Whose requests these are: a service is not whoever issued its token.
fn caller(principal: &Principal) -> Caller {
    match principal.token().filter(|_| principal.is_service()) {
        Some(token) => Caller::Service(token),
        None => Caller::User(principal.id()),
    }
}
