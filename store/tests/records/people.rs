//! Customers, who acts for them, invitations and lists of users.

use std::collections::BTreeSet;

use correlate::model::Timestamp;
use secrecy::SecretString;
use serde_json::json;
use store::Scope;
use store::records::{
    AuditFilter, Change, Contact, Customer, CustomerDraft, CustomerFilter, CustomerId, Language,
    Page, ProfileDraft, RecordsError, Role, ServiceFilter, SessionDraft, Standing, TokenHash,
    UserDraft, UserFilter, UserLine, UserPlan,
};

use crate::database::{TestDatabase, actor, draft, service};

fn hash(text: &str) -> SecretString {
    SecretString::from(text)
}

async fn customer(db: &TestDatabase, name: &str, number: Option<&str>) -> CustomerId {
    let number = number.map(str::to_owned);
    let draft = CustomerDraft { number, ..CustomerDraft::named(name) };
    db.records.customers().create(&actor(1), &draft).await.expect("added")
}

async fn all(db: &TestDatabase) -> Vec<Customer> {
    let everything = Scope::everything();
    let customers = db.records.customers().within(&everything);
    customers.list(&CustomerFilter::default(), Page::first(99)).await.expect("lists")
}

async fn a_service_names_its_customer_by_name_or_number(db: &TestDatabase) {
    let ede = customer(db, "Gemeente Ede", Some("1042")).await;
    let services = db.records.services();
    let everything = Scope::everything();
    for (id, named) in [("by-name", "Gemeente Ede"), ("by-number", "1042"), ("new", "Nieuw BV")] {
        let mut draft = draft(id, json!("n/device/1"));
        draft.customer = Some(named.to_owned());
        services.create(&actor(2), &draft).await.expect("created");
    }
    for id in ["by-name", "by-number"] {
        let found = services.within(&everything).get(&service(id)).await.expect("reads");
        let found = found.expect("is there");
        assert_eq!(
            (found.customer.as_deref(), found.customer_id),
            (Some("Gemeente Ede"), Some(ede))
        );
    }
    let names: Vec<String> = all(db).await.into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["Gemeente Ede", "Nieuw BV"]);
    let file = json!([{"id": "by-number", "path": "n/device/1", "customer": "1042"}]).to_string();
    let again = services.import(&actor(3), &file).await.expect("valid");
    assert_eq!((again.updated, again.unchanged), (0, 1), "the number means the same customer");
}

async fn a_new_name_goes_to_the_services_and_keeps_them_together(db: &TestDatabase) {
    let id = customer(db, "Oud", Some("7")).await;
    let mut line = draft("line", json!("n/device/1"));
    line.customer = Some("Oud".to_owned());
    db.records.services().create(&actor(2), &line).await.expect("created");
    let contact =
        Contact { name: "NOC".to_owned(), phone: "0318".to_owned(), ..Contact::default() };
    let renamed = CustomerDraft {
        number: Some("7".to_owned()),
        contacts: vec![contact],
        time_zone: Some("Europe/Berlin".to_owned()),
        ..CustomerDraft::named("Nieuw")
    };
    let customers = db.records.customers();
    assert_eq!(
        customers.update(&actor(3), id, &renamed, Some(1)).await.expect("ok"),
        Change::Updated
    );
    assert_eq!(
        customers.update(&actor(4), id, &renamed, Some(2)).await.expect("ok"),
        Change::Unchanged
    );
    let stale = customers.update(&actor(4), id, &CustomerDraft::named("x"), Some(1)).await;
    assert!(matches!(stale, Err(RecordsError::Stale { .. })), "{stale:?}");
    let everything = Scope::everything();
    let search = ServiceFilter { search: Some("nieuw".to_owned()), ..ServiceFilter::default() };
    let found = db.records.services().within(&everything).list(&search, Page::first(9)).await;
    let found = found.expect("lists");
    assert_eq!((found.len(), found[0].customer.as_deref()), (1, Some("Nieuw")));
    let taken = customers.create(&actor(5), &CustomerDraft::named("7")).await.expect_err("taken");
    assert_eq!(taken.to_string(), "customer 7 already exists");
    let in_use = customers.delete(&actor(6), id).await.expect_err("in use").to_string();
    assert!(in_use.starts_with("customer: has 1 service(s)"), "{in_use}");
    let zone =
        CustomerDraft { time_zone: Some("Mars/Dome".to_owned()), ..CustomerDraft::named("y") };
    let zone = customers.create(&actor(7), &zone).await.expect_err("no zone").to_string();
    assert!(zone.starts_with("time_zone: must be an IANA zone"), "{zone}");
}

