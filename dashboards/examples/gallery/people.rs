//! Believable users, customers and changes for the gallery and the tests.

use dashboards::{
    AuditPage, AuditRow, AuditVerdict, ContactForm, CustomerForm, CustomerPage, CustomerRow,
    CustomersPage, FormProblem, ImportFault, InvitedForm, Lang, Mailed, Pager, Permission,
    PermissionReach, PermissionRow, PermissionsPage, ProfilePage, ProfileSignOn, RegisterPage,
    Shell, ShownLink, SignOnButton, SignOnLeavePage, SignOnProblem, UserForm, UserHead,
    UserImportLine, UserImportPlan, UserPage, UserRole, UserRow, UserSignOn, UserStanding,
    UsersImportPage, UsersImported, UsersPage,
};

use crate::access;
use crate::fixtures::NOW;

const DAY_MS: i64 = 86_400_000;
const LINK: &str = "https://padwacht.example.net/register#5f0c2a7be1d94c3fa6d0b9e8c7a1f2d35f0c2a7be1d94c3fa6d0b9e8c7a1f2d3";

fn row(name: &str, email: &str, role: UserRole, standing: UserStanding, of: &[&str]) -> UserRow {
    let customers = of.iter().map(|name| (*name).to_owned()).collect();
    let (name, email) = (name.to_owned(), email.to_owned());
    UserRow { id: format!("id-{email}"), email, name, role, standing, customers }
}

fn rows() -> Vec<UserRow> {
    vec![
        row(
            "Anna <b>de Vries</b>",
            "anna@ede.example",
            UserRole::Klant,
            UserStanding::Active,
            &["Gemeente Ede"],
        ),
        row(
            "Bram Jansen",
            "b.jansen@example.net",
            UserRole::Accountmanager,
            UserStanding::Active,
            &[],
        ),
        row(
            "carla@overheid.example",
            "carla@overheid.example",
            UserRole::Klant,
            UserStanding::Invited,
            &["Gemeente Ede", "Provincie Gelderland", "Waterschap", "+4"],
        ),
        row("Dirk", "dirk@example.net", UserRole::Klant, UserStanding::Banned, &["Bakkerij Smit"]),
        row(
            "Marieke de Groot",
            "m.degroot@example.net",
            UserRole::Beheer,
            UserStanding::Active,
            &[],
        ),
    ]
}

pub(crate) fn users(shell: Shell) -> UsersPage {
    UsersPage {
        shell,
        query: String::new(),
        role: None,
        standing: None,
        rows: rows(),
        pager: Pager { page: 2, per_page: 5, total: 17 },
        may_edit: true,
    }
}

fn form(lang: Lang) -> UserForm {
    UserForm {
        email: "anna@ede.example".to_owned(),
        name: "Anna \"A\" de Vries".to_owned(),
        role: UserRole::Klant,
        language: lang,
        time_zone: String::new(),
        notification_email: "noc@ede.example".to_owned(),
        customers: "Gemeente Ede\nProvincie Gelderland".to_owned(),
        revision: 3,
    }
}

pub(crate) fn user(shell: Shell, standing: UserStanding, problem: Option<FormProblem>) -> UserPage {
    let form = form(shell.locale.lang);
    let link = (standing == UserStanding::Invited).then(|| ShownLink {
        address: LINK.to_owned(),
        expires_at: NOW.plus_millis(7 * DAY_MS),
        is_mailed: false,
    });
    let head = UserHead {
        id: "u1".to_owned(),
        name: form.name.clone(),
        standing,
        created_at: NOW.plus_millis(-40 * DAY_MS),
        has_second_factor: true,
        issued_tokens: vec!["Billing".to_owned()],
    };
    UserPage {
        shell,
        user: Some(head),
        form,
        is_saved: problem.is_none() && link.is_none(),
        problem,
        link,
        may_edit: true,
        sessions: access::sessions(),
        tokens: Vec::new(),
        zones: vec!["Europe/Amsterdam".to_owned(), "Europe/London".to_owned()],
        product_zone: "Europe/Amsterdam".to_owned(),
        sign_on: Some(signed_on()),
    }
}

fn signed_on() -> UserSignOn {
    UserSignOn {
        label: "m.degroot@achterhoek.example".to_owned(),
        linked_at: NOW.plus_millis(-30 * DAY_MS),
        used_at: Some(NOW.plus_millis(-DAY_MS)),
    }
}

