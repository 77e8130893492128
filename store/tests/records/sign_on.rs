//! Single sign-on: ways there and back, identities, and what follows from them.

use std::collections::BTreeSet;

use correlate::model::Timestamp;
use store::records::{
    CustomerDraft, Language, RecordsError, Role, SessionDraft, SignOnFlowDraft, SignOnGrant,
    SignOnIdentity, SignOnPurpose, SignedOn, Standing, TokenHash, User, UserDraft,
};

use crate::database::{TestDatabase, actor};

const ISSUER: &str = "https://login.example.net";

fn identity(subject: &str) -> SignOnIdentity {
    let text = str::to_owned;
    SignOnIdentity { issuer: text(ISSUER), subject: text(subject), label: text("anna there") }
}

fn grant(role: Role, customers: &[&str]) -> SignOnGrant {
    SignOnGrant { role, customers: customers.iter().map(ToString::to_string).collect() }
}

async fn sign_on(
    db: &TestDatabase,
    subject: &str,
    grant: &SignOnGrant,
    newcomer: Option<&str>,
) -> SignedOn {
    let draft = newcomer.map(|email| UserDraft::new(email, grant.role));
    let (users, identity) = (db.records.users(), identity(subject));
    let signed = users.sign_on(&identity, grant, draft.as_ref(), "192.0.2.1", Timestamp(9));
    signed.await.expect("the records answer")
}

async fn come_in(db: &TestDatabase, subject: &str, grant: &SignOnGrant, email: &str) -> User {
    match sign_on(db, subject, grant, Some(email)).await {
        SignedOn::In(user) => *user,
        other => panic!("{other:?}"),
    }
}

fn flow(state: &str, browser: &str, purpose: SignOnPurpose, at: i64) -> SignOnFlowDraft {
    SignOnFlowDraft {
        state: TokenHash::of(state),
        browser: TokenHash::of(browser),
        purpose,
        return_path: "/services".to_owned(),
        at: Timestamp(at),
        expires_at: Timestamp(at + 100),
        origin: "192.0.2.1".to_owned(),
    }
}

async fn a_way_back_is_taken_once_by_its_browser_and_in_time(db: &TestDatabase) {
    let user = come_in(db, "s-1", &grant(Role::Beheer, &[]), "a@example.net").await;
    let flows = db.records.sign_on_flows();
    let invitation = SignOnPurpose::Invitation(TokenHash::of("token"));
    for (state, purpose) in [
        ("in", SignOnPurpose::SignIn),
        ("again", SignOnPurpose::SignInAgain),
        ("link", SignOnPurpose::Link(user.id)),
        ("invited", invitation),
    ] {
        flows.begin(&flow(state, "mine", purpose, 1_000)).await.expect("begun");
        let take = async |state: &str, browser: &str, at: i64| {
            let (state, browser) = (TokenHash::of(state), TokenHash::of(browser));
            flows.take(&state, &browser, Timestamp(at)).await.expect("the records answer")
        };
        assert_eq!(take(state, "theirs", 1_001).await, None);
        assert_eq!(take("other", "mine", 1_001).await, None);
        assert_eq!(take(state, "mine", 1_100).await, None, "too late");
        let taken = take(state, "mine", 1_099).await.expect("in time");
        assert_eq!((taken.purpose, taken.return_path.as_str()), (purpose, "/services"));
        assert_eq!(taken.begun_at, Timestamp(1_000));
        assert_eq!(take(state, "mine", 1_099).await, None, "once");
    }
}

async fn of_many_who_take_the_way_back_one_does(db: &TestDatabase) {
    let flows = db.records.sign_on_flows();
    flows.begin(&flow("s", "b", SignOnPurpose::SignIn, 0)).await.expect("begun");
    let (state, browser) = (TokenHash::of("s"), TokenHash::of("b"));
    let takes = (0..8).map(|_| flows.take(&state, &browser, Timestamp(1)));
    let taken = futures::future::join_all(takes).await;
    let taken = taken.into_iter().filter(|taken| matches!(taken, Ok(Some(_)))).count();
    assert_eq!(taken, 1);
}

async fn an_identity_is_who_it_was(db: &TestDatabase) {
    let beheer = grant(Role::Beheer, &[]);
    assert_eq!(sign_on(db, "s-1", &beheer, None).await, SignedOn::Unknown);
    let user = come_in(db, "s-1", &beheer, "Anna@example.net").await;
    assert_eq!((user.email.as_str(), user.standing), ("anna@example.net", Standing::Active));
    let same = come_in(db, "s-1", &beheer, "other@example.net").await;
    assert_eq!((same.id, same.revision), (user.id, 1));
    let taken = sign_on(db, "s-2", &beheer, Some("anna@example.net")).await;
    assert_eq!(taken, SignedOn::AddressTaken);
    let users = db.records.users();
    let linked = users.identity(user.id, ISSUER).await.expect("reads").expect("connected");
    assert_eq!((linked.identity, linked.used_at), (identity("s-1"), Some(Timestamp(9))));
    assert!(!users.has_password(user.id).await.expect("reads"));
    let another = users.link(&actor(10), user.id, &identity("s-3"), None).await;
    assert!(matches!(another, Err(RecordsError::Exists { .. })), "{another:?}");
    let verified = db.records.audit().verify(None).await.expect("reads");
    verified.expect("the chain is whole");
}

