//! What is wrong with a list of users, in the words of its reader.

use crate::locale::Locale;

/// Why a list, or a line of it, is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ImportFault {
    /// A line has more cells than the first one.
    Cells {
        /// In this line.
        found: usize,
        /// In the first one.
        named: usize,
    },
    /// There is no such role.
    Role(String),
    /// There is no such language.
    Language(String),
    /// The address stands in another line too.
    Twice,
    /// Somebody new needs a role.
    RoleMissing,
    /// No customer has this name or number.
    NoCustomer(String),
    /// A customer's user acts for no customer.
    ActsForNobody,
    /// This is no mail address.
    Email,
    /// This is no mail address for notices.
    NotificationEmail,
    /// This is no name.
    Name,
    /// There is no such time zone.
    TimeZone,
    /// These customers do not go with the role, or are too many.
    Customers,
    /// Nobody would be an administrator.
    LastAdministrator,
    /// The line cannot be taken, whatever it is.
    Other,
    /// It is not CSV.
    NotCsv,
    /// A column has a name that means nothing.
    Column(String),
    /// Two columns have one name.
    ColumnTwice(String),
    /// No column holds addresses.
    NoEmail,
    /// It holds nobody.
    Empty,
    /// It holds more than so many.
    TooMany(usize),
}

impl ImportFault {
    /// It, in the language of `locale`.
    pub(crate) fn text(&self, locale: &Locale) -> String {
        let with = |key, found: &String| locale.t1(key, "found", found.as_str());
        match self {
            ImportFault::Cells { found, named } => {
                let (found, named) = (found.to_string(), named.to_string());
                locale.t2("import-fault-cells", ("found", found), ("named", named))
            }
            ImportFault::Role(found) => with("import-fault-role", found),
            ImportFault::Language(found) => with("import-fault-language", found),
            ImportFault::Twice => locale.t("import-fault-twice"),
            ImportFault::RoleMissing => locale.t("import-fault-role-missing"),
            ImportFault::NoCustomer(found) => with("import-fault-no-customer", found),
            ImportFault::ActsForNobody => locale.t("import-fault-acts-for-nobody"),
            ImportFault::Email => locale.t("import-fault-email"),
            ImportFault::NotificationEmail => locale.t("import-fault-notification-email"),
            ImportFault::Name => locale.t("import-fault-name"),
            ImportFault::TimeZone => locale.t("import-fault-time-zone"),
            ImportFault::Customers => locale.t("import-fault-customers"),
            ImportFault::LastAdministrator => locale.t("import-fault-last-administrator"),
            ImportFault::Other => locale.t("import-fault-other"),
            ImportFault::NotCsv => locale.t("import-fault-not-csv"),
            ImportFault::Column(found) => with("import-fault-column", found),
            ImportFault::ColumnTwice(found) => with("import-fault-column-twice", found),
            ImportFault::NoEmail => locale.t("import-fault-no-email"),
            ImportFault::Empty => locale.t("import-fault-empty"),
            ImportFault::TooMany(most) => {
                locale.t1("import-fault-too-many", "most", most.to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::Lang;

    #[test]
    fn every_fault_has_words_in_both_languages() {
        let found = || "Ëde".to_owned();
        let faults = [
            ImportFault::Cells { found: 3, named: 2 },
            ImportFault::Role(found()),
            ImportFault::Language(found()),
            ImportFault::Twice,
            ImportFault::RoleMissing,
            ImportFault::NoCustomer(found()),
            ImportFault::ActsForNobody,
            ImportFault::Email,
            ImportFault::NotificationEmail,
            ImportFault::Name,
            ImportFault::TimeZone,
            ImportFault::Customers,
            ImportFault::LastAdministrator,
            ImportFault::Other,
            ImportFault::NotCsv,
            ImportFault::Column(found()),
            ImportFault::ColumnTwice(found()),
            ImportFault::NoEmail,
            ImportFault::Empty,
            ImportFault::TooMany(1_000),
        ];
        for fault in faults {
            let [dutch, english] =
                Lang::ALL.map(|lang| fault.text(&Locale::new(lang, TimeZone::UTC)));
            assert_ne!(dutch, english, "{fault:?}");
            for text in [&dutch, &english] {
                assert!(!text.contains("import-fault"), "{text}");
            }
            if format!("{fault:?}").contains("Ëde") {
                assert!(dutch.contains("Ëde") && english.contains("Ëde"), "{dutch} {english}");
            }
        }
    }
}
