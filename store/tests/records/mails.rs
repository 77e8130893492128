//! Mails on their way.

use correlate::model::Timestamp;
use store::records::{MailDraft, MailKind, MailState, Page};

use crate::database::{TestDatabase, actor};

fn draft(recipient: &str, expires_at: i64) -> MailDraft {
    MailDraft {
        kind: MailKind::Invitation,
        recipient: recipient.to_owned(),
        copy_to: None,
        subject: "Welkom".to_owned(),
        text: "https://pad.example/secret-link".into(),
        html: "<a href='https://pad.example/secret-link'>x</a>".into(),
        expires_at: Timestamp(expires_at),
    }
}

async fn mails_are_due_in_their_order_until_they_end(db: &TestDatabase) {
    let mails = db.records.mails();
    let queue = async |to: &str, expires_at, now| {
        mails.queue(&draft(to, expires_at), Timestamp(now)).await.expect("queued")
    };
    let first = queue("a@example.net", 1_000, 10).await;
    let second = queue("b@example.net", 1_000, 20).await;
    let third = queue("c@example.net", 30, 20).await;
    assert!(mails.queue(&draft("", 1), Timestamp(0)).await.is_err(), "to nobody");

    let due = mails.due(Timestamp(10)).await.expect("read");
    assert_eq!(due.iter().map(|mail| mail.id).collect::<Vec<_>>(), [first]);
    mails.not_sent(first, Timestamp(20), "451 later", Some(Timestamp(50))).await.expect("noted");
    let due = mails.due(Timestamp(30)).await.expect("read");
    assert_eq!(due.iter().map(|mail| mail.id).collect::<Vec<_>>(), [second]);
    mails.not_sent(second, Timestamp(31), "550 no\u{0} such user", None).await.expect("noted");
    assert_eq!(mails.hurry(&actor(40)).await.expect("hurried"), 1);
    let due = mails.due(Timestamp(40)).await.expect("read");
    assert_eq!((due.len(), due[0].attempts), (1, 1));
    mails.sent(first, Timestamp(41)).await.expect("noted");

    let list = mails.list(None, Page::first(10)).await.expect("listed");
    let found: Vec<_> = list
        .iter()
        .map(|mail| (mail.id, mail.state, mail.attempts, mail.ended_at, mail.error.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (third, MailState::Expired, 0, Some(Timestamp(30)), ""),
            (second, MailState::Failed, 1, Some(Timestamp(31)), "550 no such user"),
            (first, MailState::Sent, 2, Some(Timestamp(41)), ""),
        ]
    );
    assert_eq!(mails.count(Some(MailState::Waiting)).await.expect("counted"), 0);
    assert_eq!(mails.forget(Timestamp(41)).await.expect("forgotten"), 2);
    assert_eq!(mails.count(None).await.expect("counted"), 1);
}

/// The table takes nothing but empty bodies.
async fn what_was_in_an_ended_mail_is_forgotten(db: &TestDatabase) {
    let mails = db.records.mails();
    for number in 0..3 {
        let id = mails.queue(&draft("a@example.net", 100), Timestamp(0)).await.expect("queued");
        match number {
            0 => mails.sent(id, Timestamp(1)).await.expect("noted"),
            1 => mails.not_sent(id, Timestamp(1), "no", None).await.expect("noted"),
            _ => drop(mails.due(Timestamp(100)).await.expect("read")),
        }
    }
    db.execute("CREATE TABLE bodies (body varchar(1) CHECK (body = ''))").await;
    db.execute("INSERT INTO bodies SELECT body_text FROM mails").await;
    db.execute("INSERT INTO bodies SELECT body_html FROM mails").await;
}

on_both!(mails_are_due_in_their_order_until_they_end, what_was_in_an_ended_mail_is_forgotten,);
