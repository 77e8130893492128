//! Every URL, its policy and its handler: the whole map of the web.

use dashboards::urls;
use utoipa_axum::routes;

use crate::app::ApiState;
use crate::auth::forgotten;
use crate::auth::handlers as sign_in;
use crate::policy::Action::{
    ApiDocs, EditCustomers, EditPipeline, EditServices, EditUsers, ExplainServices, PlanWork,
    Profile, ReadAudit, ReadComponents, ReadCustomers, ReadPermissions, ReadPipeline, ReadServices,
    ReadUsers, Session, Tokens,
};
use crate::push::PUSH_BYTES_MAX;
use crate::push::operations as push;
use crate::v1::operations as v1;
use crate::web::Policy::{May, Metrics, Public};
use crate::web::Routes;
use crate::web::Verb::{Get, Post};
use crate::{changes, health, pages, people_csv};

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
        .page(Public, Get, urls::FORGOT_PASSWORD, forgotten::form)
        .page(Public, Post, urls::FORGOT_PASSWORD, forgotten::ask)
        .page(Public, Get, urls::RESET_PASSWORD, forgotten::reset_form)
        .page(Public, Post, urls::RESET_PASSWORD, forgotten::reset)
        .page(May(Session), Post, urls::LOGOUT, sign_in::sign_out)
        .page(Public, Post, urls::LANGUAGE, pages::switch_language)
        .page(Public, Get, urls::ASSET, pages::asset)
        .page(May(ReadServices), Get, urls::OVERVIEW, pages::overview)
        .page(May(ReadServices), Get, urls::OVERVIEW_LIVE, pages::overview_live)
        .page(May(ReadServices), Get, urls::SERVICES, pages::services)
        .page(May(ReadServices), Get, urls::SERVICE, pages::service)
        .page(May(ExplainServices), Get, urls::SERVICE_WHY, pages::why)
        .page(May(PlanWork), Get, urls::WHAT_IF, pages::what_if)
        .page(May(PlanWork), Post, urls::WHAT_IF, pages::announce)
        .page(May(ReadServices), Get, urls::SERVICE_CSV, v1::intervals_csv)
        .page(May(ReadPipeline), Get, urls::SET_ASIDE, pages::set_aside)
        .page(May(ReadPipeline), Get, urls::SOURCES, pages::sources)
        .page(May(ReadPipeline), Get, urls::SOURCE, pages::source)
        .page(May(ReadPipeline), Get, urls::SOURCE_PUSH, pages::source_push)
        .page(May(EditPipeline), Post, urls::SOURCE_PUSH, pages::make_push_secret)
        .page(May(EditPipeline), Post, urls::SOURCE_PUSH_REVOKE, pages::revoke_push_secret)
        .page(May(ReadPipeline), Get, urls::MANUAL_LIBRENMS, pages::manual)
        .page(May(Profile), Get, urls::PROFILE, pages::profile)
        .page(May(Profile), Post, urls::PROFILE, pages::save_profile)
        .page(Public, Get, urls::REGISTER, pages::registration)
        .page(Public, Post, urls::REGISTER, pages::register)
        .page(May(ReadCustomers), Get, urls::CUSTOMERS, pages::customers)
        .page(May(EditCustomers), Get, urls::CUSTOMER_NEW, pages::customer_form)
        .page(May(EditCustomers), Post, urls::CUSTOMER_NEW, pages::add_customer)
        .page(May(ReadCustomers), Get, urls::CUSTOMER, pages::customer)
        .page(May(EditCustomers), Post, urls::CUSTOMER, pages::save_customer)
        .page(May(EditCustomers), Post, urls::CUSTOMER_REMOVAL, pages::remove_customer)
        .page(May(ReadUsers), Get, urls::USERS, pages::users)
        .page(May(EditUsers), Get, urls::USER_NEW, pages::user_form)
        .page(May(EditUsers), Post, urls::USER_NEW, pages::invite)
        .page(May(EditUsers), Get, urls::USERS_IMPORT, pages::import_form)
        .page(May(EditUsers), Post, urls::USERS_IMPORT, pages::import)
        .page(May(ReadUsers), Get, urls::USER, pages::user)
        .page(May(EditUsers), Post, urls::USER, pages::save_user)
        .page(May(EditUsers), Post, urls::USER_STANDING, pages::set_standing)
        .page(May(EditUsers), Post, urls::USER_INVITATION, pages::invite_again)
        .page(May(ReadAudit), Get, urls::AUDIT, pages::audit)
        .page(May(ReadAudit), Get, urls::AUDIT_CSV, pages::audit_export)
        .page(May(ReadPermissions), Get, urls::PERMISSIONS, pages::permissions)
        .page(May(ReadServices), Get, urls::EVENTS, changes::events)
        .page(May(ApiDocs), Get, urls::API_DOCS, v1::docs)
        .page(May(ApiDocs), Get, &format!("{}/{{*file}}", urls::API_DOCS), v1::docs)
}

