//! Users, sessions, API tokens, login attempts and settings.

use correlate::model::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use store::Scope;
use store::records::{
    Admission, ApiTokenDraft, AuditFilter, Change, CustomerDraft, CustomerId, Language,
    LoginAttempt, LoginAttemptFilter, LoginResult, Page, RecordsError, Role, ServiceGrant,
    SessionDraft, Sessions, Standing, TokenHash, TokenHolder, Tried, TryKey, UserDraft, UserFilter,
    UserId,
};

use crate::database::{TestDatabase, actor};

fn hash(text: &str) -> SecretString {
    SecretString::from(text)
}

fn user(email: &str, role: Role) -> UserDraft {
    UserDraft { name: "Anna".to_owned(), ..UserDraft::new(email, role) }
}

async fn admin(db: &TestDatabase) -> UserId {
    let users = db.records.users();
    let made =
        users.bootstrap_admin(&actor(1), "root@example.net", Language::En, &hash("h"), None).await;
    made.expect("made").expect("the first").id
}

async fn addresses_are_one_whatever_their_case(db: &TestDatabase) {
    let users = db.records.users();
    let draft = user(" Anna@Example.NET ", Role::Klant);
    let id = users.create(&actor(1), &draft, &hash("h1")).await.expect("created");
    let found = users.by_email("ANNA@example.net").await.expect("reads").expect("is there");
    assert_eq!((found.id, &*found.email, found.role), (id, "anna@example.net", Role::Klant));
    let again = users.create(&actor(2), &user("anna@example.net", Role::Klant), &hash("h")).await;
    let again = again.expect_err("is there already").to_string();
    assert_eq!(again, "user anna@example.net already exists");
    let credentials = users.credentials("anna@example.net").await.expect("reads").expect("there");
    assert_eq!(credentials.password_hash.expose_secret(), "h1");
    assert!(!format!("{credentials:?}").contains("h1"));
    for bad in ["anna", "@example.net", "anna@", "an na@example.net", ""] {
        let error = users.create(&actor(1), &user(bad, Role::Klant), &hash("h")).await;
        let error = error.expect_err("refused").to_string();
        assert!(error.starts_with("email: must be an address"), "{error}");
    }
    assert_eq!(users.count().await.expect("counts"), 1);
    assert_eq!(
        users
            .within(&Scope::everything())
            .list(&UserFilter::default(), Page::first(9))
            .await
            .expect("lists"),
        [found]
    );
}

async fn one_of_many_makes_the_first_administrator(db: &TestDatabase) {
    let other = db.another().await;
    let starts = (0..10).map(|number| {
        let users = if number % 2 == 0 { db.records.users() } else { other.users() };
        async move {
            let email = format!("admin{number}@example.net");
            users.bootstrap_admin(&actor(1), &email, Language::Nl, &hash("h"), None).await
        }
    });
    let made = futures::future::join_all(starts).await;
    let made = made.into_iter().filter_map(|made| made.expect("answers")).collect::<Vec<_>>();
    assert_eq!(made.len(), 1);
    assert_eq!((made[0].role, made[0].is_active()), (Role::Beheer, true));
    assert_eq!(db.records.users().count().await.expect("counts"), 1);
}

async fn a_first_password_ends_and_of_many_starts_one_makes_another(db: &TestDatabase) {
    let users = db.records.users();
    let (email, until) = ("root@example.net", Some(Timestamp(10)));
    let made = users.bootstrap_admin(&actor(1), email, Language::En, &hash("h"), until).await;
    let id = made.expect("made").expect("the first").id;
    assert_eq!(users.initial_until(id).await.expect("reads"), until);
    let choose = async |token: &str, at: i64| {
        let token = TokenHash::of(token);
        let begun = users.begin_choice(id, &token, "192.0.2.1", Timestamp(at), Timestamp(99));
        let begun = begun.await.expect("answers");
        (begun, users.resetting(&token, Timestamp(at)).await.expect("reads").is_some())
    };
    assert_eq!(choose("early", 9).await, (true, true));
    assert_eq!(choose("late", 10).await, (false, false));
    let renew = async |at: i64, until: Option<Timestamp>| {
        let starts = (0..6)
            .map(|_| async move { users.renew_initial(&actor(at), &hash("other"), until).await });
        let renewed = futures::future::join_all(starts).await;
        renewed.into_iter().filter_map(|renewed| renewed.expect("answers")).count()
    };
    assert_eq!(renew(9, Some(Timestamp(20))).await, 0, "the first is still good");
    assert_eq!(renew(10, Some(Timestamp(20))).await, 1);
    let early = users.resetting(&TokenHash::of("early"), Timestamp(11)).await.expect("reads");
    assert!(early.is_none(), "what the first began ends with it");
    assert_eq!(users.initial_until(id).await.expect("reads"), Some(Timestamp(20)));
    assert_eq!(renew(20, None).await, 1);
    assert_eq!(users.initial_until(id).await.expect("reads"), None, "one that was chosen");
    assert_eq!(renew(99, Some(Timestamp(100))).await, 0);
}

