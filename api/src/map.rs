//! Every URL, its policy and its handler: the whole map of the web.

use dashboards::urls;
use utoipa_axum::routes;

use crate::app::ApiState;
use crate::auth::handlers as sign_in;
use crate::push::PUSH_BYTES_MAX;
use crate::push::operations as push;
use crate::v1::operations as v1;
use crate::web::Policy::{Administrator, Metrics, Public, SignedIn};
use crate::web::Routes;
use crate::web::Verb::{Get, Post};
use crate::{changes, health, pages};

/// The largest import: some hundred thousand services.
const IMPORT_BYTES_MAX: usize = 64 << 20;

/// The table that the router is made from.
pub(crate) fn routes(state: &ApiState) -> Routes {
    let map = Routes::new(state.clone(), v1::base(state));
    let map = health(map);
    let map = pages(map);
    api(map)
}

fn health(map: Routes) -> Routes {
    map.api(Public, routes!(health::healthz))
        .api(Public, routes!(health::readyz))
        .api(Metrics, routes!(health::metrics))
}

fn pages(map: Routes) -> Routes {
    map.page(Public, Get, urls::LOGIN, sign_in::form)
        .page(Public, Post, urls::LOGIN, sign_in::sign_in)
        .page(SignedIn, Post, urls::LOGOUT, sign_in::sign_out)
        .page(Public, Post, urls::LANGUAGE, pages::switch_language)
        .page(Public, Get, urls::ASSET, pages::asset)
        .page(Administrator, Get, urls::OVERVIEW, pages::overview)
        .page(Administrator, Get, urls::OVERVIEW_LIVE, pages::overview_live)
        .page(Administrator, Get, urls::SERVICES, pages::services)
        .page(Administrator, Get, urls::SERVICE, pages::service)
        .page(Administrator, Get, urls::SERVICE_WHY, pages::why)
        .page(Administrator, Get, urls::WHAT_IF, pages::what_if)
        .page(Administrator, Post, urls::WHAT_IF, pages::announce)
        .page(Administrator, Get, urls::SERVICE_CSV, v1::intervals_csv)
        .page(Administrator, Get, urls::SET_ASIDE, pages::set_aside)
        .page(Administrator, Get, urls::SOURCE_PUSH, pages::source_push)
        .page(Administrator, Post, urls::SOURCE_PUSH, pages::make_push_secret)
        .page(Administrator, Post, urls::SOURCE_PUSH_REVOKE, pages::revoke_push_secret)
        .page(Administrator, Get, urls::MANUAL_LIBRENMS, pages::manual)
        .page(Administrator, Get, urls::EVENTS, changes::events)
        .page(Administrator, Get, urls::API_DOCS, v1::docs)
        .page(Administrator, Get, &format!("{}/{{*file}}", urls::API_DOCS), v1::docs)
}

fn api(map: Routes) -> Routes {
    map.api(Administrator, routes!(v1::list_services))
        .api(Administrator, routes!(v1::one_service))
        .api(Administrator, routes!(v1::put_service))
        .api(Administrator, routes!(v1::delete_service))
        .api_with_body(IMPORT_BYTES_MAX, Administrator, routes!(v1::import_services))
        .api(Administrator, routes!(v1::intervals))
        .api(Administrator, routes!(v1::intervals_csv))
        .api(Administrator, routes!(v1::availability))
        .api(Administrator, routes!(v1::explain))
        .api(Administrator, routes!(v1::samples))
        .api(Administrator, routes!(v1::what_if))
        // A component id holds slashes, which clients may or may not encode.
        .api_at(Administrator, "/api/v1/components/{*rest}", routes!(v1::transitions))
        .api(Administrator, routes!(v1::list_windows))
        .api(Administrator, routes!(v1::add_window))
        .api(Administrator, routes!(v1::withdraw_window))
        .api(Administrator, routes!(v1::list_tokens))
        .api(Administrator, routes!(v1::issue_token))
        .api(Administrator, routes!(v1::revoke_token))
        .api(Administrator, routes!(v1::sources))
        .api(Administrator, routes!(v1::source_devices))
        .api(Administrator, routes!(v1::source_links))
        .api(Administrator, routes!(v1::source_paths))
        .api(Administrator, routes!(v1::start_sync))
        .api(Administrator, routes!(v1::sync_jobs))
        .api(Administrator, routes!(v1::sync_job))
        .api(Administrator, routes!(v1::source_push))
        .api(Administrator, routes!(v1::issue_push_secret))
        .api(Administrator, routes!(v1::revoke_push_secret))
        // Opened by the secret of the account, which its handler compares.
        .api_with_body(PUSH_BYTES_MAX, Public, routes!(push::receive_push))
        .api(Administrator, routes!(v1::set_aside))
        .api(Administrator, routes!(v1::status))
        .api(Administrator, routes!(v1::openapi))
}
