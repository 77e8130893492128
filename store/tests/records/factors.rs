//! What people prove themselves with: what counts, and that it counts once.

use std::collections::BTreeSet;

use correlate::model::Timestamp;
use secrecy::{ExposeSecret, SecretSlice};
use store::records::{
    AuditFilter, Ceremony, CeremonyKind, Change, Factors, MailDraft, MailKind, Page, PasskeyDraft,
    Proof, Role, SessionDraft, Standing, TokenHash, TotpSeed, UserDraft, UserId,
};

use crate::database::{TestDatabase, actor};

async fn user(db: &TestDatabase, email: &str) -> UserId {
    let draft = UserDraft::new(email, Role::Beheer);
    db.records.users().create(&actor(1), &draft, &"h".into()).await.expect("a user")
}

fn seed(text: &str) -> SecretSlice<u8> {
    SecretSlice::from(text.as_bytes().to_vec())
}

fn hashes(texts: &[&str]) -> Vec<TokenHash> {
    texts.iter().map(|text| TokenHash::of(text)).collect()
}

fn passkey(name: &str) -> PasskeyDraft {
    PasskeyDraft {
        name: name.to_owned(),
        credential_id: format!("id of {name}"),
        credential: "{}".to_owned(),
    }
}

async fn waiting(db: &TestDatabase, user: UserId, now: i64) -> Option<TotpSeed> {
    db.records.factors().totp_setup(user, Timestamp(now)).await.expect("reads")
}

async fn set_up(db: &TestDatabase, user: UserId, text: &str, step: i64, codes: &[&str]) -> bool {
    let factors = db.records.factors();
    factors.begin_totp(user, &seed(text), Timestamp(100)).await.expect("begun");
    let seed = waiting(db, user, 50).await.expect("waits");
    let (actor, codes) = (actor(50), hashes(codes));
    let confirmed = factors.confirm_totp(&actor, user, &seed, step, &codes, None);
    confirmed.await.expect("confirmed")
}

async fn a_seed_counts_once_it_is_confirmed(db: &TestDatabase) {
    let (anna, factors) = (user(db, "anna@example.net").await, db.records.factors());
    factors.begin_totp(anna, &seed("first"), Timestamp(100)).await.expect("begun");
    assert!(!factors.has_second(anna).await.expect("reads"), "nothing is confirmed");
    assert!(waiting(db, anna, 100).await.is_none(), "it waits no longer");
    let old = waiting(db, anna, 99).await.expect("waits");
    factors.begin_totp(anna, &seed("second"), Timestamp(100)).await.expect("begun");
    let late = factors.confirm_totp(&actor(2), anna, &old, 7, &[], None).await;
    assert!(late.is_err(), "another seed was begun meanwhile");
    let new = waiting(db, anna, 99).await.expect("waits");
    assert_eq!(new.seed.expose_secret(), b"second");
    let is_given = factors.confirm_totp(&actor(2), anna, &new, 7, &hashes(&["a"]), None).await;
    assert!(is_given.expect("confirmed"));
    assert!(waiting(db, anna, 99).await.is_none(), "it waits no more");
    let kept = factors.totp(anna).await.expect("reads").expect("counts");
    assert_eq!(kept.seed.expose_secret(), b"second");
    let status = factors.status(anna).await.expect("reads");
    assert!(status.has_second() && status.codes_left == 1 && status.passkeys.is_empty());
}

async fn no_step_counts_twice_and_none_before_it(db: &TestDatabase) {
    let (anna, factors) = (user(db, "anna@example.net").await, db.records.factors());
    set_up(db, anna, "seed", 7, &[]).await;
    let kept = factors.totp(anna).await.expect("reads").expect("counts");
    for (step, expected) in [(7, false), (6, false), (8, true), (8, false), (10, true), (9, false)]
    {
        let taken = factors.use_totp(anna, &kept, step, Timestamp(step)).await.expect("writes");
        assert_eq!(taken, expected, "step {step}");
    }
    // On several processes at once, one of them takes it.
    let other = db.another().await;
    let tries = (0..6).map(|number| {
        let factors = if number % 2 == 0 { db.records.factors() } else { other.factors() };
        let kept = kept.clone();
        async move { factors.use_totp(anna, &kept, 20, Timestamp(20)).await.expect("writes") }
    });
    let taken = futures::future::join_all(tries).await;
    assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 1);
    // A replaced seed counts for nothing any more.
    set_up(db, anna, "another", 21, &[]).await;
    assert!(!factors.use_totp(anna, &kept, 30, Timestamp(30)).await.expect("writes"));
}

