//! The configuration against a made-up machine: every form of error, the order
//! of the layers, and that the annotated file tells the truth.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;
use store::records::Role;

use super::*;

const ANNOTATED: &str = include_str!("../../deploy/padwacht.toml");
const TOKEN_FILE: &str = "/etc/padwacht/librenms-token";

/// A machine with a home, four cores, and only the files a test gives it.
#[derive(Default)]
struct Fake {
    variables: BTreeMap<String, String>,
    files: BTreeMap<PathBuf, String>,
}

impl Fake {
    fn with_file(mut self, path: &str, text: &str) -> Fake {
        self.files.insert(PathBuf::from(path), text.to_owned());
        self
    }

    fn with_variable(mut self, name: &str, value: &str) -> Fake {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    fn load(self) -> Result<Loaded, ConfigError> {
        self.load_with(&[])
    }

    fn load_with(self, overrides: &[Override]) -> Result<Loaded, ConfigError> {
        load(&self.with_variable("HOME", "/home/noc"), None, overrides)
    }
}

impl World for Fake {
    fn variables(&self) -> BTreeMap<String, String> {
        self.variables.clone()
    }

    fn read_file(&self, path: &Path) -> io::Result<String> {
        self.files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn cores(&self) -> usize {
        4
    }
}

fn file(text: &str) -> Fake {
    Fake::default().with_file("padwacht.toml", text)
}

/// The errors that a file gives, one a line.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    check_machine(file(text), expected);
}

#[track_caller]
fn check_machine(machine: Fake, expected: &[&str]) {
    let error = machine.load().expect_err("an error");
    let found: Vec<String> = error.problems.iter().map(ToString::to_string).collect();
    assert_eq!(found, expected);
}

#[test]
fn nothing_at_all_is_a_whole_configuration() {
    let config = Fake::default().load().unwrap().config;
    assert_eq!(config.general.data_dir, Path::new("/home/noc/.local/share/padwacht"));
    assert_eq!(config.correlate.workers, 4);
    assert!(config.nms.is_empty() && config.mail.is_none());
    assert_eq!(
        config.database.url.expose_secret(),
        "sqlite:///home/noc/.local/share/padwacht/records.db"
    );
    assert!(matches!(config.log.place, LogPlace::Embedded { .. }));
    assert!(matches!(config.clickhouse, ClickHouseConfig::Embedded(_)));
}

#[test]
fn data_goes_where_xdg_says() {
    let machine = Fake::default().with_variable("XDG_DATA_HOME", "/data");
    assert_eq!(machine.load().unwrap().config.general.data_dir, Path::new("/data/padwacht"));
    let error = load(&Fake::default(), None, &[]).expect_err("no home");
    assert!(error.to_string().contains("configuration: general.data_dir is missing"), "{error}");
}

#[test]
fn two_variables_are_the_simplest_way_in() {
    let config = Fake::default()
        .with_variable("LIBRENMS_API_URL", "https://nms.example.net/librenms/api/v0/")
        .with_file(".env", "# mine\nexport LIBRENMS_API_TOKEN='s3cret'\n")
        .load()
        .unwrap()
        .config;
    let [account] = config.nms.as_slice() else { panic!("one account") };
    assert_eq!(account.name, "librenms");
    assert_eq!(account.url.as_str(), "https://nms.example.net/librenms");
    assert_eq!(account.token.expose_secret(), "s3cret");
}

#[test]
fn half_of_the_simplest_way_in_names_the_other_half() {
    check_machine(
        Fake::default().with_file(".env", "\nLIBRENMS_API_TOKEN=s3cret\n"),
        &[
            ".env:2 (LIBRENMS_API_TOKEN): LIBRENMS_API_URL is missing; it must be a URL that starts \
           with https:// or http://, such as \"https://librenms.example.net\"",
        ],
    );
    check_machine(
        Fake::default().with_variable("LIBRENMS_API_URL", "https://h"),
        &["environment variable LIBRENMS_API_URL: LIBRENMS_API_TOKEN is missing; it must be the \
           API token"],
    );
}

#[test]
fn the_stronger_layer_wins() {
    let machine = || file("correlate.stale_after = \"1m\"\napi.listen = \"127.0.0.1:1\"");
    let dot_env = "PADWACHT__CORRELATE__STALE_AFTER=2m\nPADWACHT__CORRELATE__WORKERS=2\n";
    let stale_after = |machine: Fake| {
        let setting = |setting: &Setting| setting.key == "correlate.stale_after";
        let loaded = machine.load().unwrap();
        let found = loaded.settings.into_iter().find(setting).unwrap();
        format!("{} {}", found.value, found.origin)
    };
    assert_eq!(stale_after(Fake::default()), "\"15m\" default");
    assert_eq!(stale_after(machine()), "\"1m\" padwacht.toml:1");
    let machine = || machine().with_file(".env", dot_env);
    assert_eq!(stale_after(machine()), "\"2m\" .env:1 (PADWACHT__CORRELATE__STALE_AFTER)");
    let machine = || machine().with_variable("PADWACHT__CORRELATE__STALE_AFTER", "3m");
    assert_eq!(
        stale_after(machine()),
        "\"3m\" environment variable PADWACHT__CORRELATE__STALE_AFTER"
    );
    let flag = Override { flag: "--listen", key: "api.listen", value: "127.0.0.1:2".into() };
    assert_eq!(machine().load_with(&[flag]).unwrap().config.api.listen.port(), 2);
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let machine = Fake::default()
        .with_variable("PADWACHT__API__LISTEN", "")
        .with_variable("LIBRENMS_API_URL", "");
    assert_eq!(machine.load().unwrap().config.api.listen.port(), 8080);
}

#[test]
fn variables_make_and_change_accounts() {
    let config = file("[[nms]]\nname = \"a\"\nurl = \"https://a\"\ntoken = \"t\"")
        .with_variable("PADWACHT__NMS__0__POLL_INTERVAL", "30s")
        .with_variable("PADWACHT__NMS__1__NAME", "b")
        .with_variable("PADWACHT__NMS__1__URL", "https://b")
        .with_variable("PADWACHT__NMS__1__TOKEN", "t")
        .load()
        .unwrap()
        .config;
    let found: Vec<_> =
        config.nms.iter().map(|a| (a.name.as_str(), a.polling.poll_interval)).collect();
    assert_eq!(found, [("a", Some(std::time::Duration::from_secs(30))), ("b", None)]);
    check_machine(
        Fake::default().with_variable("PADWACHT__NMS__3__NAME", "b"),
        &["environment variable PADWACHT__NMS__3__NAME: 3 leaves a gap: there are 0 before it"],
    );
}

#[test]
fn every_choice_of_the_policy_is_made_for_all_or_for_one_account() {
    use ::correlate::model::ComponentState::{Down, Up};
    use ingest::librenms::{Deleted, FrozenPorts, Policy, SetAside};
    let by_default = Policy::default();
    for (setting, expected) in [
        ("management_lost = \"down\"", Policy { management_lost: Down, ..by_default }),
        ("snmp_without_ping = \"down\"", Policy { snmp_without_ping: Down, ..by_default }),
        ("disabled = \"down\"", Policy { disabled: Down, ..by_default }),
        ("never_polled = \"down\"", Policy { never_polled: Down, ..by_default }),
        ("ignored = \"unknown\"", Policy { ignored: SetAside::Unknown, ..by_default }),
        (
            "status_ignored = \"unknown\"",
            Policy { status_ignored: SetAside::Unknown, ..by_default },
        ),
        ("deleted = \"stale\"", Policy { deleted: Deleted::Stale, ..by_default }),
        ("admin_down = \"down\"", Policy { admin_down: Down, ..by_default }),
        (
            "frozen_ports = \"as_device\"",
            Policy { frozen_ports: FrozenPorts::AsDevice, ..by_default },
        ),
        ("dormant = \"up\"", Policy { dormant: Up, ..by_default }),
        ("testing = \"up\"", Policy { testing: Up, ..by_default }),
        ("not_present = \"up\"", Policy { not_present: Up, ..by_default }),
        ("check_warning = \"down\"", Policy { check_warning: Down, ..by_default }),
        ("fresh_for = \"1h\"", Policy { fresh_for_ms: 3_600_000, ..by_default }),
    ] {
        assert_ne!(expected, by_default, "{setting}");
        let account = |name: &str, own: &str| {
            format!("[[nms]]\nname = \"{name}\"\nurl = \"https://{name}\"\ntoken = \"t\"\n{own}\n")
        };
        let policies = |text: String| {
            let nms = file(&text).load().unwrap().config.nms;
            nms.iter().map(|account| account.polling.policy).collect::<Vec<_>>()
        };
        let one = account("a", setting) + &account("b", "");
        assert_eq!(policies(one), [expected, by_default], "{setting}");
        let all = format!("[ingest]\n{setting}\n") + &account("a", "") + &account("b", "");
        assert_eq!(policies(all), [expected, expected], "{setting}");
        // An account may take back what is said for all.
        let (key, _) = setting.split_once(' ').unwrap();
        let unset = match key {
            "fresh_for" => "fresh_for = \"15m\"".to_owned(),
            "management_lost" | "check_warning" => format!("{key} = \"up\""),
            "ignored" | "status_ignored" => format!("{key} = \"real\""),
            "dormant" | "testing" | "not_present" => format!("{key} = \"down\""),
            _ => format!("{key} = \"unknown\""),
        };
        let back = format!("[ingest]\n{setting}\n") + &account("a", &unset) + &account("b", "");
        assert_eq!(policies(back), [by_default, expected], "{setting}");
    }
}

#[test]
fn what_is_found_out_about_an_nms_can_be_set_for_an_account() {
    let text = "[[nms]]\nname = \"a\"\nurl = \"https://a\"\ntoken = \"t\"\n";
    let set = "nms_interval = \"10m\"\nversion = \"1.70.1-2-gabc\"\nevent_log = \"off\"\n";
    let nms = file(&format!("{text}{set}")).load().unwrap().config.nms;
    let settings = crate::parts::librenms(&nms[0]).unwrap();
    assert_eq!(settings.nms_interval, Some(std::time::Duration::from_secs(600)));
    assert_eq!(
        (settings.version.as_deref(), settings.event_log),
        (Some("1.70.1-2-gabc"), Some(false))
    );
    let nms = file(text).load().unwrap().config.nms;
    let settings = crate::parts::librenms(&nms[0]).unwrap();
    assert_eq!((settings.nms_interval, settings.version, settings.event_log), (None, None, None));
    check(
        &format!("{text}version = \"newest\"\nevent_log = \"maybe\"\n"),
        &[
            "padwacht.toml:5: nms[0].version must be a version that begins with two numbers, such \
             as \"26.7.0\"; found \"newest\"",
            "padwacht.toml:6: nms[0].event_log must be one of \"on\", \"off\"; found \"maybe\"",
        ],
    );
}

#[test]
fn all_errors_are_listed_at_once_with_file_and_line() {
    check(
        "[correlate]\nstale_after = \"15 minutes\"\nworkers = 0\n\n[api]\nlisten = \"localhost\"\n",
        &[
            "padwacht.toml:2: correlate.stale_after must be a duration from 10s to 7d, such as \
             \"90s\", \"15m\" or \"1h30m\"; found \"15 minutes\"",
            "padwacht.toml:3: correlate.workers must be a whole number from 1 to 256; found 0",
            "padwacht.toml:6: api.listen must be an IP address and a port, such as \
             \"127.0.0.1:8080\" or \"[::]:8080\"; found \"localhost\"",
        ],
    );
}

#[test]
fn an_error_of_the_environment_names_the_variable() {
    check_machine(
        Fake::default().with_variable("PADWACHT__GENERAL__LANGUAGE", "fr"),
        &["environment variable PADWACHT__GENERAL__LANGUAGE: general.language must be one of \
           \"nl\", \"en\"; found \"fr\""],
    );
}

#[test]
fn unknown_keys_are_errors_with_a_suggestion() {
    check(
        "stale_after = \"1m\"\n[correlate]\nstale_afer = \"1m\"\nlisten = \"[::]:1\"\n[corelate]\nx = 1\n[[nms]]\nname = \"a\"\nurl = \"https://a\"\ntoken = \"t\"\ntokn = \"t\"\n[zzz]\n",
        &[
            "padwacht.toml:1: stale_after is no setting; did you mean correlate.stale_after?",
            "padwacht.toml:3: correlate.stale_afer is no setting; did you mean \
             correlate.stale_after?",
            "padwacht.toml:4: correlate.listen is no setting; did you mean api.listen?",
            "padwacht.toml:5: corelate is no setting; did you mean correlate?",
            "padwacht.toml:11: nms[0].tokn is no setting; did you mean nms[].token?",
            "padwacht.toml:12: zzz is no setting; see the annotated padwacht.toml for all of them",
        ],
    );
    check_machine(
        Fake::default().with_variable("PADWACHT__API__LISTN", "x"),
        &["environment variable PADWACHT__API__LISTN: api.listn is no setting; did you mean \
           api.listen?"],
    );
}

#[test]
fn what_is_not_toml_is_named_without_quoting_it() {
    let error = file("[database]\npassword = \"hunter2\n").load().expect_err("an error");
    let text = error.to_string();
    assert!(text.contains("padwacht.toml:2: this is not TOML: "), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_bad_line_of_dot_env_is_named_without_quoting_it() {
    check_machine(
        Fake::default().with_file(".env", "A=1\nhunter2 hunter2\n"),
        &[".env:2: this is not NAME=value; quote values with blanks"],
    );
}

#[test]
fn a_section_in_another_form_is_an_error() {
    check(
        "correlate = 5\n[nms]\nname = \"a\"\n",
        &[
            "padwacht.toml:1: correlate must be a section, written [correlate]; found 5",
            "padwacht.toml:2: nms must be a list of sections, each written [[nms]]; found a \
             section",
        ],
    );
}

#[test]
fn an_account_says_all_that_it_misses() {
    check(
        "[[nms]]\nkind = \"zabbix\"\n",
        &[
            "padwacht.toml:1: nms[0].name is missing; it must be a name of 1 to 64 letters, digits, \
             dots, dashes or underscores, such as \"ams1\"",
            "padwacht.toml:1: nms[0].url is missing; it must be a URL that starts with https:// \
             or http://, such as \"https://librenms.example.net\"",
            "padwacht.toml:1: nms[0].token is missing; it must be the API token (or token_file \
             or token_env, where it stands)",
            "padwacht.toml:2: nms[0].kind must be \"librenms\"; found \"zabbix\"",
        ],
    );
    check(
        "[[nms]]\nname = \"a\"\nurl = \"https://a\"\ntoken = \"t\"\n[[nms]]\nname = \"a\"\nurl = \"https://b\"\ntoken = \"t\"\n",
        &["padwacht.toml:6: nms[1].name \"a\" is used twice"],
    );
}

#[test]
fn secrets_come_from_files_and_variables_too() {
    let nms = |token: &str| format!("[[nms]]\nname = \"a\"\nurl = \"https://a\"\n{token}\n");
    let token = |machine: Fake| machine.load().unwrap().config.nms[0].token.clone();
    let machine = file(&nms("token_file = \"t\"")).with_file("t", "s3cret\n");
    assert_eq!(token(machine).expose_secret(), "s3cret");
    let machine = file(&nms("token_env = \"T\"")).with_variable("T", "s3cret");
    assert_eq!(token(machine).expose_secret(), "s3cret");
    let machine = file(&nms("token_env = \"T\"")).with_file(".env", "T=s3cret");
    assert_eq!(token(machine).expose_secret(), "s3cret");

    check(
        &nms("token_file = \"t\""),
        &["padwacht.toml:4: nms[0].token_file must be the path of a readable file that holds the \
           secret; found \"t\", which cannot be read: entity not found"],
    );
    check(
        &nms("token_env = \"T\""),
        &["padwacht.toml:4: nms[0].token_env must be the name of an environment variable that \
           holds the secret; found \"T\", which is not set"],
    );
    check(
        &nms("token = \"t\"\ntoken_env = \"T\""),
        &["padwacht.toml:4: nms[0].token and nms[0].token_env are both set; keep one of them"],
    );
    check(
        &nms("token = 1234"),
        &["padwacht.toml:4: nms[0].token must be text that is not empty; found something else \
           (hidden)"],
    );
}

#[test]
fn no_secret_is_ever_shown() {
    let text = "network.in_clear = \"private\"\n[database]\nurl = \"postgres://p:hunter2@db/p\"\n[kafka]\nbrokers = \"k:9092\"\n\
                [kafka.properties]\n\"sasl.password\" = \"hunter2\"\n[clickhouse]\n\
                url = \"http://c:8123\"\npassword = \"hunter2\"\n[api]\n\
                admin_password = \"hunter2\"\n[mail]\nurl = \"smtps://m\"\nfrom = \"a@b.nl\"\n\
                user = \"u\"\npassword = \"hunter2\"\n[[nms]]\nname = \"a\"\n\
                url = \"https://a\"\ntoken = \"hunter2\"\n";
    let loaded = file(text).load().unwrap();
    assert!(!format!("{loaded:?}").contains("hunter2"), "{loaded:?}");
}

#[test]
fn processes_of_a_cluster_fit_together() {
    check(
        "[correlate]\nprocesses = [\"localhost:1\", \"localhost:1\"]\nprocess = 2\nprocess_listen = \"[::]:1\"\n",
        &[
            "padwacht.toml:2: correlate.processes names one address twice",
            "padwacht.toml:3: correlate.process is 2, but correlate.processes has 2 entries, which \
             count from 0",
            "padwacht.toml:4: correlate.process_listen lets every network in; set \
             correlate.secret too, or listen on one address",
        ],
    );
    let loaded =
        file("[correlate]\nprocesses = [\"127.0.0.1:1\", \"127.0.0.1:2\"]\nsecret = \"s3cret\"\n")
            .with_variable("PADWACHT__CORRELATE__PROCESS", "1")
            .load()
            .unwrap();
    let cluster = loaded.config.cluster.unwrap();
    assert_eq!((cluster.process, cluster.leads()), (1, false));
    let alone = file("[correlate]\nprocesses = [\"a:1\"]\n").load().unwrap();
    assert!(alone.config.cluster.is_none(), "one process is no cluster");
}

#[test]
fn processes_on_several_machines_need_a_network_that_is_said_to_be_closed() {
    let several = |network: &str, processes: &str| {
        format!("{network}[correlate]\nprocesses = {processes}\nsecret = \"s\"\n")
    };
    let lan = "[\"10.0.0.1:1\", \"b:1\"]";
    check(
        &several("", lan),
        &["padwacht.toml:2: correlate.processes speaks with 10.0.0.1 without encryption that \
             checks whom it speaks with: processes cannot encrypt what they send each other, so \
             keep them on one machine; or, if the network between is closed to others or encrypted \
             itself (a VPN, containers of one machine), say so by network.in_clear = \"private\""],
    );
    let network = |word: &str| format!("[network]\nin_clear = \"{word}\"\n");
    let told = file(&several(&network("private"), lan)).load().unwrap();
    assert_eq!(told.config.cluster.unwrap().in_clear, InClear::Private);
    let public = "[\"10.0.0.1:1\", \"[2001:db8::2]:1\"]";
    check(
        &several(&network("private"), public),
        &[
            "padwacht.toml:4: correlate.processes speaks with [2001:db8::2] without encryption that \
             checks whom it speaks with: processes cannot encrypt what they send each other, so \
             keep them on one machine; or, if all of the way there is encrypted by something else, \
             say so by network.in_clear = \"any\"",
        ],
    );
    file(&several(&network("any"), public)).load().unwrap();
    let here = "[\"127.0.0.1:1\", \"localhost:2\"]";
    let here = file(&several("", here)).load().unwrap();
    assert_eq!(here.config.cluster.unwrap().in_clear, InClear::ThisMachine);
}

/// Which settings of a file are refused, as they speak in clear where they may not.
#[track_caller]
fn in_clear(settings: &str) -> Vec<String> {
    let Err(error) = file(settings).load() else { return Vec::new() };
    let found = error.problems.iter().map(ToString::to_string);
    found
        .map(|line| {
            let (key, _) = line.split_once(" speaks with ").unwrap_or_else(|| panic!("{line}"));
            key.split(' ').next_back().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn what_leaves_this_machine_is_encrypted_unless_the_network_is_said_to_be_closed() {
    let kafka = |properties: &str| {
        format!("kafka.brokers = \"127.0.0.1:1,k:9092\"\n[kafka.properties]\n{properties}")
    };
    let nms = |url: &str| format!("[[nms]]\nname = \"a\"\nurl = \"{url}\"\ntoken = \"t\"\n");
    let ssl = "\"security.protocol\" = \"SASL_SSL\"\n";
    let unchecked =
        "\"security.protocol\" = \"ssl\"\n\"enable.ssl.certificate.verification\" = false\n";
    for (settings, refused) in [
        ("clickhouse.url = \"http://c:8123\"\n".to_owned(), "clickhouse.url"),
        ("clickhouse.url = \"http://10.0.0.1:8123\"\n".to_owned(), "clickhouse.url"),
        ("clickhouse.url = \"http://127.0.0.1:8123\"\n".to_owned(), ""),
        ("clickhouse.url = \"https://c:8443\"\n".to_owned(), ""),
        ("database.url = \"postgres://p@db/p\"\n".to_owned(), "database.url"),
        ("database.url = \"postgres://p@db/p?sslmode=prefer\"\n".to_owned(), "database.url"),
        ("database.url = \"postgres://p@db/p?sslmode=require\"\n".to_owned(), "database.url"),
        ("database.url = \"postgres://p@db/p?sslmode=verify-full\"\n".to_owned(), ""),
        ("database.url = \"postgres://p@localhost/p?host=db\"\n".to_owned(), "database.url"),
        ("database.url = \"postgres://p@[::1]/p\"\n".to_owned(), ""),
        ("database.url = \"postgres://p@localhost/p\"\n".to_owned(), ""),
        ("database.url = \"postgres://p@%2Frun%2Fpostgresql/p\"\n".to_owned(), ""),
        ("database.url = \"sqlite:///records.db\"\n".to_owned(), ""),
        (kafka(""), "kafka.brokers"),
        (kafka("\"security.protocol\" = \"sasl_plaintext\"\n"), "kafka.brokers"),
        (kafka(unchecked), "kafka.brokers"),
        (kafka(ssl), ""),
        ("kafka.brokers = \"localhost:9092,[::1]:9092\"\n".to_owned(), ""),
        (nms("http://nms"), "nms[0].url"),
        (nms("http://localhost"), ""),
        (nms("https://nms"), ""),
    ] {
        let expected: Vec<&str> = Some(refused).filter(|key| !key.is_empty()).into_iter().collect();
        assert_eq!(in_clear(&settings), expected, "{settings}");
        let private = format!("network.in_clear = \"private\"\n{settings}");
        assert_eq!(in_clear(&private), Vec::<String>::new(), "{private}");
    }
    let public = "clickhouse.url = \"http://192.0.2.1\"\n";
    let with = |word: &str| in_clear(&format!("network.in_clear = \"{word}\"\n{public}"));
    assert_eq!(with("private"), ["clickhouse.url"], "it reaches further than a private network");
    assert_eq!(with("any"), Vec::<String>::new());
    let simple = Fake::default()
        .with_variable("LIBRENMS_API_URL", "http://nms")
        .with_variable("LIBRENMS_API_TOKEN", "t");
    let error = simple.load().expect_err("an error").to_string();
    assert!(error.contains("LIBRENMS_API_URL speaks with nms without"), "{error}");
}

#[test]
fn everybody_needs_a_second_factor_where_people_come_from_elsewhere() {
    let check = |text: &str, expected: &[Role]| {
        let loaded = file(text).load().unwrap();
        let found: Vec<Role> = loaded.config.api.second_factor_for.into_iter().collect();
        assert_eq!(found, expected, "{text}");
    };
    check("", &[]);
    check("[api]\nlisten = \"[::1]:80\"\npublic_url = \"http://localhost:80\"\n", &[]);
    check("[api]\nlisten = \"0.0.0.0:80\"\n", &Role::ALL);
    check("[api]\nlisten = \"192.0.2.1:80\"\n", &Role::ALL);
    check("[api]\npublic_url = \"https://padwacht.example.net\"\n", &Role::ALL);
    check("[api]\nlisten = \"0.0.0.0:80\"\nsecond_factor_for = []\n", &[]);
    let some = [Role::Beheer, Role::Klant];
    check("[api]\nlisten = \"0.0.0.0:80\"\nsecond_factor_for = [\"klant\", \"beheer\"]\n", &some);
}

#[test]
fn kafka_properties_pass_through_but_not_those_we_rest_on() {
    let loaded =
        file("[kafka]\nbrokers = \"localhost:9092\"\n[kafka.properties]\n\"ssl.ca.location\" = \"/ca\"\n")
            .with_variable("PADWACHT__KAFKA__PROPERTIES__SASL_PASSWORD_FILE", "p")
            .with_file("p", "s3cret\n")
            .load()
            .unwrap();
    let LogPlace::Kafka(kafka) = loaded.config.log.place else { panic!("Kafka") };
    let found: Vec<_> =
        kafka.properties.iter().map(|(k, v)| (k.as_str(), v.expose_secret())).collect();
    assert_eq!(found, [("sasl.password", "s3cret"), ("ssl.ca.location", "/ca")]);
    check(
        "[kafka.properties]\nacks = 1\nssl.ca.location = \"/ca\"\n",
        &[
            "padwacht.toml:2: kafka.properties.acks is set by padwacht itself, as its guarantees \
             rest on it",
            "padwacht.toml:3: kafka.properties.ssl must be text, a whole number, true or false \
             (quote dotted names); found a section",
        ],
    );
}

#[test]
fn settings_that_do_not_fit_together_are_errors() {
    check(
        "[api]\nsession_idle = \"13h\"\n",
        &["padwacht.toml:2: api.session_idle is longer than api.session_lifetime"],
    );
    check(
        "[mail]\nurl = \"smtps://u:p@m\"\nuser = \"u\"\n",
        &[
            "padwacht.toml:1: mail.from is missing; it must be the sender, a mail address",
            "padwacht.toml:2: mail.url holds a login; use mail.user and mail.password",
            "padwacht.toml:3: mail.user and mail.password belong together; set both or neither",
        ],
    );
    check(
        "[api]\npublic_url = \"https://h/x\"\n[clickhouse]\nurl = \"https://u:p@c\"\n",
        &[
            "padwacht.toml:2: api.public_url must end behind host and port: a path is not \
             supported",
            "padwacht.toml:4: clickhouse.url holds a login; use clickhouse.user and \
             clickhouse.password",
        ],
    );
    check(
        "[database]\nurl = \"sqlite:///x\"\npassword = \"p\"\n",
        &["padwacht.toml:2: database.url and database.password do not fit: a password needs a \
           postgres:// URL without one"],
    );
}

#[test]
fn a_database_password_is_put_into_the_url() {
    let loaded =
        file("[database]\nurl = \"postgres://padwacht@localhost/p\"\npassword = \"a/b@c\"\n");
    let url = loaded.load().unwrap().config.database.url;
    assert_eq!(url.expose_secret(), "postgres://padwacht:a%2Fb%40c@localhost/p");
}

#[test]
fn a_named_file_must_be_there() {
    let machine = Fake::default().with_variable("HOME", "/home/noc");
    let error = load(&machine, Some(Path::new("/x.toml")), &[]).expect_err("an error");
    assert_eq!(
        error.to_string(),
        "the configuration has an error, so nothing was started:\n  /x.toml: the configuration \
         file cannot be read: entity not found"
    );
}

#[test]
fn stages_apart_need_what_they_share() {
    let config = Fake::default().load().unwrap().config;
    let error = config.check_apart("correlate", &[Shared::Log, Shared::ClickHouse]);
    let text = error.expect_err("an error").to_string();
    assert!(text.contains("padwacht correlate needs kafka.brokers, Kafka"), "{text}");
    assert!(text.contains("padwacht correlate needs clickhouse.url, the URL"), "{text}");
    let config = file("kafka.brokers = \"localhost:9092\"").load().unwrap().config;
    assert_eq!(config.check_apart("ingest", &[Shared::Log]), Ok(()));
}

#[test]
fn single_sign_on_is_whole_or_absent() {
    check(
        "[oidc]\nissuer = \"https://login.example.net\"\nonly_for = [\"beheer\"]\n",
        &[
            "padwacht.toml:1: oidc.client_id is missing; it must be the client id that the \
             provider gave",
            "padwacht.toml:1: oidc.beheer_groups and its neighbours name no group, so nobody \
             could come in; name one in beheer_groups, accountmanager_groups or klant_groups",
            "padwacht.toml:3: oidc.only_for holds \"beheer\", so nobody could mend anything \
             while the provider is away; name an administrator in oidc.emergency_accounts",
        ],
    );
    let text = "[oidc]\nissuer = \"https://login.example.net\"\nclient_id = \"p\"\n\
                client_secret = \"s3cret\"\nklant_groups = [\"ede -> 1042\"]\n";
    let loaded = file(text).load().unwrap();
    let oidc = loaded.config.oidc.expect("single sign-on");
    assert_eq!(
        (oidc.groups.len(), oidc.groups[0].customers.as_slice()),
        (1, &["1042".to_owned()][..])
    );
    assert!(!loaded.settings.iter().any(|setting| setting.value.contains("s3cret")));
}

/// The annotated file with the `#` before some of its settings removed.
fn annotated(uncomment: impl Fn(&str) -> Option<&str>) -> String {
    let line = |line| uncomment(line).unwrap_or(line).to_owned() + "\n";
    ANNOTATED.lines().map(line).collect()
}

/// `#key = default`.
fn default_line(line: &str) -> Option<&str> {
    line.strip_prefix('#').filter(|line| is_setting(line))
}

/// `# key = example`.
fn example_line(line: &str) -> Option<&str> {
    line.strip_prefix("# ").filter(|line| is_setting(line))
}

fn is_setting(line: &str) -> bool {
    line.split_once(" = ").is_some_and(|(key, _)| {
        let is_key = |c: char| c.is_ascii_lowercase() || "._\"".contains(c);
        !key.is_empty() && key.chars().all(is_key)
    })
}

fn annotated_machine(text: &str) -> Fake {
    let secrets =
        ["clickhouse", "correlate", "kafka", "bi", "database", "admin", "mail", "metrics", "oidc"];
    let machine = file(text).with_file(TOKEN_FILE, "t");
    let machine = machine.with_file("/etc/padwacht/secrets.key", &"5e".repeat(32));
    secrets.iter().fold(machine, |machine, name| {
        machine.with_file(&format!("/etc/padwacht/{name}-password"), "s3cret\n")
    })
}

#[test]
fn the_annotated_file_is_a_configuration() {
    let config = annotated_machine(ANNOTATED).load().unwrap().config;
    assert_eq!(config.nms[0].name, "ams1");
}

#[test]
fn the_annotated_file_shows_the_true_defaults() {
    let as_it_is = annotated_machine(ANNOTATED).load().unwrap().config;
    let uncommented = annotated_machine(&annotated(default_line)).load().unwrap();
    assert_eq!(format!("{as_it_is:?}"), format!("{:?}", uncommented.config));
    let computed = ["general.data_dir", "database.url", "secrets.key_file", "correlate.workers"];
    // No group at all, its default, is refused beside an issuer.
    let demanded = ["oidc.beheer_groups"];
    let unshown = uncommented.settings.iter().filter(|setting| {
        setting.origin == Origin::Default
            && !setting.key.starts_with("nms[")
            && !computed.contains(&setting.key.as_str())
            && !demanded.contains(&setting.key.as_str())
    });
    assert_eq!(unshown.map(|setting| &setting.key).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn the_annotated_examples_are_allowed_and_complete() {
    let text = annotated(|line| default_line(line).or_else(|| example_line(line)));
    let machine = annotated_machine(&text).with_variable("HOME", "/home/noc");
    let layers = layers::gather(&machine, None, &[]);
    let reader = Reader::new(&layers.root, &layers.variables, &machine, layers.problems);
    read(&reader);
    let findings = reader.finish();
    assert_eq!(findings.problems, []);
    // The three ways of a secret are explained once; the file shows one of them.
    let shown = |key: &str| {
        let leaf = key.rsplit('.').next().unwrap_or(key);
        let stem = leaf.strip_suffix("_env").or(leaf.strip_suffix("_file")).unwrap_or(leaf);
        [leaf.to_owned(), format!("{stem}_file")]
            .iter()
            .any(|name| text.lines().any(|line| line.starts_with(&format!("{name} = "))))
            || text.contains(&format!("[{key}]"))
    };
    let is_setting = |key: &&String| !key.ends_with("[]");
    let missing: Vec<_> =
        findings.known.iter().filter(is_setting).filter(|key| !shown(key)).collect();
    assert!(missing.is_empty(), "not in deploy/padwacht.toml: {missing:?}");
}

#[test]
fn every_secret_can_come_from_a_file() {
    let machine = annotated_machine(&annotated(example_line)).with_variable("HOME", "/home/noc");
    let layers = layers::gather(&machine, None, &[]);
    let reader = Reader::new(&layers.root, &layers.variables, &machine, layers.problems);
    read(&reader);
    let known = reader.finish().known;
    let is_secret = |key: &&String| {
        let leaf = key.rsplit('.').next().unwrap_or(key);
        ["password", "secret", "token"].iter().any(|word| leaf.ends_with(word))
            || *key == "secrets.key"
    };
    let secrets: Vec<&String> = known.iter().filter(is_secret).collect();
    assert!(secrets.len() > 9, "{secrets:?}");
    for secret in secrets {
        for form in ["file", "env"] {
            assert!(known.contains(&format!("{secret}_{form}")), "{secret}_{form}");
        }
    }
}

#[test]
fn client_certificates_reach_postgresql_and_kafka() {
    let url = "postgres://padwacht@db/p?sslmode=verify-full&sslcert=/c.pem&sslkey=/k.pem";
    let properties = "[kafka]\nbrokers = \"k:9092\"\n[kafka.properties]\n\
                      \"security.protocol\" = \"ssl\"\n\"ssl.certificate.location\" = \"/c.pem\"\n\
                      \"ssl.key.location\" = \"/k.pem\"\n\"ssl.key.password_file\" = \"p\"\n";
    let text = format!("database.url = \"{url}\"\n{properties}");
    let config = file(&text).with_file("p", "s3cret\n").load().unwrap().config;
    assert_eq!(config.database.url.expose_secret(), url);
    let LogPlace::Kafka(kafka) = config.log.place else { panic!("Kafka") };
    let found: Vec<_> =
        kafka.properties.iter().map(|(k, v)| (k.as_str(), v.expose_secret())).collect();
    assert_eq!(
        found,
        [
            ("security.protocol", "ssl"),
            ("ssl.certificate.location", "/c.pem"),
            ("ssl.key.location", "/k.pem"),
            ("ssl.key.password", "s3cret"),
        ]
    );
}

#[test]
fn keys_that_seal_come_from_one_place_and_are_checked() {
    let key = "0123456789abcdef".repeat(4);
    let secrets = |machine: Fake| machine.load().unwrap().config.secrets;
    assert!(matches!(secrets(Fake::default()), SecretsConfig::Own(path)
        if path == Path::new("/home/noc/.local/share/padwacht/secrets.key")));
    let environment = Fake::default().with_variable("PADWACHT__SECRETS__KEY", &key);
    assert!(matches!(secrets(environment), SecretsConfig::Given(_)));
    let named = file("[secrets]\nkey_file = \"/k\"").with_file("/k", &format!("# x\n{key}\n{key}"));
    assert!(matches!(secrets(named), SecretsConfig::File(path) if path == Path::new("/k")));
    check(
        "[secrets]\nkey = \"hunter2\"",
        &["padwacht.toml:2: secrets.key the keys: key 1 is not 64 hexadecimal digits; \
           `padwacht secrets new-key` prints one"],
    );
}

#[test]
fn keys_are_not_printed() {
    let key = "0123456789abcdef".repeat(4);
    let loaded = file(&format!("[secrets]\nkey = \"{key}\"")).load().unwrap();
    assert!(loaded.settings.iter().all(|setting| !setting.value.contains(&key)));
    assert!(!format!("{:?}", loaded.config).contains(&key));
}
