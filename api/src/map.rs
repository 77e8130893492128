//! Every URL, its policy and its handler: the whole map of the web.

use dashboards::urls;
use utoipa_axum::routes;

use crate::app::ApiState;
use crate::auth::handlers as sign_in;
use crate::auth::passkey_handlers as passkeys;
use crate::auth::{confirm, forgotten, second};
use crate::policy::Action::{
    ApiDocs, Confirm, EditCustomers, EditPipeline, EditSecurity, EditServices, EditSources,
    EditUsers, ExplainServices, Factors, PlanWork, Profile, ReadAttempts, ReadAudit,
    ReadComponents, ReadCustomers, ReadMails, ReadPermissions, ReadPipeline, ReadServices,
    ReadUsers, Secrets, SendMails, ServiceTokens, Session, Tokens, UserFactors,
};
use crate::push::PUSH_BYTES_MAX;
use crate::push::operations as push;
use crate::sso::{handlers as single_sign_on, profile as sign_on_profile};
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
    let map = sign_in_pages(map);
    let map = pages(map);
    let map = people_pages(map);
    let map = access_pages(map);
    access_api(api(map))
}

fn health(map: Routes) -> Routes {
    map.api(Public, routes!(health::healthz))
        .api(Public, routes!(health::readyz))
        .api(Metrics, routes!(health::metrics))
}

/// Coming in, proving again who one is, and leaving.
fn sign_in_pages(map: Routes) -> Routes {
    map.page(Public, Get, urls::LOGIN, sign_in::form)
        .page(Public, Post, urls::LOGIN, sign_in::sign_in)
        .page(Public, Get, urls::LOGIN_OIDC, single_sign_on::begin)
        .page(Public, Post, urls::LOGIN_OIDC, single_sign_on::begin_invited)
        .page(Public, Get, urls::LOGIN_OIDC_CALLBACK, single_sign_on::callback)
        .page(Public, Get, urls::LOGIN_OIDC_LOGOUT, single_sign_on::sign_out)
        .page(Public, Get, urls::LOGIN_CODE, second::form)
        .page(Public, Post, urls::LOGIN_CODE, second::give)
        .page(Public, Post, urls::PASSKEY_SIGN_IN_OPTIONS, passkeys::begin_sign_in)
        .page(Public, Post, urls::PASSKEY_SIGN_IN, passkeys::sign_in)
        .page(May(Confirm), Get, urls::CONFIRM, confirm::form)
        .page(May(Confirm), Post, urls::CONFIRM, confirm::give)
        .page(May(Confirm), Post, urls::PASSKEY_CONFIRM_OPTIONS, passkeys::begin_confirmation)
        .page(May(Confirm), Post, urls::PASSKEY_CONFIRM, passkeys::confirm)
        .page(May(Factors), Post, urls::PASSKEY_REGISTER_OPTIONS, passkeys::begin_registration)
        .page(May(Factors), Post, urls::PASSKEY_REGISTER, passkeys::register)
        .page(Public, Get, urls::FORGOT_PASSWORD, forgotten::form)
        .page(Public, Post, urls::FORGOT_PASSWORD, forgotten::ask)
        .page(Public, Get, urls::RESET_PASSWORD, forgotten::reset_form)
        .page(Public, Post, urls::RESET_PASSWORD, forgotten::reset)
        .page(May(Confirm), Post, urls::LOGOUT, sign_in::sign_out)
}

