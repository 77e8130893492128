//! Bringing in many users at once.

use axum::Extension;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use dashboards::{ImportFault, UserImportLine, UserImportPlan, UsersImportPage, UsersImported};
use secrecy::ExposeSecret;
use serde::Deserialize;
use store::records::{LineFault, ListFault, UserDifference, UserPlan, Users};

use super::{html, shell};
use crate::app::ApiState;
use crate::auth::Principal;
use crate::people::{self, Imported};
use crate::people_csv;
use crate::problem::ApiError;

/// The form with a list.
#[derive(Deserialize)]
pub(crate) struct SentList {
    #[serde(default)]
    text: String,
    #[serde(rename = "do")]
    is_meant: Option<String>,
    /// The hash of the trial that is meant.
    #[serde(default)]
    expect: String,
}

/// `GET /users/import`.
pub(crate) async fn import_form(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, ApiError> {
    let shell = shell::full(&state, &principal, &headers, &uri).await?;
    html(&UsersImportPage { shell, text: String::new(), refused: None, outcome: None })
}

/// `POST /users/import`: tries a list or, when it is meant, takes it.
pub(crate) async fn import(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    Form(sent): Form<SentList>,
) -> Result<Response, ApiError> {
    let shell = shell::full(&state, &principal, &headers, &uri).await?;
    let is_trial = sent.is_meant.is_none();
    let lines = match people_csv::read(&sent.text) {
        Ok(lines) => lines,
        Err(fault) => {
            let refused = Some(list_fault(fault));
            let page = UsersImportPage { shell, text: sent.text, refused, outcome: None };
            return super::forms::refused(html(&page)?);
        }
    };
    // A list that was changed since it was tried gives another hash.
    let expected = Some(sent.expect.as_str());
    let imported = people::import(&state, &principal, &lines, is_trial, expected).await?;
    let outcome = outcome(&imported);
    let text = if outcome.is_done { String::new() } else { sent.text };
    html(&UsersImportPage { shell, text, refused: None, outcome: Some(outcome) })
}

fn list_fault(fault: ListFault) -> ImportFault {
    match fault {
        ListFault::NotCsv(_) => ImportFault::NotCsv,
        ListFault::Column(name) => ImportFault::Column(name),
        ListFault::ColumnTwice(name) => ImportFault::ColumnTwice(name),
        ListFault::NoEmail => ImportFault::NoEmail,
        ListFault::Empty => ImportFault::Empty,
        ListFault::TooMany => ImportFault::TooMany(Users::MAX_IMPORT),
    }
}

fn line_fault(fault: &LineFault) -> ImportFault {
    match fault {
        LineFault::Cells { found, named } => ImportFault::Cells { found: *found, named: *named },
        LineFault::Role(found) => ImportFault::Role(found.clone()),
        LineFault::Language(found) => ImportFault::Language(found.clone()),
        LineFault::Twice => ImportFault::Twice,
        LineFault::RoleMissing => ImportFault::RoleMissing,
        LineFault::NoCustomer(name) => ImportFault::NoCustomer(name.clone()),
        LineFault::ActsForNobody => ImportFault::ActsForNobody,
        LineFault::Field { field, .. } => match *field {
            "email" => ImportFault::Email,
            "notification_email" => ImportFault::NotificationEmail,
            "name" => ImportFault::Name,
            "time_zone" => ImportFault::TimeZone,
            "customers" => ImportFault::Customers,
            "role" | "standing" => ImportFault::LastAdministrator,
            _ => ImportFault::Other,
        },
        LineFault::Other(_) => ImportFault::Other,
    }
}

fn outcome(imported: &Imported) -> UsersImported {
    let lines: Vec<UserImportLine> = imported
        .import
        .lines
        .iter()
        .zip(&imported.links)
        .map(|(line, link)| UserImportLine {
            line: line.line,
            email: line.email.clone(),
            plan: match &line.plan {
                UserPlan::Invite => UserImportPlan::Invite,
                UserPlan::Update(found) => {
                    UserImportPlan::Update(found.iter().map(difference_out).collect())
                }
                UserPlan::Nothing => UserImportPlan::Nothing,
                UserPlan::Refused(fault) => UserImportPlan::Refused(line_fault(fault)),
            },
            link: link.as_ref().map(|link| link.address.expose_secret().to_owned()),
        })
        .collect();
    let count =
        |is: fn(&UserImportPlan) -> bool| lines.iter().filter(|line| is(&line.plan)).count() as u64;
    UsersImported {
        refused: imported.import.refused() as u64,
        invited: count(|plan| *plan == UserImportPlan::Invite),
        updated: count(|plan| matches!(plan, UserImportPlan::Update(_))),
        is_done: imported.import.is_done,
        hash: imported.import.hash.clone(),
        has_moved: imported.import.has_moved,
        lines,
    }
}

fn difference_out(found: &UserDifference) -> (&'static str, String, String) {
    (found.field, found.before.clone(), found.after.clone())
}