async fn somebody_remains_administrator(db: &TestDatabase) {
    let users = db.records.users();
    let root = admin(db).await;
    let demoted = user("root@example.net", Role::Accountmanager);
    let error = users.update(&actor(2), root, &demoted, None).await.expect_err("the last one");
    assert_eq!(error.to_string(), "role: somebody must remain an active administrator");
    for standing in [Standing::Inactive, Standing::Banned] {
        let error = users.set_standing(&actor(2), root, standing).await.expect_err("the last one");
        assert_eq!(error.to_string(), "standing: somebody must remain an active administrator");
    }
    let second = user("second@example.net", Role::Beheer);
    users.create(&actor(3), &second, &hash("h")).await.expect("created");
    for expected in [Change::Updated, Change::Unchanged] {
        let change = users.set_standing(&actor(4), root, Standing::Inactive).await;
        assert_eq!(change.expect("another one remains"), expected);
    }
    let taken = user("second@example.net", Role::Klant);
    let error = users.update(&actor(6), root, &taken, None).await.expect_err("another's address");
    assert!(matches!(error, RecordsError::Exists { .. }), "{error}");
}

async fn session(db: &TestDatabase, user: UserId, token: &str, at: i64) {
    let draft = SessionDraft {
        token: TokenHash::of(token),
        user,
        at: Timestamp(at),
        idle_timeout_ms: 200_000,
        absolute_timeout_ms: 500_000,
        user_agent: "Firefox\r\n".to_owned(),
        address: "192.0.2.7".to_owned(),
    };
    db.records.sessions().create(&draft).await.expect("begun");
}

async fn open(db: &TestDatabase, token: &str, now: i64) -> bool {
    let found = db.records.sessions().find(&TokenHash::of(token), Timestamp(now)).await;
    found.expect("reads").is_some()
}

async fn sessions_end_idle_and_in_any_case(db: &TestDatabase) {
    let root = admin(db).await;
    session(db, root, "idle", 0).await;
    session(db, root, "busy", 0).await;
    for now in [59_999, 150_000, 300_000, 450_000, 499_999] {
        assert!(open(db, "busy", now).await, "at {now}");
    }
    assert!(!open(db, "idle", 200_000).await);
    assert!(!open(db, "busy", 500_000).await, "absolute end");
    assert!(!open(db, "never", 0).await);
    let listed = db.records.sessions().list(root, Timestamp(460_000)).await.expect("lists");
    assert_eq!(listed.len(), 1);
    assert_eq!((&*listed[0].user_agent, &*listed[0].address), ("Firefox", "192.0.2.7"));
    // Written down at 450,000: one request within the minute is not.
    assert_eq!(listed[0].last_seen_at, Timestamp(450_000));
    assert_eq!(db.records.sessions().prune(Timestamp(500_000)).await.expect("pruned"), 2);
}

async fn sessions_end_with_their_user_and_password(db: &TestDatabase) {
    let (users, sessions) = (db.records.users(), db.records.sessions());
    let root = admin(db).await;
    let anna = user("anna@example.net", Role::Klant);
    let id = users.create(&actor(1), &anna, &hash("h")).await.expect("created");
    session(db, root, "root", 0).await;
    session(db, id, "one", 0).await;
    users.set_password(&actor(2), id, &hash("h2")).await.expect("changed");
    assert!(!open(db, "one", 1).await);
    session(db, id, "two", 0).await;
    session(db, id, "three", 0).await;
    sessions.end(&TokenHash::of("two")).await.expect("replaced");
    assert!(!open(db, "two", 1).await && open(db, "three", 1).await);
    let shown = sessions.list(id, Timestamp(1)).await.expect("lists")[0].id;
    assert!(sessions.revoke(&actor(2), root, shown).await.is_err(), "not root's session");
    sessions.revoke(&actor(2), id, shown).await.expect("revoked");
    session(db, id, "four", 0).await;
    assert_eq!(sessions.revoke_all(&actor(2), id, None).await.expect("revoked"), 1);
    session(db, id, "five", 0).await;
    users.set_standing(&actor(3), id, Standing::Inactive).await.expect("changed");
    assert!(!open(db, "five", 1).await);
    assert!(open(db, "root", 1).await);
    for number in 0..Sessions::MAX_PER_USER + 5 {
        session(db, root, &format!("root {number}"), number as i64).await;
    }
    let listed = sessions.list(root, Timestamp(100)).await.expect("lists");
    assert_eq!(listed.len(), Sessions::MAX_PER_USER);
    assert!(!open(db, "root 4", 100).await && open(db, "root 24", 100).await);
}