async fn a_scope_bounds_services_customers_and_users(db: &TestDatabase) {
    let (ede, rival) = (customer(db, "Ede", None).await, customer(db, "Rival", None).await);
    let users = db.records.users();
    for (id, named) in [("e1", Some("Ede")), ("r1", Some("Rival")), ("core", None)] {
        let mut draft = draft(id, json!("n/device/1"));
        draft.customer = named.map(str::to_owned);
        db.records.services().create(&actor(2), &draft).await.expect("created");
    }
    let manager = UserDraft::new("am@example.net", Role::Accountmanager);
    let manager = users.create(&actor(3), &manager, &hash("h")).await.expect("created");
    let assigned = CustomerDraft { account_manager: Some(manager), ..CustomerDraft::named("Ede") };
    db.records.customers().update(&actor(4), ede, &assigned, None).await.expect("assigned");
    let acting = |email: &str, customers: &[CustomerId]| UserDraft {
        customers: customers.iter().copied().collect(),
        ..UserDraft::new(email, Role::Klant)
    };
    for (email, customers) in
        [("both@example.net", &[ede, rival][..]), ("rival@example.net", &[rival])]
    {
        users.create(&actor(5), &acting(email, customers), &hash("h")).await.expect("created");
    }
    let see = async |email: &str| {
        let user = users.by_email(email).await.expect("reads").expect("is there");
        let scope = users.scope_of(&user).await.expect("reads");
        let services = db.records.services().within(&scope);
        let mut found: Vec<String> = services
            .list(&ServiceFilter::default(), Page::first(9))
            .await
            .expect("lists")
            .into_iter()
            .map(|one| one.definition.id.to_string())
            .collect();
        let count = services.count(&ServiceFilter::default()).await.expect("counts");
        assert_eq!(count, found.len() as u64);
        for id in ["e1", "r1", "core", "none"] {
            let got = services.get(&service(id)).await.expect("reads").is_some();
            let by_ids = services.by_ids(&[service(id)]).await.expect("reads").len() == 1;
            assert_eq!((got, by_ids), (found.contains(&id.to_owned()), got), "{email} {id}");
        }
        let customers = db.records.customers().within(&scope);
        let seen = customers.list(&CustomerFilter::default(), Page::first(9)).await.expect("lists");
        let other = customers.get(rival).await.expect("reads").is_some();
        assert_eq!(other, seen.iter().any(|one| one.id == rival));
        found.extend(seen.into_iter().map(|one| one.name));
        let people = users.within(&scope).list(&UserFilter::default(), Page::first(9)).await;
        found.extend(people.expect("lists").into_iter().map(|one| {
            format!("{}:{}", one.email.split('@').next().unwrap_or_default(), one.customers.len())
        }));
        found.join(" ")
    };
    assert_eq!(see("rival@example.net").await, "r1 Rival both:1 rival:1");
    assert_eq!(see("both@example.net").await, "e1 r1 Ede Rival both:2 rival:1");
    assert_eq!(see("am@example.net").await, "e1 Ede both:1");
}

