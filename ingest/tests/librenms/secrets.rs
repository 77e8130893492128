//! No secret leaves this crate: not in a value, not in an error, not in a log.

use std::io::Write;
use std::sync::{Arc, Mutex};

use ingest::source::{Age, Source};
use tracing_subscriber::fmt::MakeWriter;

use crate::fake::{self, Answer, Fake, TOKEN};

/// Collects what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;

    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

#[tokio::test]
async fn nothing_shows_a_secret() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    // For the whole process: what the other tests log is looked through as well.
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let fake = Fake::healthy().await;
    let (source, _) = fake.source();
    let mut shown = format!("{:?}", source.poll().await);
    shown += &format!("{:?}", source.inventory(Age::Usual).await.unwrap());
    shown += &format!("{:?}", source.check().await);
    // Errors whose bodies hold secrets.
    let whole = fake::fixture("devices_list_mixed_26_7.json");
    let sql = r#"{"message":"SQLSTATE: select * where community = 'EXAMPLE-ro'"}"#;
    for answer in [
        Answer::json(200, &whole[..whole.len() / 2]),
        Answer::json(500, whole.clone()),
        Answer::json(500, sql),
        Answer::json(400, sql),
        Answer::json(200, r#"{"status":"ok","devices":["EXAMPLE-ro"]}"#),
        Answer::json(200, r#"{"status":"ok","devices":[{"EXAMPLE-ro":}]}"#),
        Answer::new(200, "EXAMPLE-ro", "EXAMPLE-ro"),
    ] {
        fake.on("devices", [answer]);
        shown += &format!("{:?}", source.poll().await);
        shown += &format!("{:?}", source.inventory(Age::Usual).await);
    }
    shown += &format!("{:?}", fake.settings());

    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("called the NMS"), "the log is caught");
    for secret in [TOKEN, "EXAMPLE-ro", "EXAMPLE-user", "EXAMPLE-pass"] {
        assert!(!shown.contains(secret), "{secret} in a value");
        assert!(!logged.contains(secret), "{secret} in the log");
    }
}
