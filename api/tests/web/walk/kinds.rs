//! What an id in a request names, and where requests hold ids.

use super::world::{Caller, SOURCE, World};

/// What an id names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    Service,
    Customer,
    CustomerName,
    User,
    Email,
    Session,
    Token,
    Passkey,
    Component,
    Source,
    SyncJob,
    PushSecret,
    Window,
    ServiceToken,
}

/// Whose something may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Whose {
    /// It belongs to a customer, and people see it as far as their scope goes.
    Scope,
    /// It belongs to a person alone, whatever their role.
    Person,
    /// It is about the installation.
    Installation,
}

impl Kind {
    pub(crate) fn whose(self) -> Whose {
        match self {
            Kind::Service
            | Kind::Customer
            | Kind::CustomerName
            | Kind::User
            | Kind::Email
            | Kind::Component => Whose::Scope,
            Kind::Session | Kind::Token | Kind::Passkey => Whose::Person,
            Kind::Source | Kind::SyncJob | Kind::PushSecret | Kind::Window | Kind::ServiceToken => {
                Whose::Installation
            }
        }
    }

    /// What the place `{name}` of the documented path `route` takes.
    pub(crate) fn of_place(route: &str, name: &str) -> Kind {
        let before = route.split(&format!("/{{{name}}}")).next().unwrap_or_default();
        match (before.rsplit('/').next().unwrap_or_default(), name) {
            ("services", "id") => Kind::Service,
            ("customers", "id") => Kind::Customer,
            ("users", "id") => Kind::User,
            ("sessions", "id") => Kind::Session,
            ("tokens", "id" | "token") => Kind::Token,
            ("service-tokens", "id") => Kind::ServiceToken,
            ("passkeys", "id") => Kind::Passkey,
            ("components", "id") => Kind::Component,
            ("maintenance-windows", "id") => Kind::Window,
            ("sources", "name") => Kind::Source,
            ("sync", "id") => Kind::SyncJob,
            ("secrets", "id") => Kind::PushSecret,
            _ => panic!("say what {{{name}}} of {route} names"),
        }
    }

    /// One that `caller` may know of, if there is one.
    pub(crate) fn own(self, world: &World, caller: &Caller) -> Option<String> {
        let sees_all = caller.parties.is_empty();
        let party = caller.parties.first().map(|at| &world.parties[*at]);
        let party = party.unwrap_or(&world.parties[0]);
        match self {
            Kind::Service => Some(party.service.to_owned()),
            Kind::Customer => Some(party.customer.to_string()),
            Kind::CustomerName => Some(world.name_of(party)),
            Kind::Component => Some(party.component.to_owned()),
            Kind::User if sees_all => Some(caller.user.to_string()),
            Kind::User => caller.users.first().map(|name| world.caller(name).user.to_string()),
            Kind::Email => Some(caller.email()),
            Kind::Session => Some(caller.session.clone()),
            Kind::Token => Some(caller.token.clone()),
            Kind::Passkey => Some(caller.passkey.clone()),
            _ => world.installation.get(&self).cloned(),
        }
    }

    /// Those that are there, and of which `caller` may not know.
    pub(crate) fn foreign(self, world: &World, caller: &Caller) -> Vec<String> {
        let others = world.callers.iter().filter(|other| other.user != caller.user);
        let parties = world.parties.iter().enumerate();
        let parties = parties.filter(|(at, _)| !caller.parties.contains(at)).map(|(_, one)| one);
        let is_hidden = |other: &&Caller| !caller.users.contains(&other.name);
        match self {
            Kind::Service => parties.map(|party| party.service.to_owned()).collect(),
            Kind::Customer => parties.map(|party| party.customer.to_string()).collect(),
            Kind::CustomerName => parties.map(|party| world.name_of(party)).collect(),
            Kind::Component => parties.map(|party| party.component.to_owned()).collect(),
            Kind::User => others.filter(is_hidden).map(|other| other.user.to_string()).collect(),
            Kind::Email => others.filter(is_hidden).map(Caller::email).collect(),
            Kind::Session => others.map(|other| other.session.clone()).collect(),
            Kind::Token => others.map(|other| other.token.clone()).collect(),
            Kind::Passkey => others.map(|other| other.passkey.clone()).collect(),
            _ => world.installation.get(&self).cloned().into_iter().collect(),
        }
    }

    /// One that never was, as long as `like` so that lengths do not differ.
    pub(crate) fn nobodys(self, like: &str) -> String {
        match self {
            Kind::Service | Kind::CustomerName | Kind::Email | Kind::Source => {
                let other = |letter: char| if letter.is_alphanumeric() { 'x' } else { letter };
                like.chars().map(other).collect()
            }
            Kind::Component => "n/device/8".to_owned(),
            _ => "01890000-0000-7000-8000-00000000dead".to_owned(),
        }
    }
}

/// How a request holds an id outside its path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    Query,
    Form,
    /// A field of a JSON body.
    Field,
    /// A field of a JSON body that is a list.
    List,
}