async fn api_tokens_work_until_they_expire_or_are_revoked(db: &TestDatabase) {
    let tokens = db.records.api_tokens();
    let root = admin(db).await;
    let issue = async |name: &str, expires_at: Option<i64>| {
        let draft = ApiTokenDraft {
            name: name.to_owned(),
            user: root,
            token: TokenHash::of(name),
            prefix: "pw_1234".to_owned(),
            expires_at: expires_at.map(Timestamp),
            scopes: None,
            grant: None,
            parent: None,
        };
        tokens.create(&actor(1), &draft, None).await.expect("issued")
    };
    let find = async |name: &str, now: i64| {
        tokens.find(&TokenHash::of(name), Timestamp(now)).await.expect("reads")
    };
    let id = issue("grafana", None).await;
    issue("brief", Some(50)).await;
    let (token, owner) = find("grafana", 10).await.expect("works");
    let TokenHolder::User(owner) = owner else { panic!("it is root's") };
    assert_eq!((token.id, owner.id, token.last_used_at), (id, root, Some(Timestamp(10))));
    assert!(find("brief", 49).await.is_some() && find("brief", 50).await.is_none());
    assert!(find("unknown", 10).await.is_none());
    tokens.revoke(&actor(60), root, id).await.expect("revoked");
    assert!(find("grafana", 61).await.is_none());
    assert!(tokens.revoke(&actor(62), root, id).await.is_err(), "revoked already");
    let listed = tokens.list(root).await.expect("lists");
    let listed: Vec<_> = listed.iter().map(|one| (&*one.name, one.revoked_at)).collect();
    assert_eq!(listed, [("brief", None), ("grafana", Some(Timestamp(60)))]);
}

async fn attempts_are_found_by_whom_from_where_and_how(db: &TestDatabase) {
    let attempts = db.records.login_attempts();
    let root = admin(db).await;
    for (at, email, address, result) in [
        (1, "root@example.net", "192.0.2.1", LoginResult::WrongPassword),
        (5, " Root@Example.net", "192.0.2.2", LoginResult::WrongPassword),
        (7, "bob%@example.net", "192.0.22.2", LoginResult::UnknownUser),
        (8, "root@example.net", "192.0.2.2", LoginResult::Ok),
    ] {
        let (email, address) = (email.to_owned(), address.to_owned());
        let user_agent = "x".repeat(2_000);
        let attempt = LoginAttempt { at: Timestamp(at), email, address, user_agent, result };
        attempts.record(&attempt).await.expect("written down");
    }
    let check = async |filter: LoginAttemptFilter, expected: &[i64]| {
        let found = attempts.list(&filter, Page::first(9)).await.expect("lists");
        let at: Vec<i64> = found.iter().map(|one| one.attempt.at.millis()).collect();
        assert_eq!(at, expected, "{filter:?}");
        assert_eq!(attempts.count(&filter).await.expect("counts"), expected.len() as u64);
    };
    let any = LoginAttemptFilter::default;
    let text = |text: &str| Some(text.to_owned());
    check(any(), &[8, 7, 5, 1]).await;
    check(LoginAttemptFilter { user: Some(root), ..any() }, &[8, 5, 1]).await;
    check(LoginAttemptFilter { email: text("B%"), ..any() }, &[7]).await;
    check(LoginAttemptFilter { address: text("192.0.2."), ..any() }, &[8, 5, 1]).await;
    check(LoginAttemptFilter { result: Some(LoginResult::Ok), ..any() }, &[8]).await;
    let (from, until) = (Some(Timestamp(5)), Some(Timestamp(8)));
    check(LoginAttemptFilter { from, until, ..any() }, &[7, 5]).await;
    let latest = attempts.list(&any(), Page::first(2)).await.expect("lists");
    check(LoginAttemptFilter { below: Some(latest[1].id), ..any() }, &[5, 1]).await;
    assert_eq!(latest[0].attempt.user_agent.len(), 300);
    assert_eq!(attempts.prune(Timestamp(7)).await.expect("pruned"), 2);
}