async fn an_invitation_works_once_and_not_for_ever(db: &TestDatabase) {
    let users = db.records.users();
    let ede = customer(db, "Ede", None).await;
    let draft = UserDraft {
        customers: BTreeSet::from([ede]),
        ..UserDraft::new("anna@example.net", Role::Klant)
    };
    let (first, second) = (TokenHash::of("first"), TokenHash::of("second"));
    let id = users.invite(&actor(1), &draft, &first, Timestamp(100)).await.expect("invited");
    assert!(users.invited(&first, Timestamp(99)).await.expect("reads").is_some());
    assert!(users.invited(&first, Timestamp(100)).await.expect("reads").is_none(), "expired");
    users.invite_again(&actor(2), id, &second, Timestamp(200)).await.expect("invited again");
    assert!(users.invited(&first, Timestamp(5)).await.expect("reads").is_none(), "replaced");
    let register = async |token: &TokenHash, at: i64| {
        let at = Timestamp(at);
        users.register(token, at, "192.0.2.1", "Anna", Language::En, &hash("h")).await
    };
    assert!(register(&first, 5).await.is_err());
    let both = futures::future::join(register(&second, 5), register(&second, 5)).await;
    assert_eq!([&both.0, &both.1].iter().filter(|one| one.is_ok()).count(), 1, "{both:?}");
    let user = users.by_email("anna@example.net").await.expect("reads").expect("there");
    assert_eq!(
        (user.standing, &*user.name, user.language),
        (Standing::Active, "Anna", Language::En)
    );
    assert!(users.invite_again(&actor(6), id, &first, Timestamp(300)).await.is_err(), "is in");
}

async fn whoever_is_shut_out_is_out_at_once_and_comes_back_without_old_tokens(db: &TestDatabase) {
    let (users, sessions) = (db.records.users(), db.records.sessions());
    let id = users
        .create(&actor(1), &UserDraft::new("anna@example.net", Role::Klant), &hash("h"))
        .await
        .expect("created");
    let session = SessionDraft {
        token: TokenHash::of("session"),
        user: id,
        at: Timestamp(1),
        idle_timeout_ms: 1_000,
        absolute_timeout_ms: 1_000,
        user_agent: String::new(),
        address: String::new(),
    };
    sessions.create(&session).await.expect("begun");
    let token = store::records::ApiTokenDraft {
        name: "script".to_owned(),
        user: id,
        token: TokenHash::of("pw_1"),
        prefix: "pw_1".to_owned(),
        expires_at: None,
        scopes: None,
        grant: None,
        parent: None,
    };
    db.records.api_tokens().create(&actor(2), &token, None).await.expect("issued");
    users.set_standing(&actor(3), id, Standing::Banned).await.expect("banned");
    let is_in = async || {
        let session = sessions.find(&TokenHash::of("session"), Timestamp(4)).await;
        let token = db.records.api_tokens().find(&TokenHash::of("pw_1"), Timestamp(4)).await;
        (session.expect("reads").is_some(), token.expect("reads").is_some())
    };
    assert_eq!(is_in().await, (false, false));
    // What fell with it is recorded.
    let bans = AuditFilter { action: Some("ban".to_owned()), ..AuditFilter::default() };
    let bans = db.records.audit().list(&bans, Page::first(9)).await.expect("reads");
    let after = bans[0].after.clone().expect("how it is since");
    assert_eq!((&after["sessions_ended"], &after["tokens_revoked"]), (&json!(1), &json!(1)));
    users.set_standing(&actor(5), id, Standing::Active).await.expect("let in");
    assert_eq!(is_in().await, (false, false));
    let invited = TokenHash::of("i");
    let new = UserDraft::new("new@example.net", Role::Klant);
    let new = users.invite(&actor(6), &new, &invited, Timestamp(99)).await.expect("invited");
    let error =
        users.set_standing(&actor(7), new, Standing::Active).await.expect_err("no password");
    assert!(error.to_string().contains("never used an invitation"), "{error}");
    users.set_standing(&actor(8), new, Standing::Inactive).await.expect("withdrawn");
    assert!(users.invited(&invited, Timestamp(9)).await.expect("reads").is_none());
}