/// Every parameter outside the path that names something: the route, how it
/// is sent, its name, and what it names. A test holds this against the document.
pub(crate) const GIVEN: [(&str, Place, &str, Kind); 43] = [
    ("GET /api/v1/services", Place::Query, "customer", Kind::CustomerName),
    ("GET /api/v1/services", Place::Query, "q", Kind::Service),
    ("GET /api/v1/services", Place::Query, "q", Kind::CustomerName),
    ("GET /api/v1/customers", Place::Query, "account_manager", Kind::User),
    ("GET /api/v1/customers", Place::Query, "q", Kind::CustomerName),
    ("GET /api/v1/users", Place::Query, "customer", Kind::Customer),
    ("GET /api/v1/users", Place::Query, "q", Kind::Email),
    ("GET /api/v1/login-attempts", Place::Query, "account", Kind::Email),
    ("GET /api/v1/login-attempts.csv", Place::Query, "account", Kind::Email),
    ("GET /api/v1/sessions", Place::Query, "user", Kind::User),
    ("DELETE /api/v1/sessions", Place::Query, "user", Kind::User),
    ("GET /api/v1/samples", Place::Query, "component", Kind::Component),
    ("GET /api/v1/maintenance-windows", Place::Query, "target", Kind::Component),
    ("GET /api/v1/sources/{name}/links", Place::Query, "device", Kind::Component),
    ("GET /api/v1/sources/{name}/monitored", Place::Query, "device", Kind::Component),
    ("GET /api/v1/sources/{name}/paths", Place::Query, "to", Kind::Component),
    ("GET /api/v1/sources/{name}/paths", Place::Query, "device", Kind::Component),
    ("GET /api/v1/audit", Place::Query, "object", Kind::Customer),
    ("GET /api/v1/audit.csv", Place::Query, "object", Kind::Customer),
    ("GET /api/v1/audit", Place::Query, "user", Kind::User),
    ("GET /api/v1/audit.csv", Place::Query, "user", Kind::User),
    ("PUT /api/v1/services/{id}", Place::Field, "customer", Kind::CustomerName),
    ("POST /api/v1/customers", Place::Field, "account_manager", Kind::User),
    ("PUT /api/v1/customers/{id}", Place::Field, "account_manager", Kind::User),
    ("POST /api/v1/users", Place::List, "customers", Kind::Customer),
    ("PUT /api/v1/users/{id}", Place::List, "customers", Kind::Customer),
    ("POST /api/v1/service-tokens", Place::List, "customers", Kind::Customer),
    ("POST /api/v1/maintenance-windows", Place::Field, "target", Kind::Component),
    ("POST /api/v1/what-if", Place::List, "down", Kind::Component),
    ("POST /api/v1/what-if", Place::List, "windows", Kind::Window),
    ("GET /", Place::Query, "cause", Kind::Component),
    ("GET /live", Place::Query, "cause", Kind::Component),
    ("GET /services", Place::Query, "cause", Kind::Component),
    ("GET /services", Place::Query, "q", Kind::Service),
    ("GET /services/{id}/why", Place::Query, "of", Kind::Component),
    ("GET /customers", Place::Query, "q", Kind::CustomerName),
    ("GET /users", Place::Query, "q", Kind::Email),
    ("GET /login-attempts", Place::Query, "account", Kind::Email),
    ("GET /login-attempts.csv", Place::Query, "account", Kind::Email),
    ("POST /profile/sessions/revoke", Place::Form, "id", Kind::Session),
    ("POST /profile/tokens/revoke", Place::Form, "id", Kind::Token),
    ("POST /service-tokens/revoke", Place::Form, "id", Kind::ServiceToken),
    ("POST /sources/{name}/push/revoke", Place::Form, "id", Kind::PushSecret),
];

/// The documented parameters that name nothing of anybody: figures, words,
/// choices, and what is written down as it is sent. Who names an actor or a
/// component of a definition reads and changes everything anyway.
pub(crate) const NAMES_NOTHING: [&str; 44] = [
    "offset",
    "limit",
    "below",
    "from",
    "to",
    "until",
    "at",
    "as_of",
    "q",
    "sort",
    "state",
    "kind",
    "topic",
    "role",
    "standing",
    "withdrawn",
    "everywhere",
    "trial",
    "result",
    "address",
    "action",
    "actor",
    "name",
    "number",
    "contacts",
    "language",
    "time_zone",
    "revision",
    "note",
    "email",
    "notification_email",
    "expires_at",
    "scopes",
    "roles",
    "active",
    "description",
    "path",
    "versions",
    "with_ports",
    "url",
    "token",
    "settings",
    "enabled",
    "expect",
];

impl World {
    fn name_of(&self, party: &super::world::Party) -> String {
        let at = self.parties.iter().position(|one| one.customer == party.customer);
        ["Ede", "Rivaal BV", "Derde BV"][at.expect("one of the three")].to_owned()
    }
}

/// The path of `route` with `id` at the place `at`, and what is there elsewhere.
pub(crate) fn path(world: &World, caller: &Caller, route: &str, at: usize, id: &str) -> String {
    let mut place = 0;
    let parts = route.split('/').map(|part| {
        let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else {
            return part.to_owned();
        };
        let kind = Kind::of_place(route, name);
        let is_asked = place == at;
        place += 1;
        let filled = if is_asked {
            id.to_owned()
        } else {
            kind.own(world, caller).unwrap_or_else(|| SOURCE.to_owned())
        };
        filled.replace('/', "%2F")
    });
    parts.collect::<Vec<_>>().join("/")
}
