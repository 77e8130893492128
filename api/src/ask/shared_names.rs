//! What whoever may not see everything learns of the names of components that
//! they share with others.
//!
//! A port without a short name (ifName) is called by its long one (ifDescr),
//! which some vendors fill with whom the port is for. So within bounds a port
//! has its short name or its number, and no description; what the inventory
//! does not know has its number. A BGP session is called by its peer and a check by
//! whatever its operators say, so both have their number.

use std::collections::BTreeMap;

use correlate::model::ComponentId;
use store::Scope;
use store::records::{Records, RecordsError};
use store::series::ComponentDimension;

/// What a port is in [`ComponentDimension::kind`], and what a device is.
const PORT: &str = "port";
const DEVICE: &str = "device";

/// Takes from `names` what is not for everybody, unless `scope` has no bounds.
///
/// # Errors
/// Only of the database.
pub(crate) async fn narrow(
    records: &Records,
    scope: &Scope,
    names: &mut BTreeMap<ComponentId, ComponentDimension>,
) -> Result<(), RecordsError> {
    if scope.is_everything() {
        return Ok(());
    }
    let ports: Vec<ComponentId> =
        names.values().filter(|known| known.kind == PORT).map(|known| known.id.clone()).collect();
    let short = match ports.is_empty() {
        true => BTreeMap::new(),
        false => records.inventory().short_port_names(&ports).await?,
    };
    for known in names.values_mut() {
        known.description.clear();
        if known.kind == DEVICE {
            continue;
        }
        known.name = match short.get(&known.id) {
            Some(name) => name.clone(),
            None => {
                let number = known.id.parts().map(|(_, _, native)| native).unwrap_or_default();
                format!("{} {number}", known.kind)
            }
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use correlate::model::Timestamp;
    use store::Keyring;
    use store::records::{Actor, Port, Role, UserDraft};

    use super::*;

    #[tokio::test]
    async fn a_port_of_all_is_called_by_what_names_nobody() {
        let dir = tempfile::tempdir().expect("a directory");
        let url = format!("sqlite://{}", dir.path().join("records.db").display());
        let records = Records::connect(&url, Keyring::ephemeral()).await.expect("records");
        records.migrate().await.expect("the records migrate");
        let port = |native: &str, if_name: &str| Port {
            account: "ams1".to_owned(),
            native_id: native.to_owned(),
            device: "7".to_owned(),
            if_name: if_name.to_owned(),
            if_descr: "Bakkerij Jansen, Ede".to_owned(),
            if_alias: "klant 1042".to_owned(),
            if_type: String::new(),
            speed_bps: None,
        };
        let ports = [port("1", "xe-0/0/1"), port("2", "")];
        records.inventory().upsert_ports(&ports, Timestamp(1)).await.expect("written");
        let label = |native: &str, kind: &str, name: &str| {
            let id = ComponentId::of("ams1", kind, native);
            let label = ComponentDimension {
                id: id.clone(),
                kind: kind.to_owned(),
                name: name.to_owned(),
                device: ComponentId::of("ams1", "device", "7"),
                device_name: "core1".to_owned(),
                site: "Ede".to_owned(),
                description: "klant 1042".to_owned(),
            };
            (id, label)
        };
        let all: BTreeMap<_, _> = [
            label("1", "port", "xe-0/0/1"),
            label("2", "port", "Bakkerij Jansen, Ede"),
            label("3", "port", "Bakkerij Jansen, Epe"),
            label("7", "device", "core1"),
            label("8", "bgp", "Bakkerij Jansen"),
            label("9", "check", "Bakkerij Jansen, https"),
        ]
        .into();
        let shown = async |scope: Scope| {
            let mut names = all.clone();
            narrow(&records, &scope, &mut names).await.expect("read");
            names
        };
        let actor = Actor::new("test", Timestamp(1));
        let admin = UserDraft::new("admin@example.net", Role::Beheer);
        let admin = records.users().create(&actor, &admin, &"h".into()).await.expect("a user");
        let admin = records.users().by_id(admin).await.expect("read").expect("there");
        let whole = records.users().scope_of(&admin).await.expect("read");
        assert_eq!(shown(whole).await, all);
        let bounded = shown(Scope::nothing()).await;
        let names: Vec<_> = bounded.values().map(|known| known.name.as_str()).collect();
        assert_eq!(names, ["bgp 8", "check 9", "core1", "xe-0/0/1", "port 2", "port 3"]);
        let told = format!("{bounded:?}");
        assert!(!told.contains("Jansen") && !told.contains("1042"), "{told}");
    }
}