async fn recovery_codes_count_once_and_go_with_the_last_factor(db: &TestDatabase) {
    let (anna, bob) = (user(db, "anna@example.net").await, user(db, "bob@example.net").await);
    let factors = db.records.factors();
    let refused = factors.replace_codes(&actor(2), anna, &hashes(&["x"]), None).await;
    assert!(refused.is_err(), "there is nothing to recover");
    assert!(set_up(db, anna, "seed", 1, &["a", "b"]).await);
    let take = async |user, code| {
        factors.use_code(&actor(3), user, &TokenHash::of(code), None).await.expect("writes")
    };
    assert!(!take(bob, "a").await, "another's");
    assert!(take(anna, "a").await);
    assert!(!take(anna, "a").await, "used");
    assert!(!set_up(db, anna, "moved", 2, &["c"]).await, "some are left");
    factors.replace_codes(&actor(4), anna, &hashes(&["d", "e", "f"]), None).await.expect("new");
    assert!(!take(anna, "b").await, "replaced");
    assert_eq!(factors.status(anna).await.expect("reads").codes_left, 3);
    factors.add_passkey(&actor(5), anna, &passkey("key"), None).await.expect("added");
    factors.remove_totp(&actor(6), anna, None).await.expect("removed");
    assert_eq!(factors.status(anna).await.expect("reads").codes_left, 3, "for the passkey");
    let id = factors.passkeys(anna).await.expect("lists")[0].id;
    assert!(factors.remove_passkey(&actor(7), bob, id, None).await.is_err(), "another's");
    factors.remove_passkey(&actor(7), anna, id, None).await.expect("removed");
    assert_eq!(factors.status(anna).await.expect("reads").codes_left, 0);
    assert!(!take(anna, "d").await);
}

async fn a_passkey_belongs_to_one_and_its_counter_never_goes_back(db: &TestDatabase) {
    let (anna, bob) = (user(db, "anna@example.net").await, user(db, "bob@example.net").await);
    let factors = db.records.factors();
    factors.add_passkey(&actor(2), anna, &passkey("key"), None).await.expect("added");
    let taken = factors.add_passkey(&actor(2), bob, &passkey("key"), None).await;
    assert_eq!(taken.expect_err("another's").to_string(), "passkey key already exists");
    let unnamed = PasskeyDraft { name: " ".to_owned(), ..passkey("other") };
    assert!(factors.add_passkey(&actor(2), bob, &unnamed, None).await.is_err());
    let found = factors.passkey_of("id of key").await.expect("reads").expect("there");
    assert_eq!((found.user, &*found.name, found.last_used_at), (anna, "key", None));
    assert!(factors.passkey_of("id of none").await.expect("reads").is_none());
    for (counter, expected) in [(0, true), (0, true), (5, true), (5, false), (4, false), (0, false)]
    {
        let used = factors.use_passkey(found.id, "{}", counter, Timestamp(9)).await;
        assert_eq!(used.expect("writes"), expected, "counter {counter}");
    }
    for number in 1..Factors::PASSKEYS_MAX {
        let draft = passkey(&number.to_string());
        factors.add_passkey(&actor(3), anna, &draft, None).await.expect("room");
    }
    assert!(factors.add_passkey(&actor(3), anna, &passkey("more"), None).await.is_err());
}

