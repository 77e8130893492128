//! The customers: the list, and one of them.

use askama::Template;

use crate::i18n::Lang;
use crate::shell::{Section, Shell};
use crate::urls;
use crate::view::pager::Pager;
use crate::view::people::{FormProblem, UserRow};

/// The customers, `/customers`.
#[derive(Template, Debug)]
#[template(path = "customers.html")]
pub struct CustomersPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The words searched for.
    pub query: String,
    /// One page of them, by name.
    pub rows: Vec<CustomerRow>,
    /// Which page.
    pub pager: Pager,
    /// Whether the reader may add one.
    pub may_edit: bool,
}

/// One line of the list of customers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CustomerRow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its number; empty when it has none.
    pub number: String,
    /// What its account manager is called; empty when it has none.
    pub manager: String,
    /// Its first contact; empty when it has none.
    pub contact: String,
}

impl CustomersPage {
    const SECTION: Section = Section::Customers;

    fn neighbour_url(&self, forward: bool) -> Option<String> {
        let page = if forward { self.pager.next() } else { self.pager.previous() }?;
        Some(urls::paged(urls::CUSTOMERS, &[("q", self.query.as_str())], page))
    }
}

/// What a form about a customer holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CustomerForm {
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: String,
    /// The id of the account manager; empty for none.
    pub manager: String,
    /// The language of what is sent to it.
    pub language: Lang,
    /// The zone of what is sent to it; empty for that of the product.
    pub time_zone: String,
    /// Whom to call: those that are there, and empty ones to fill in.
    pub contacts: Vec<ContactForm>,
    /// The revision that was shown.
    pub revision: i64,
}

/// Somebody at a customer.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct ContactForm {
    /// What they are called.
    pub name: String,
    /// What they do there.
    pub role: String,
    /// Their mail address.
    pub email: String,
    /// Their telephone number.
    pub phone: String,
}

/// One customer, or the form for a new one.
#[derive(Template, Debug)]
#[template(path = "customer.html")]
pub struct CustomerPage {
    /// What surrounds it.
    pub shell: Shell,
    /// Its id and name; `None` for a new one.
    pub customer: Option<(String, String)>,
    /// What the form holds.
    pub form: CustomerForm,
    /// Those who can be account manager: id and name.
    pub managers: Vec<(String, String)>,
    /// The users who act for it, as far as the reader may see them.
    pub people: Vec<UserRow>,
    /// How many services it has.
    pub services: u64,
    /// What is wrong in the form.
    pub problem: Option<FormProblem>,
    /// Whether it was just saved.
    pub is_saved: bool,
    /// Whether the reader may change it.
    pub may_edit: bool,
    /// The time zones that can be chosen.
    pub zones: Vec<String>,
    /// The zone of the product.
    pub product_zone: String,
}

impl CustomerPage {
    const SECTION: Section = Section::Customers;

    fn action(&self) -> String {
        let of = |(id, _): &(String, String)| urls::customer(id);
        self.customer.as_ref().map_or_else(|| urls::CUSTOMER_NEW.to_owned(), of)
    }

    fn manager_name(&self) -> &str {
        let chosen = self.managers.iter().find(|(id, _)| *id == self.form.manager);
        chosen.map_or("", |(_, name)| name.as_str())
    }

    /// The services of this customer in the list of services.
    fn services_url(&self) -> String {
        let name = self.customer.as_ref().map_or("", |(_, name)| name.as_str());
        urls::paged(urls::SERVICES, &[("q", name)], 1)
    }

    fn known_contacts(&self) -> impl Iterator<Item = &ContactForm> {
        self.form.contacts.iter().filter(|contact| !contact.name.is_empty())
    }
}
