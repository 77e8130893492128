//! The one way in which a route comes to be: with a policy.
//!
//! [`Routes`] is the only owner of the router, and each of its methods takes a
//! [`Policy`]; so there is no route that nobody guards.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::handler::Handler;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use store::records::UserId;
use utoipa::openapi::path::{ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{Object, Type};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, Required, ResponseBuilder};
use utoipa_axum::router::UtoipaMethodRouter;

use super::address::client as client_address;
use super::idempotency;
use crate::app::ApiState;
use crate::metric;
use crate::policy::Action;
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
        let entry = RouteEntry { verb, path, documented: None, policy, creates: false };
        self.add(entry, on(verb.filter(), handler))
    }

    /// One documented operation, made by `utoipa_axum::routes!`, at its documented path.
    pub(crate) fn api(self, policy: Policy, operation: UtoipaMethodRouter<ApiState>) -> Routes {
        self.operation(policy, None, false, operation)
    }

    /// One documented operation that creates something: it takes an
    /// `Idempotency-Key`, so that a client may send it again when in doubt.
    pub(crate) fn api_creating(
        self,
        policy: Policy,
        operation: UtoipaMethodRouter<ApiState>,
    ) -> Routes {
        self.operation(policy, None, true, operation)
    }

    /// One documented operation that takes bodies of up to `bytes_max`.
    pub(crate) fn api_with_body(
        self,
        bytes_max: usize,
        policy: Policy,
        (schemas, paths, methods): UtoipaMethodRouter<ApiState>,
    ) -> Routes {
        let methods = methods.layer(DefaultBodyLimit::max(bytes_max));
        self.operation(policy, None, false, (schemas, paths, methods))
    }

    /// One documented operation whose axum path differs from the documented one.
    pub(crate) fn api_at(
        self,
        policy: Policy,
        path: &str,
        operation: UtoipaMethodRouter<ApiState>,
    ) -> Routes {
        self.operation(policy, Some(path), false, operation)
    }

    fn operation(
        mut self,
        policy: Policy,
        path: Option<&str>,
        creates: bool,
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
        if creates {
            paths.paths.values_mut().for_each(document_key);
        }
        self.document.paths.merge(paths);
        self.document.components.get_or_insert_default().schemas.extend(schemas);
        let path = path.unwrap_or(&documented).to_owned();
        let entry = RouteEntry { verb, path, documented: Some(documented), policy, creates };
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
    let response = match admit(state, entry.policy, &mut request).await {
        Ok(Some(user)) if entry.creates => idempotency::run(state, user, request, next).await,
        Ok(_) => next.run(request).await,
        Err(error) => error.into_response(),
    };
    metric::answered(entry.verb.as_str(), &entry.path, response.status(), started.elapsed());
    response
}

/// Admits a request, with whoever sent it in its extensions, and gives who
/// that is; or refuses it.
async fn admit(
    state: &ApiState,
    policy: Policy,
    request: &mut Request,
) -> Result<Option<UserId>, ApiError> {
    let action = match policy {
        Policy::Public => return Ok(None),
        Policy::Metrics if crate::auth::may_scrape(state, request) => return Ok(None),
        Policy::Metrics => Action::ReadPipeline,
        Policy::May(action) => action,
    };
    let identity =
        crate::auth::identify(state, request.headers()).await?.ok_or(ApiError::Unauthenticated)?;
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let proxies = &state.config().trusted_proxies;
    let address =
        peer.map(|ConnectInfo(peer)| client_address(peer.ip(), request.headers(), proxies));
    let principal = identity.admitted(state, action, address).await?;
    let user = principal.id();
    request.extensions_mut().insert(principal);
    Ok(Some(user))
}