async fn tries_are_counted_once_and_together_by_every_process(db: &TestDatabase) {
    let other = db.another().await;
    let keys = [("account", 0), ("address", 10)]
        .map(|(key, regain_ms)| TryKey { key: TokenHash::of(key), regain_ms });
    // Three tries are free; then one must wait ten milliseconds, and one comes
    // back every ten.
    let wait = |key: usize, tried: Tried| match key {
        0 if tried.failed < 3 => 0,
        0 => tried.last.millis() + 10,
        _ => (tried.spent_until.millis() - 20).max(0),
    };
    let tries = (0..12).map(|number| {
        let records = if number % 2 == 0 { db.records.clone() } else { other.clone() };
        async move { records.sign_in_tries().admit(&keys, Timestamp(0), Timestamp(0), wait).await }
    });
    let tries = futures::future::join_all(tries).await;
    let tries: Vec<Admission> = tries.into_iter().map(|one| one.expect("counts")).collect();
    let count = |of: Admission| tries.iter().filter(|one| **one == of).count();
    assert_eq!(count(Admission::Admitted), 3, "{tries:?}");
    assert_eq!(count(Admission::Refused { wait_ms: 10, is_first: true }), 1, "{tries:?}");
    let tries = other.sign_in_tries();
    tries.succeeded(&keys).await.expect("forgets");
    let alone = |key: usize| {
        let wait = move |_: usize, tried: Tried| wait(key, tried);
        db.records.sign_in_tries().admit(&keys[key..=key], Timestamp(0), Timestamp(0), wait)
    };
    for _ in 0..3 {
        assert_eq!(alone(0).await.expect("counts"), Admission::Admitted, "the account is free");
    }
    assert_eq!(alone(1).await.expect("counts"), Admission::Admitted, "the address got one back");
    assert!(matches!(alone(1).await.expect("counts"), Admission::Refused { .. }));
    assert_eq!(tries.prune(Timestamp(1), Timestamp(29)).await.expect("pruned"), 1, "not worn off");
    assert_eq!(tries.prune(Timestamp(1), Timestamp(30)).await.expect("pruned"), 1);
}

async fn tokens_of_services_act_by_their_own_grant(db: &TestDatabase) {
    let (tokens, users) = (db.records.api_tokens(), db.records.users());
    admin(db).await;
    let second = users.create(&actor(1), &user("b@example.net", Role::Beheer), &hash("h")).await;
    let issuer = second.expect("created");
    let ede = CustomerDraft::named("Ede");
    let ede = db.records.customers().create(&actor(1), &ede).await.expect("created");
    let draft = |name: &str, role: Role, customers: &[CustomerId]| ApiTokenDraft {
        name: name.to_owned(),
        user: issuer,
        token: TokenHash::of(name),
        prefix: "pws_1234".to_owned(),
        expires_at: None,
        scopes: Some(["read:services".to_owned()].into()),
        grant: Some(ServiceGrant { role, customers: customers.iter().copied().collect() }),
        parent: None,
    };
    for bad in [
        draft("x", Role::Beheer, &[ede]),
        draft("x", Role::Klant, &[]),
        ApiTokenDraft { scopes: None, ..draft("x", Role::Klant, &[ede]) },
        ApiTokenDraft { scopes: Some(["a b".to_owned()].into()), ..draft("x", Role::Beheer, &[]) },
    ] {
        let error = tokens.create(&actor(2), &bad, None).await.expect_err("refused");
        assert!(matches!(error, RecordsError::Invalid { .. }), "{error}");
    }
    let id =
        tokens.create(&actor(2), &draft("bi", Role::Klant, &[ede]), None).await.expect("issued");
    users.set_standing(&actor(3), issuer, Standing::Inactive).await.expect("closed");
    let find = async || tokens.find(&TokenHash::of("bi"), Timestamp(4)).await.expect("reads");
    let (token, holder) = find().await.expect("outlives its issuer");
    let TokenHolder::Service(grant) = holder else { panic!("a service") };
    assert!(grant.scope().holds(Some(ede)) && !grant.scope().is_everything());
    assert_eq!(token.scopes, Some(["read:services".to_owned()].into()));
    assert_eq!(tokens.list(issuer).await.expect("lists"), []);
    assert_eq!(tokens.list_services().await.expect("lists").len(), 1);
    assert!(tokens.revoke(&actor(5), issuer, id).await.is_err(), "not a personal one");
    let named = tokens.names(&[id].into()).await.expect("reads");
    assert_eq!(named[&id], ("bi".to_owned(), "pws_1234".to_owned()));
    db.records.customers().delete(&actor(6), ede).await.expect("no user, no service");
    let TokenHolder::Service(grant) = find().await.expect("works").1 else { panic!("a service") };
    assert!(grant.customers.is_empty() && !grant.scope().is_everything());
    tokens.revoke_service(&actor(7), id).await.expect("revoked");
    assert!(find().await.is_none());
}

