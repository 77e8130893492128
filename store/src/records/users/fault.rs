//! What is wrong with a line of a list of users: by kind, so that each reader is
//! told in their own words. What is written here is for programs and logs.

use std::fmt;

use super::Users;
use crate::records::error::RecordsError;

/// Why a line of a list is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LineFault {
    /// It has more cells than the first line.
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
    /// The records do not take what stands in a field.
    Field {
        /// Which one, by its name in the file.
        field: &'static str,
        /// What is allowed and what was found.
        reason: String,
    },
    /// The records do not take the line for another reason.
    Other(String),
}

impl LineFault {
    /// What a refusal of the records means for the line.
    pub(super) fn of(error: RecordsError) -> LineFault {
        match error {
            RecordsError::Invalid { field, reason } => LineFault::Field { field, reason },
            error => LineFault::Other(error.to_string()),
        }
    }
}

impl fmt::Display for LineFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LineFault::Cells { found, named } => {
                write!(f, "has {found} cells, the first line {named}")
            }
            LineFault::Role(found) => {
                write!(f, "role: must be beheer, accountmanager or klant, found {found:?}")
            }
            LineFault::Language(found) => write!(f, "language: must be nl or en, found {found:?}"),
            LineFault::Twice => f.write_str("email: occurs twice in the file"),
            LineFault::RoleMissing => f.write_str("role: is needed for somebody new"),
            LineFault::NoCustomer(name) => {
                write!(f, "customers: no customer has the name or number {name:?}")
            }
            LineFault::ActsForNobody => {
                f.write_str("customers: somebody with the role klant must act for a customer")
            }
            LineFault::Field { field, reason } => write!(f, "{field}: {reason}"),
            LineFault::Other(reason) => f.write_str(reason),
        }
    }
}

/// Why a list is refused before its lines are looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ListFault {
    /// It is not CSV.
    NotCsv(String),
    /// A column has a name that means nothing.
    Column(String),
    /// Two columns have one name.
    ColumnTwice(String),
    /// No column holds addresses.
    NoEmail,
    /// It holds nobody.
    Empty,
    /// It holds more than [`Users::MAX_IMPORT`].
    TooMany,
}

impl fmt::Display for ListFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ListFault::NotCsv(reason) => write!(f, "not CSV: {reason}"),
            ListFault::Column(name) => {
                write!(f, "must be {}, found {name:?}", Users::IMPORT_COLUMNS.join(", "))
            }
            ListFault::ColumnTwice(name) => write!(f, "{name} occurs twice"),
            ListFault::NoEmail => f.write_str("must hold the column email"),
            ListFault::Empty => f.write_str("holds no users"),
            ListFault::TooMany => write!(f, "at most {} users at once", Users::MAX_IMPORT),
        }
    }
}