async fn a_ceremony_is_answered_once_in_time_and_for_what_it_was(db: &TestDatabase) {
    let factors = db.records.factors();
    let begun = Ceremony {
        kind: CeremonyKind::SignIn,
        user: None,
        state: "{}".to_owned(),
        expires_at: Timestamp(100),
        origin: "192.0.2.1".to_owned(),
    };
    let token = TokenHash::of("token");
    let take = async |kind, now| {
        factors.take_ceremony(&token, kind, Timestamp(now)).await.expect("writes")
    };
    factors.begin_ceremony(&token, &begun, Timestamp(0)).await.expect("begun");
    assert_eq!(take(CeremonyKind::Registration, 1).await, None);
    assert_eq!(take(CeremonyKind::SignIn, 100).await, None, "too late");
    assert_eq!(take(CeremonyKind::SignIn, 99).await, Some(begun.clone()));
    assert_eq!(take(CeremonyKind::SignIn, 99).await, None, "answered");
    factors.begin_ceremony(&token, &begun, Timestamp(0)).await.expect("begun");
    assert_eq!(factors.prune(Timestamp(100)).await.expect("pruned"), 1);
}

async fn a_half_sign_in_ends_by_itself_by_failing_and_with_its_user(db: &TestDatabase) {
    let (anna, _) = (user(db, "anna@example.net").await, user(db, "root@example.net").await);
    let factors = db.records.factors();
    let half = async |token: &str, now| {
        let found = factors.half(&TokenHash::of(token), Timestamp(now)).await.expect("reads");
        found.map(|half| half.user.id)
    };
    let begin = async |token: &str| {
        let begun = factors.begin_half(&TokenHash::of(token), anna, false, Timestamp(100)).await;
        begun.expect("begun");
    };
    begin("one").await;
    assert_eq!(half("one", 99).await, Some(anna));
    assert_eq!(half("one", 100).await, None, "too late");
    let session = db.records.sessions().find(&TokenHash::of("one"), Timestamp(1)).await;
    assert!(session.expect("reads").is_none(), "it is no session");
    for _ in 0..Factors::HALF_FAILURES_MAX {
        assert_eq!(half("one", 1).await, Some(anna));
        factors.half_failed(&TokenHash::of("one")).await.expect("counted");
    }
    assert_eq!(half("one", 1).await, None, "too many wrong codes");
    begin("two").await;
    assert!(factors.end_half(&TokenHash::of("two")).await.expect("ended"));
    assert!(!factors.end_half(&TokenHash::of("two")).await.expect("ended before"));
    begin("three").await;
    db.records.users().set_password(&actor(5), anna, &"h2".into()).await.expect("changed");
    assert_eq!(half("three", 1).await, None, "the password has changed");
    begin("four").await;
    let banned = db.records.users().set_standing(&actor(6), anna, Standing::Banned).await;
    banned.expect("banned");
    assert_eq!(half("four", 1).await, None, "banned");
}

async fn a_reset_takes_everything_and_is_recorded(db: &TestDatabase) {
    let (anna, factors) = (user(db, "anna@example.net").await, db.records.factors());
    set_up(db, anna, "seed", 1, &["a"]).await;
    factors.add_passkey(&actor(2), anna, &passkey("key"), None).await.expect("added");
    let draft = SessionDraft {
        token: TokenHash::of("session"),
        user: anna,
        at: Timestamp(0),
        idle_timeout_ms: 1_000,
        absolute_timeout_ms: 1_000,
        user_agent: String::new(),
        address: String::new(),
    };
    db.records.sessions().begin(&draft, Proof::Passkey).await.expect("begun");
    let letter = MailDraft {
        kind: MailKind::FactorsChanged,
        recipient: "anna@example.net".to_owned(),
        copy_to: None,
        subject: "s".to_owned(),
        text: "t".into(),
        html: "h".into(),
        expires_at: Timestamp(1_000),
    };
    factors.reset(&actor(3), anna, Some(&letter)).await.expect("reset");
    let status = factors.status(anna).await.expect("reads");
    assert!(!status.has_second() && status.codes_left == 0);
    let session = db.records.sessions().find(&TokenHash::of("session"), Timestamp(1)).await;
    assert!(session.expect("reads").is_none());
    let mails = db.records.mails().list(None, Page::first(9)).await.expect("lists");
    assert_eq!(mails.iter().map(|mail| mail.kind).collect::<Vec<_>>(), [MailKind::FactorsChanged]);
    let entries = db.records.audit().list(&AuditFilter::default(), Page::first(9)).await;
    let entries = entries.expect("lists");
    let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["reset-factors", "add-passkey", "set-up-totp", "create"]);
    let all = format!("{entries:?}");
    assert!(!all.contains("seed") && !all.contains("id of key"), "{all}");
}