async fn ended_sessions_are_told_and_another_role_ends_them(db: &TestDatabase) {
    let (users, sessions) = (db.records.users(), db.records.sessions());
    let root = admin(db).await;
    let anna = user("anna@example.net", Role::Klant);
    let anna = users.create(&actor(1), &anna, &hash("h")).await.expect("created");
    for token in ["one", "two", "three"] {
        session(db, anna, token, 0).await;
    }
    session(db, root, "root", 0).await;
    let kept = sessions.find(&TokenHash::of("two"), Timestamp(1)).await.expect("reads");
    let kept = kept.expect("there").0.id;
    assert_eq!(sessions.revoke_all(&actor(2), anna, Some(kept)).await.expect("ended"), 2);
    assert!(!open(db, "one", 1).await && open(db, "two", 1).await && open(db, "root", 1).await);
    for _ in 0..2 {
        let out = sessions.sign_out(&actor(3), &TokenHash::of("two")).await;
        out.expect("the second time there is nothing to do");
    }
    assert!(!open(db, "two", 1).await);
    let filter = AuditFilter { kind: Some("session".to_owned()), ..AuditFilter::default() };
    let told = db.records.audit().list(&filter, Page::first(9)).await.expect("reads");
    let told: Vec<&str> = told.iter().map(|one| one.action.as_str()).collect();
    assert_eq!(told, ["sign-out", "revoke", "revoke"]);
    session(db, anna, "four", 0).await;
    let named = UserDraft { name: "An".to_owned(), ..user("anna@example.net", Role::Klant) };
    users.update(&actor(4), anna, &named, None).await.expect("changed");
    assert!(open(db, "four", 1).await, "a name changes no rights");
    let manager = UserDraft { role: Role::Accountmanager, ..named };
    users.update(&actor(5), anna, &manager, None).await.expect("changed");
    assert!(!open(db, "four", 1).await);
}

async fn settings_are_kept_and_audited_without_secrets(db: &TestDatabase) {
    let settings = db.records.settings();
    let root = admin(db).await;
    assert_eq!(settings.get("theme").await.expect("reads"), None);
    for (value, expected) in [
        (json!({"dark": true}), Change::Created),
        (json!({"dark": true}), Change::Unchanged),
        (json!(null), Change::Updated),
    ] {
        let change = settings.set(&actor(2), "theme", &value).await.expect("set");
        assert_eq!(change, expected, "{value}");
        assert_eq!(settings.get("theme").await.expect("reads"), Some(value));
    }
    db.records.users().set_password(&actor(3), root, &hash("$argon2$x")).await.expect("changed");
    let entries = db.records.audit().list(&AuditFilter::default(), Page::first(99)).await;
    let entries = entries.expect("reads");
    let actions: Vec<_> = entries.iter().map(|one| &*one.action).collect();
    assert_eq!(actions, ["set-password", "set", "set", "create"]);
    assert!(!format!("{entries:?}").contains("argon2"));
}

on_both!(
    addresses_are_one_whatever_their_case,
    one_of_many_makes_the_first_administrator,
    a_first_password_ends_and_of_many_starts_one_makes_another,
    somebody_remains_administrator,
    sessions_end_idle_and_in_any_case,
    sessions_end_with_their_user_and_password,
    api_tokens_work_until_they_expire_or_are_revoked,
    attempts_are_found_by_whom_from_where_and_how,
    tries_are_counted_once_and_together_by_every_process,
    tokens_of_services_act_by_their_own_grant,
    ended_sessions_are_told_and_another_role_ends_them,
    settings_are_kept_and_audited_without_secrets,
);