async fn a_list_of_users_is_taken_whole_or_not_at_all(db: &TestDatabase) {
    let users = db.records.users();
    customer(db, "Ede", Some("1042")).await;
    let root = UserDraft::new("root@example.net", Role::Beheer);
    users.create(&actor(1), &root, &hash("h")).await.expect("created");
    let line = |line: u64, email: &str, role: Option<Role>, customers: Option<&str>| UserLine {
        line,
        email: email.to_owned(),
        name: None,
        role,
        language: None,
        time_zone: None,
        notification_email: None,
        customers: customers.map(|name| vec![name.to_owned()]),
        refused: None,
    };
    let tokens: Vec<TokenHash> = (0..9).map(|n| TokenHash::of(&format!("t{n}"))).collect();
    let import = async |lines: &[UserLine], is_trial: bool| {
        let done = users.import(&actor(2), lines, &tokens, Timestamp(99), is_trial, None).await;
        done.expect("answers")
    };
    let bad = [
        line(2, "anna@example.net", Some(Role::Klant), Some("1042")),
        line(3, "bob@example.net", Some(Role::Klant), Some("Nobody")),
        line(4, "ANNA@example.net", Some(Role::Klant), Some("Ede")),
        line(5, "eve@example.net", None, None),
        line(6, "root@example.net", Some(Role::Accountmanager), None),
    ];
    let found = import(&bad, false).await;
    let why: Vec<String> = found
        .lines
        .iter()
        .map(|line| match &line.plan {
            UserPlan::Refused(reason) => format!("{} {reason}", line.line),
            plan => format!("{} {plan:?}", line.line),
        })
        .collect();
    assert_eq!(
        why,
        [
            "2 Invite",
            "3 customers: no customer has the name or number \"Nobody\"",
            "4 email: occurs twice in the file",
            "5 role: is needed for somebody new",
            "6 role: somebody must remain an active administrator",
        ]
    );
    assert!(!found.is_done);
    assert_eq!(users.count().await.expect("counts"), 1, "nothing was written");
    let good = [
        line(2, "anna@example.net", Some(Role::Klant), Some("1042")),
        line(3, "root@example.net", Some(Role::Beheer), None),
    ];
    let trial = import(&good, true).await;
    let plans: Vec<UserPlan> = trial.lines.iter().map(|line| line.plan.clone()).collect();
    assert_eq!(plans, [UserPlan::Invite, UserPlan::Nothing]);
    assert_eq!(users.count().await.expect("counts"), 1, "a trial writes nothing");
    let done = import(&good, false).await;
    assert!(
        done.is_done && users.invited(&tokens[0], Timestamp(9)).await.expect("reads").is_some()
    );
    let again = import(&good, false).await;
    assert!(again.lines.iter().all(|line| line.plan == UserPlan::Nothing), "{again:?}");
}

async fn a_list_is_done_as_its_trial_said_or_not_at_all(db: &TestDatabase) {
    let users = db.records.users();
    let (ede, epe) = (customer(db, "Ede", None).await, customer(db, "Epe", None).await);
    let anna = UserDraft {
        customers: [ede, epe].into(),
        ..UserDraft::new("anna@example.net", Role::Klant)
    };
    let anna = users.create(&actor(1), &anna, &hash("h")).await.expect("created");
    let line = UserLine {
        line: 2,
        email: "Anna@example.net".to_owned(),
        name: None,
        role: None,
        language: None,
        time_zone: Some("Europe/London".to_owned()),
        notification_email: Some("noc@example.net".to_owned()),
        customers: Some(vec!["Ede".to_owned()]),
        refused: None,
    };
    let tokens = [TokenHash::of("t")];
    let import = async |is_trial: bool, expected: Option<&str>| {
        let lines = std::slice::from_ref(&line);
        let until = Timestamp(99);
        users.import(&actor(2), lines, &tokens, until, is_trial, expected).await.expect("answers")
    };
    let trial = import(true, None).await;
    let UserPlan::Update(found) = &trial.lines[0].plan else { panic!("{trial:?}") };
    let found: Vec<_> = found.iter().map(|it| (it.field, &*it.before, &*it.after)).collect();
    let expected = [
        ("time_zone", "", "Europe/London"),
        ("notification_email", "", "noc@example.net"),
        ("customers", "Ede | Epe", "Ede"),
    ];
    assert_eq!(found, expected);
    // Somebody else is faster.
    let moved = UserDraft {
        customers: [ede, epe].into(),
        time_zone: Some("Europe/Paris".to_owned()),
        ..UserDraft::new("anna@example.net", Role::Klant)
    };
    users.update(&actor(3), anna, &moved, None).await.expect("changed");
    let late = import(false, Some(&trial.hash)).await;
    assert!(late.has_moved && !late.is_done, "{late:?}");
    let unchanged = users.by_id(anna).await.expect("reads").expect("there");
    assert_eq!(unchanged.time_zone.as_deref(), Some("Europe/Paris"));
    assert!(import(false, Some(&late.hash)).await.is_done);
    let done = users.by_id(anna).await.expect("reads").expect("there");
    assert_eq!(done.time_zone.as_deref(), Some("Europe/London"));
    assert_eq!(
        (done.notification_email.as_deref(), done.customers.len()),
        (Some("noc@example.net"), 1)
    );
}