async fn a_session_is_confirmed_under_another_token(db: &TestDatabase) {
    let (anna, sessions) = (user(db, "anna@example.net").await, db.records.sessions());
    let (old, new) = (TokenHash::of("old"), TokenHash::of("new"));
    let draft = SessionDraft {
        token: old,
        user: anna,
        at: Timestamp(0),
        idle_timeout_ms: 1_000,
        absolute_timeout_ms: 1_000,
        user_agent: String::new(),
        address: String::new(),
    };
    sessions.begin(&draft, Proof::SecondFactor).await.expect("begun");
    assert!(sessions.confirm(&old, &new, Timestamp(10)).await.expect("confirmed"));
    assert!(sessions.find(&old, Timestamp(11)).await.expect("reads").is_none());
    let (session, _) = sessions.find(&new, Timestamp(11)).await.expect("reads").expect("there");
    assert_eq!((session.confirmed_at, session.created_at), (Timestamp(10), Timestamp(0)));
    assert_eq!(session.proof, Proof::SecondFactor);
    assert!(!sessions.confirm(&old, &new, Timestamp(12)).await.expect("nothing"));
}

async fn the_roles_that_need_a_factor_are_a_setting(db: &TestDatabase) {
    let factors = db.records.factors();
    assert_eq!(factors.required_roles().await.expect("reads"), None, "nobody has said");
    let roles = BTreeSet::from([Role::Beheer, Role::Klant]);
    let change = factors.require_of(&actor(1), &roles).await.expect("set");
    assert_eq!(change, Change::Created);
    assert_eq!(factors.required_roles().await.expect("reads"), Some(roles.clone()));
    assert_eq!(factors.require_of(&actor(2), &roles).await.expect("set"), Change::Unchanged);
}

on_both!(
    a_seed_counts_once_it_is_confirmed,
    no_step_counts_twice_and_none_before_it,
    recovery_codes_count_once_and_go_with_the_last_factor,
    a_passkey_belongs_to_one_and_its_counter_never_goes_back,
    a_ceremony_is_answered_once_in_time_and_for_what_it_was,
    a_half_sign_in_ends_by_itself_by_failing_and_with_its_user,
    a_reset_takes_everything_and_is_recorded,
    a_seed_lies_sealed_and_opens_for_its_owner_alone,
    a_session_is_confirmed_under_another_token,
    the_roles_that_need_a_factor_are_a_setting,
);

async fn a_seed_lies_sealed_and_opens_for_its_owner_alone(db: &TestDatabase) {
    let (anna, bob) = (user(db, "anna@example.net").await, user(db, "bob@example.net").await);
    let factors = db.records.factors();
    set_up(db, anna, "seed of Anna", 1, &[]).await;
    set_up(db, bob, "seed of Bob", 1, &[]).await;
    let verified = db.records.secrets().verify().await.expect("reads");
    assert!(verified.is_well(), "{verified:?}");
    let sealed = verified.found.iter().find(|found| found.what == "totp_factors.sealed");
    assert_eq!(sealed.expect("is looked after").count, 2);
    // Whoever can write the database puts their own seed in Anna's place.
    db.execute(&format!(
        "UPDATE totp_factors SET sealed = (SELECT of_bob.sealed FROM totp_factors AS of_bob \
         WHERE of_bob.user_id = '{bob}') WHERE user_id = '{anna}'"
    ))
    .await;
    let error = factors.totp(anna).await.expect_err("not hers").to_string();
    assert!(error.contains("seed of one-time codes"), "{error}");
    assert!(factors.totp(bob).await.expect("opens").is_some());
}