fn pages(map: Routes) -> Routes {
    map.page(Public, Post, urls::LANGUAGE, pages::switch_language)
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
        .page(May(EditSources), Get, urls::SOURCE_NEW, pages::account_form)
        .page(May(EditSources), Post, urls::SOURCE_NEW, pages::add_account)
        .page(May(EditSources), Post, urls::SOURCE_CHECK, pages::check_account)
        .page(May(ReadPipeline), Get, urls::SOURCE, pages::source)
        .page(May(EditSources), Get, urls::SOURCE_ACCOUNT, pages::account)
        .page(May(EditSources), Post, urls::SOURCE_ACCOUNT, pages::save_account)
        .page(May(EditSources), Post, urls::SOURCE_TOKEN, pages::save_account_token)
        .page(May(EditSources), Post, urls::SOURCE_REMOVAL, pages::remove_account)
        .page(May(ReadPipeline), Get, urls::UNWATCHED, pages::unwatched)
        .page(May(EditPipeline), Post, urls::UNWATCHED, pages::read_inventories)
        .page(May(ReadPipeline), Get, urls::SOURCE_PUSH, pages::source_push)
        .page(May(Secrets), Post, urls::SOURCE_PUSH, pages::make_push_secret)
        .page(May(Secrets), Post, urls::SOURCE_PUSH_REVOKE, pages::revoke_push_secret)
        .page(May(ReadPipeline), Get, urls::MANUAL_LIBRENMS, pages::manual)
        .page(May(Profile), Get, urls::PROFILE, pages::profile)
        .page(May(Profile), Post, urls::PROFILE, pages::save_profile)
        .page(May(Factors), Post, urls::PROFILE_SIGN_ON, sign_on_profile::connect)
        .page(May(Factors), Post, urls::PROFILE_SIGN_ON_REMOVAL, sign_on_profile::disconnect)
        .page(May(UserFactors), Post, urls::USER_SIGN_ON_REMOVAL, sign_on_profile::disconnect_user)
        .page(May(ReadPipeline), Get, urls::MANUAL_SIGN_ON, pages::manual_sign_on)
        .page(May(Profile), Get, urls::SECURITY, pages::security)
        .page(May(Factors), Post, urls::SECURITY_PASSWORD, pages::change_password)
        .page(May(Factors), Get, urls::SECURITY_TOTP, pages::totp_setup)
        .page(May(Factors), Post, urls::SECURITY_TOTP, pages::confirm_totp)
        .page(May(Factors), Post, urls::SECURITY_TOTP_NEW, pages::new_totp)
        .page(May(Factors), Post, urls::SECURITY_TOTP_REMOVAL, pages::remove_totp)
        .page(May(Factors), Post, urls::SECURITY_CODES, pages::new_codes)
        .page(May(Factors), Post, urls::SECURITY_PASSKEY_REMOVAL, pages::remove_passkey)
        .page(Public, Get, urls::NOTIFICATION_ADDRESS, pages::notification_address)
        .page(Public, Post, urls::NOTIFICATION_ADDRESS, pages::prove_notification_address)
        .page(Public, Get, urls::REGISTER, pages::registration)
        .page(Public, Post, urls::REGISTER, pages::register)
        .page(May(ReadAudit), Get, urls::AUDIT, pages::audit)
        .page(May(ReadAudit), Get, urls::AUDIT_CSV, pages::audit_export)
        .page(May(ReadPermissions), Get, urls::PERMISSIONS, pages::permissions)
        .page(May(EditSecurity), Post, urls::SECOND_FACTOR_ROLES, pages::save_rule)
        .page(May(ReadServices), Get, urls::EVENTS, changes::events)
        .page(May(ApiDocs), Get, urls::API_DOCS, pages::docs)
}

/// Customers and users.
fn people_pages(map: Routes) -> Routes {
    map.page(May(ReadCustomers), Get, urls::CUSTOMERS, pages::customers)
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
        .page(May(UserFactors), Post, urls::USER_FACTORS, pages::reset_factors)
}

/// Who is signed in, who tried to be, and what programs come in by.
fn access_pages(map: Routes) -> Routes {
    map.page(May(Session), Get, urls::PROFILE_SESSIONS, pages::own_sessions)
        .page(May(Session), Post, urls::PROFILE_SESSION_REVOKE, pages::end_own_sessions)
        .page(May(Tokens), Get, urls::PROFILE_TOKENS, pages::own_tokens)
        .page(May(Tokens), Post, urls::PROFILE_TOKENS, pages::issue_own_token)
        .page(May(Tokens), Post, urls::PROFILE_TOKEN_REVOKE, pages::revoke_own_token)
        .page(May(EditUsers), Post, urls::USER_SESSIONS, pages::end_user_sessions)
        .page(May(EditUsers), Post, urls::USER_TOKEN_REVOKE, pages::revoke_user_token)
        .page(May(ReadAttempts), Get, urls::LOGIN_ATTEMPTS, pages::attempts)
        .page(May(ReadAttempts), Get, urls::LOGIN_ATTEMPTS_CSV, pages::attempts_export)
        .page(May(ServiceTokens), Get, urls::SERVICE_TOKENS, pages::service_tokens)
        .page(May(ServiceTokens), Post, urls::SERVICE_TOKENS, pages::issue_service_token)
        .page(May(ServiceTokens), Post, urls::SERVICE_TOKEN_REVOKE, pages::revoke_service_token)
        .page(May(ReadMails), Get, urls::MAILS, pages::mails)
        .page(May(SendMails), Post, urls::MAILS_HURRY, pages::hurry_mails)
        .page(May(SendMails), Post, urls::MAILS_TEST, pages::test_mail)
}