async fn nobody_is_given_more_customers_than_they_could_see(db: &TestDatabase) {
    let users = db.records.users();
    let mut ids = Vec::new();
    for number in 0..=Scope::CUSTOMERS_MAX {
        ids.push(customer(db, &format!("customer {number:03}"), None).await);
    }
    let acting = UserDraft {
        customers: ids[2..].iter().copied().collect(),
        ..UserDraft::new("am@example.net", Role::Accountmanager)
    };
    let manager = users.create(&actor(1), &acting, &hash("h")).await.expect("created");
    let assign = async |at: usize| {
        let draft = CustomerDraft {
            account_manager: Some(manager),
            ..CustomerDraft::named(format!("customer {at:03}"))
        };
        db.records.customers().update(&actor(2), ids[at], &draft, None).await
    };
    assign(0).await.expect("the last that fits");
    let refused = assign(1).await.expect_err("one too many").to_string();
    assert!(refused.contains("500"), "{refused}");
    // Nor by the other way round.
    let more = UserDraft { customers: ids[1..].iter().copied().collect(), ..acting };
    let refused = users.update(&actor(3), manager, &more, None).await;
    let refused = refused.expect_err("one too many").to_string();
    assert!(refused.contains("501"), "{refused}");
    let account = users.by_id(manager).await.expect("reads").expect("there");
    let scope = users.scope_of(&account).await.expect("reads");
    assert!(scope.holds(Some(ids[0])) && !scope.holds(Some(ids[1])));
    assert!(ids[2..].iter().all(|id| scope.holds(Some(*id))), "nothing is out of sight");
}

async fn people_change_their_own_profile_and_nothing_else(db: &TestDatabase) {
    let users = db.records.users();
    let id = users
        .create(&actor(1), &UserDraft::new("anna@example.net", Role::Klant), &hash("h"))
        .await
        .expect("created");
    let profile = ProfileDraft {
        name: " Anna ".to_owned(),
        language: Language::En,
        time_zone: Some("Europe/London".to_owned()),
        notification_email: Some("NOC@example.net".to_owned()),
    };
    let changed = users.update_profile(&actor(2), id, &profile).await.expect("changed");
    assert_eq!(changed, Change::Updated);
    let user = users.by_email("anna@example.net").await.expect("reads").expect("there");
    assert_eq!((&*user.name, user.role), ("Anna", Role::Klant));
    assert_eq!(user.notification_email.as_deref(), Some("noc@example.net"));
    let bad = ProfileDraft { time_zone: Some("Nowhere".to_owned()), ..profile };
    assert!(users.update_profile(&actor(3), id, &bad).await.is_err());
}

on_both!(
    a_service_names_its_customer_by_name_or_number,
    a_new_name_goes_to_the_services_and_keeps_them_together,
    a_scope_bounds_services_customers_and_users,
    an_invitation_works_once_and_not_for_ever,
    whoever_is_shut_out_is_out_at_once_and_comes_back_without_old_tokens,
    a_list_of_users_is_taken_whole_or_not_at_all,
    a_list_is_done_as_its_trial_said_or_not_at_all,
    nobody_is_given_more_customers_than_they_could_see,
    people_change_their_own_profile_and_nothing_else,
);