pub(crate) fn new_user(shell: Shell) -> UserPage {
    let empty = String::new;
    let form = UserForm {
        email: empty(),
        name: empty(),
        notification_email: empty(),
        customers: empty(),
        revision: 0,
        ..form(shell.locale.lang)
    };
    let page = user(shell, UserStanding::Active, None);
    UserPage { user: None, form, is_saved: false, ..page }
}

pub(crate) fn user_read_only(shell: Shell) -> UserPage {
    UserPage { may_edit: false, is_saved: false, ..user(shell, UserStanding::Active, None) }
}

pub(crate) fn import(shell: Shell, is_done: bool) -> UsersImportPage {
    let line = |line, email: &str, plan| UserImportLine {
        line,
        email: email.to_owned(),
        link: (is_done && plan == UserImportPlan::Invite).then(|| LINK.to_owned()),
        plan,
    };
    let change = |field, before: &str, after: &str| (field, before.to_owned(), after.to_owned());
    let changes = vec![change("role", "klant", "accountmanager"), change("customers", "Ede", "")];
    let mut lines = vec![
        line(2, "anna@ede.example", UserImportPlan::Invite),
        line(3, "b.jansen@example.net", UserImportPlan::Update(changes)),
        line(4, "m.degroot@example.net", UserImportPlan::Nothing),
    ];
    if !is_done {
        let why = ImportFault::NoCustomer("Edde".to_owned());
        lines.push(line(5, "dirk@example.net", UserImportPlan::Refused(why)));
    }
    let refused = u64::from(!is_done);
    UsersImportPage {
        shell,
        text: "email,role,customers\nanna@ede.example,klant,1042\n".to_owned(),
        refused: None,
        outcome: Some(UsersImported {
            lines,
            refused,
            invited: 1,
            updated: 1,
            is_done,
            hash: "ba78".to_owned(),
            has_moved: false,
        }),
    }
}

pub(crate) fn import_refused(shell: Shell) -> UsersImportPage {
    let refused = Some(ImportFault::NoEmail);
    UsersImportPage { shell, text: "naam\n".to_owned(), refused, outcome: None }
}

pub(crate) fn register_asks(mut shell: Shell) -> RegisterPage {
    shell.user = None;
    RegisterPage { shell, invited: Mailed::Asks, problem: None }
}

pub(crate) fn register(mut shell: Shell, works: bool) -> RegisterPage {
    shell.user = None;
    let invited = works.then(|| InvitedForm {
        token: "5f0c".to_owned(),
        email: "anna@ede.example".to_owned(),
        name: String::new(),
        password_least: 12,
        sign_on: Some(SignOnButton {
            invitation: Some("5f0c".to_owned()),
            ..sign_on_button(shell.locale.lang)
        }),
    });
    let invited = Mailed::found(invited);
    let problem = works.then_some(FormProblem::Password { least: 12 });
    RegisterPage { shell, invited, problem }
}

/// The way to an OpenID provider.
pub(crate) fn sign_on_button(lang: Lang) -> SignOnButton {
    let label = match lang {
        Lang::Dutch => "Inloggen met uw organisatieaccount",
        Lang::English => "Sign in with your organisation account",
    };
    let address = "/login/oidc".to_owned();
    SignOnButton { label: label.to_owned(), address, invitation: None, is_only_way: false }
}

pub(crate) fn profile(shell: Shell, problem: Option<SignOnProblem>) -> ProfilePage {
    let form = form(shell.locale.lang);
    let (zones, product_zone) = (Vec::new(), "Europe/Amsterdam".to_owned());
    let sign_on = ProfileSignOn {
        label: sign_on_button(shell.locale.lang).label,
        linked: problem.is_none().then(signed_on),
        has_password: true,
        is_linked_now: problem.is_none(),
        problem,
    };
    let (problem, sign_on) = (None, Some(sign_on));
    let awaits_proof = form.notification_email.contains('@');
    ProfilePage {
        shell,
        form,
        problem,
        is_saved: false,
        zones,
        product_zone,
        sign_on,
        awaits_proof,
    }
}

/// The way out to the provider.
pub(crate) fn sign_on_leave(mut shell: Shell) -> SignOnLeavePage {
    shell.user = None;
    SignOnLeavePage {
        shell,
        place: "https://login.example.net".to_owned(),
        address: "https://login.example.net/authorize".to_owned(),
    }
}