/// The same for programs.
fn access_api(map: Routes) -> Routes {
    map.api(May(Tokens), routes!(v1::list_tokens))
        .api_creating(May(Tokens), routes!(v1::issue_token))
        .api(May(Tokens), routes!(v1::revoke_token))
        .api(May(ServiceTokens), routes!(v1::list_service_tokens))
        .api_creating(May(ServiceTokens), routes!(v1::issue_service_token))
        .api(May(ServiceTokens), routes!(v1::revoke_service_token))
        .api(May(Session), routes!(v1::list_sessions))
        .api(May(Session), routes!(v1::end_sessions))
        .api(May(Session), routes!(v1::end_session))
        .api(May(ReadAttempts), routes!(v1::list_attempts))
        .api(May(ReadAttempts), routes!(v1::attempts_csv))
        .api(May(ReadMails), routes!(v1::list_mails))
        .api(May(SendMails), routes!(v1::hurry_mails))
        .api_creating(May(SendMails), routes!(v1::send_test_mail))
}

fn api(map: Routes) -> Routes {
    map.api(May(ReadServices), routes!(v1::list_services))
        .api(May(ReadServices), routes!(v1::one_service))
        .api_creating(May(EditServices), routes!(v1::put_service))
        .api(May(EditServices), routes!(v1::delete_service))
        .api_creating_with_body(IMPORT_BYTES_MAX, May(EditServices), routes!(v1::import_services))
        .api(May(ReadPipeline), routes!(v1::service_sync))
        .api_creating(May(EditPipeline), routes!(v1::start_service_sync))
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
        .api(May(ReadPipeline), routes!(v1::sources))
        .api(May(ReadPipeline), routes!(v1::one_source))
        .api(May(ReadPipeline), routes!(v1::list_accounts))
        .api_creating(May(EditSources), routes!(v1::add_account))
        .api(May(EditSources), routes!(v1::check_account))
        .api(May(ReadPipeline), routes!(v1::one_account))
        .api(May(EditSources), routes!(v1::put_account))
        .api(May(EditSources), routes!(v1::put_account_token))
        .api(May(EditSources), routes!(v1::remove_account))
        .api(May(ReadComponents), routes!(v1::source_devices))
        .api(May(ReadComponents), routes!(v1::source_links))
        .api(May(ReadComponents), routes!(v1::source_monitored))
        .api(May(ReadComponents), routes!(v1::source_paths))
        .api(May(ReadPipeline), routes!(v1::sync_jobs))
        .api(May(ReadPipeline), routes!(v1::sync_job))
        .api(May(ReadPipeline), routes!(v1::source_push))
        .api_creating(May(EditPipeline), routes!(v1::start_sync))
        .api_creating(May(Secrets), routes!(v1::issue_push_secret))
        .api(May(Secrets), routes!(v1::revoke_push_secret))
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
        .api_creating_with_body(people_csv::BYTES_MAX, May(EditUsers), routes!(v1::import_users))
        .api(May(Profile), routes!(v1::profile))
        .api(May(Profile), routes!(v1::put_profile))
        .api(May(Profile), routes!(v1::factors))
        .api(May(Factors), routes!(v1::remove_own_passkey))
        .api(May(UserFactors), routes!(v1::reset_user_factors))
        .api(May(EditUsers), routes!(v1::user_tokens))
        .api(May(EditUsers), routes!(v1::revoke_user_token))
        .api(May(UserFactors), routes!(v1::unlink_user))
        .api(May(ReadPermissions), routes!(v1::second_factor_rule))
        .api(May(EditSecurity), routes!(v1::put_second_factor_rule))
        .api(May(ReadAudit), routes!(v1::list_audit))
        .api(May(ReadAudit), routes!(v1::audit_csv))
        .api(May(ReadAudit), routes!(v1::verify_audit))
        .api(May(ReadPermissions), routes!(v1::permissions))
        .api(May(ApiDocs), routes!(v1::openapi))
}