async fn role_and_customers_follow_the_grant(db: &TestDatabase) {
    come_in(db, "s-0", &grant(Role::Beheer, &[]), "admin@example.net").await;
    let named = CustomerDraft { number: Some("1042".to_owned()), ..CustomerDraft::named("Ede") };
    let ede = db.records.customers().create(&actor(1), &named).await.expect("added");
    let klant = come_in(db, "s-1", &grant(Role::Klant, &["1042", "nobody"]), "k@example.net").await;
    assert_eq!((klant.role, klant.customers), (Role::Klant, BTreeSet::from([ede])));
    for customers in [&[][..], &["nobody"]] {
        let refused = sign_on(db, "s-1", &grant(Role::Klant, customers), None).await;
        assert_eq!(refused, SignedOn::NoCustomer);
    }
    let manager = come_in(db, "s-1", &grant(Role::Accountmanager, &[]), "-").await;
    assert_eq!((manager.role, manager.customers.len()), (Role::Accountmanager, 0));
    let beheer = come_in(db, "s-1", &grant(Role::Beheer, &["Ede"]), "-").await;
    assert_eq!((beheer.role, beheer.customers.len()), (Role::Beheer, 0));
}

async fn the_last_administrator_stays(db: &TestDatabase) {
    let user = come_in(db, "s-1", &grant(Role::Beheer, &[]), "a@example.net").await;
    let less = sign_on(db, "s-1", &grant(Role::Accountmanager, &[]), None).await;
    assert_eq!(less, SignedOn::LastAdministrator(Box::new(user)));
}

async fn who_is_closed_stays_out_and_can_be_let_in_without_a_password(db: &TestDatabase) {
    let users = db.records.users();
    come_in(db, "s-0", &grant(Role::Beheer, &[]), "admin@example.net").await;
    let user = come_in(db, "s-1", &grant(Role::Beheer, &[]), "a@example.net").await;
    for standing in [Standing::Inactive, Standing::Banned] {
        users.set_standing(&actor(20), user.id, standing).await.expect("closed");
        let refused = sign_on(db, "s-1", &grant(Role::Beheer, &[]), None).await;
        assert!(matches!(refused, SignedOn::Closed(_)), "{refused:?}");
    }
    users.set_standing(&actor(21), user.id, Standing::Active).await.expect("there is an identity");
}

async fn an_invitation_is_used_with_an_identity(db: &TestDatabase) {
    let users = db.records.users();
    come_in(db, "s-0", &grant(Role::Beheer, &[]), "admin@example.net").await;
    let token = TokenHash::of("invitation");
    let draft = UserDraft::new("new@example.net", Role::Accountmanager);
    let id = users.invite(&actor(1), &draft, &token, Timestamp(100)).await.expect("invited");
    let use_it = async |subject: &str, at: i64| {
        let (identity, grant) = (identity(subject), grant(Role::Beheer, &[]));
        let language = Language::En;
        let at = Timestamp(at);
        users.register_by_sign_on(&token, &identity, &grant, language, "192.0.2.1", at).await
    };
    let taken = use_it("s-0", 50).await;
    assert!(matches!(taken, Err(RecordsError::Exists { .. })), "{taken:?}");
    let late = use_it("s-1", 100).await;
    assert!(matches!(late, Err(RecordsError::NotFound { .. })), "{late:?}");
    let SignedOn::In(user) = use_it("s-1", 99).await.expect("in time") else { panic!("not in") };
    assert_eq!((user.id, user.role, user.language), (id, Role::Beheer, Language::En));
    assert!(use_it("s-2", 99).await.is_err(), "once");
}

async fn who_is_disconnected_without_a_password_is_out_and_invited(db: &TestDatabase) {
    let users = db.records.users();
    let only = come_in(db, "s-0", &grant(Role::Beheer, &[]), "admin@example.net").await;
    let last = users.unlink(&actor(1), only.id, ISSUER, None).await;
    assert!(matches!(last, Err(RecordsError::Invalid { .. })), "{last:?}");
    let user = come_in(db, "s-1", &grant(Role::Beheer, &[]), "a@example.net").await;
    let session = SessionDraft {
        token: TokenHash::of("session"),
        user: user.id,
        at: Timestamp(10),
        idle_timeout_ms: 1_000,
        absolute_timeout_ms: 1_000,
        user_agent: String::new(),
        address: String::new(),
    };
    db.records.sessions().create(&session).await.expect("a session");
    users.unlink(&actor(11), user.id, ISSUER, None).await.expect("disconnected");
    let found = db.records.sessions().find(&TokenHash::of("session"), Timestamp(12)).await;
    assert!(found.expect("reads").is_none());
    let user = users.by_email("a@example.net").await.expect("reads").expect("is there");
    assert_eq!(user.standing, Standing::Invited);
    let again = TokenHash::of("again");
    users.invite_again(&actor(13), user.id, &again, Timestamp(99)).await.expect("invited");
    assert_eq!(users.identity(user.id, ISSUER).await.expect("reads"), None);
    let gone = users.unlink(&actor(14), user.id, ISSUER, None).await;
    assert!(matches!(gone, Err(RecordsError::NotFound { .. })), "{gone:?}");
}

on_both!(
    a_way_back_is_taken_once_by_its_browser_and_in_time,
    of_many_who_take_the_way_back_one_does,
    an_identity_is_who_it_was,
    role_and_customers_follow_the_grant,
    the_last_administrator_stays,
    who_is_closed_stays_out_and_can_be_let_in_without_a_password,
    an_invitation_is_used_with_an_identity,
    who_is_disconnected_without_a_password_is_out_and_invited,
);