fn api(map: Routes) -> Routes {
    map.api(May(ReadServices), routes!(v1::list_services))
        .api(May(ReadServices), routes!(v1::one_service))
        .api(May(EditServices), routes!(v1::put_service))
        .api(May(EditServices), routes!(v1::delete_service))
        .api_with_body(IMPORT_BYTES_MAX, May(EditServices), routes!(v1::import_services))
        .api(May(ReadServices), routes!(v1::intervals))
        .api(May(ReadServices), routes!(v1::intervals_csv))
        .api(May(ReadServices), routes!(v1::availability))
        .api(May(ExplainServices), routes!(v1::explain))
        .api(May(ReadComponents), routes!(v1::samples))
        .api(May(PlanWork), routes!(v1::what_if))
        // A component id holds slashes, which clients may or may not encode.
        .api_at(May(ReadComponents), "/api/v1/components/{*rest}", routes!(v1::transitions))
        .api(May(PlanWork), routes!(v1::list_windows))
        .api_creating(May(PlanWork), routes!(v1::add_window))
        .api(May(PlanWork), routes!(v1::withdraw_window))
        .api(May(Tokens), routes!(v1::list_tokens))
        .api_creating(May(Tokens), routes!(v1::issue_token))
        .api(May(Tokens), routes!(v1::revoke_token))
        .api(May(ReadPipeline), routes!(v1::sources))
        .api(May(ReadPipeline), routes!(v1::one_source))
        .api(May(ReadComponents), routes!(v1::source_devices))
        .api(May(ReadComponents), routes!(v1::source_links))
        .api(May(ReadComponents), routes!(v1::source_paths))
        .api(May(ReadPipeline), routes!(v1::sync_jobs))
        .api(May(ReadPipeline), routes!(v1::sync_job))
        .api(May(ReadPipeline), routes!(v1::source_push))
        .api(May(EditPipeline), routes!(v1::start_sync))
        .api(May(EditPipeline), routes!(v1::issue_push_secret))
        .api(May(EditPipeline), routes!(v1::revoke_push_secret))
        // Opened by the secret of the account, which its handler compares.
        .api_with_body(PUSH_BYTES_MAX, Public, routes!(push::receive_push))
        .api(May(ReadPipeline), routes!(v1::set_aside))
        .api(May(ReadPipeline), routes!(v1::status))
        .api(May(ReadCustomers), routes!(v1::list_customers))
        .api(May(ReadCustomers), routes!(v1::one_customer))
        .api_creating(May(EditCustomers), routes!(v1::add_customer))
        .api(May(EditCustomers), routes!(v1::put_customer))
        .api(May(EditCustomers), routes!(v1::remove_customer))
        .api(May(ReadUsers), routes!(v1::list_users))
        .api(May(ReadUsers), routes!(v1::one_user))
        .api_creating(May(EditUsers), routes!(v1::invite_user))
        .api(May(EditUsers), routes!(v1::put_user))
        .api(May(EditUsers), routes!(v1::put_standing))
        .api_creating(May(EditUsers), routes!(v1::invite_user_again))
        .api_with_body(people_csv::BYTES_MAX, May(EditUsers), routes!(v1::import_users))
        .api(May(Profile), routes!(v1::profile))
        .api(May(Profile), routes!(v1::put_profile))
        .api(May(ReadAudit), routes!(v1::list_audit))
        .api(May(ReadAudit), routes!(v1::audit_csv))
        .api(May(ReadAudit), routes!(v1::verify_audit))
        .api(May(ReadPermissions), routes!(v1::permissions))
        .api(May(ApiDocs), routes!(v1::openapi))
}