pub(crate) fn customers(shell: Shell) -> CustomersPage {
    let row = |name: &str, number: &str, manager: &str, contact: &str| CustomerRow {
        id: format!("id-{name}"),
        name: name.to_owned(),
        number: number.to_owned(),
        manager: manager.to_owned(),
        contact: contact.to_owned(),
    };
    CustomersPage {
        shell,
        query: String::new(),
        rows: vec![
            row("Bakkerij <i>Smit</i>", "", "", ""),
            row("Gemeente Ede", "1042", "Bram Jansen", "NOC Ede"),
            row("Provincie Gelderland", "1077", "Bram Jansen", "Servicedesk"),
        ],
        pager: Pager { page: 1, per_page: 50, total: 3 },
        may_edit: true,
    }
}

pub(crate) fn customer(shell: Shell, may_edit: bool) -> CustomerPage {
    let contact = ContactForm {
        name: "NOC Ede".to_owned(),
        role: "24/7".to_owned(),
        email: "noc@ede.example".to_owned(),
        phone: "+31 318 000 000".to_owned(),
    };
    let lang = shell.locale.lang;
    CustomerPage {
        shell,
        customer: Some(("c1".to_owned(), "Gemeente Ede".to_owned())),
        form: CustomerForm {
            name: "Gemeente Ede".to_owned(),
            number: "1042".to_owned(),
            manager: "m1".to_owned(),
            language: lang,
            time_zone: String::new(),
            contacts: vec![contact, ContactForm::default()],
            revision: 2,
        },
        managers: vec![("m1".to_owned(), "Bram Jansen".to_owned())],
        people: if may_edit { rows().into_iter().take(2).collect() } else { Vec::new() },
        services: 12,
        problem: may_edit.then_some(FormProblem::CustomerTaken),
        is_saved: false,
        may_edit,
        zones: Vec::new(),
        product_zone: "Europe/Amsterdam".to_owned(),
    }
}

pub(crate) fn audit(shell: Shell, verdict: Option<AuditVerdict>) -> AuditPage {
    let text = |text: &str| text.to_owned();
    let change = |field: &str, before: &str, after: &str| (text(field), text(before), text(after));
    let row = |sequence, action: &str, object: &str, changes| AuditRow {
        sequence,
        at: NOW.plus_millis(-(9_000 - sequence as i64) * 60_000),
        actor: text("m.degroot@example.net"),
        address: text("2001:db8::17"),
        token: (sequence % 2 == 0).then(|| "Grafana (pw_3f9a01…)".to_owned()),
        action: text(action),
        name: object.starts_with("customer/").then(|| text("Gemeente Ede")),
        object: text(object),
        changes,
    };
    AuditPage {
        shell,
        query: String::new(),
        kind: text("user"),
        from: Some(NOW.plus_millis(-DAY_MS)),
        until: None,
        rows: vec![
            row(8_999, "ban", "user/0198-ede", vec![change("standing", "active", "banned")]),
            row(
                8_998,
                "update",
                "customer/0198-smit",
                vec![
                    change("name", "<b>Smit</b>", "Bakkerij Smit"),
                    change("number", "", "1042"),
                    change("language", "nl", "en"),
                    change("account_manager", "", "0198f0e2-7a11-7c1e-9a5f-0f2d5c1b3a44"),
                ],
            ),
            row(8_997, "revoke", "api-token/0198", Vec::new()),
        ],
        pager: Pager { page: 1, per_page: 50, total: 8_999 },
        verdict,
    }
}

pub(crate) fn whole() -> AuditVerdict {
    let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned();
    AuditVerdict::Whole { first: 1, last: 8_999, hash }
}

pub(crate) fn broken() -> AuditVerdict {
    AuditVerdict::Broken("entry 4711 is not what was recorded".to_owned())
}

pub(crate) fn permissions(shell: Shell) -> PermissionsPage {
    use PermissionReach::{Everything, Nothing, Own};
    let row = |permission, reach: [PermissionReach; 3], routes: &[&str]| PermissionRow {
        permission,
        reach: reach.to_vec(),
        service: reach.map(|reach| if reach == Own { Nothing } else { reach }).to_vec(),
        confirmation: "recent",
        scopes: vec!["read:services"],
        routes: routes.iter().map(|route| (*route).to_owned()).collect(),
    };
    let services = ["GET /services", "GET /services/{id}", "GET /api/v1/services/{id}/intervals"];
    PermissionsPage {
        shell,
        second_factor: vec![UserRole::Beheer],
        is_saved: false,
        rows: vec![
            row(Permission::ReadServices, [Everything, Own, Own], &services),
            row(Permission::ReadUsers, [Everything, Own, Nothing], &["GET /users"]),
            row(Permission::EditUsers, [Everything, Nothing, Nothing], &["POST /users/new"]),
            row(Permission::Profile, [Own, Own, Own], &["GET /profile", "POST /profile"]),
        ],
    }
}
