//! Whose services, customers and users a reader may see.
//!
//! Every question about them takes a [`Scope`]; there is no way around it, so
//! a page cannot forget to narrow what it shows. What lies outside a scope is
//! answered exactly as what does not exist.

use std::collections::BTreeSet;

use correlate::model::ServiceId;
use sea_orm::ColumnTrait;
use sea_orm::sea_query::Condition;

use crate::records::CustomerId;

/// What a reader may see: everything, or what belongs to some customers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scope(Reach);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Reach {
    Everything,
    Customers {
        customers: BTreeSet<CustomerId>,
        /// Services that are theirs, though the series do not know it yet.
        gained: BTreeSet<ServiceId>,
        /// Services that are not theirs any more, though the series think so.
        lost: BTreeSet<ServiceId>,
    },
}

fn of(customers: BTreeSet<CustomerId>) -> Scope {
    Scope(Reach::Customers { customers, gained: BTreeSet::new(), lost: BTreeSet::new() })
}

impl Scope {
    /// Customers that one scope may hold: they travel with every query, and a
    /// query's address has room for some 60 KB.
    pub const CUSTOMERS_MAX: usize = 500;

    /// Services that a scope may have gained, and lost, before the series hear of
    /// it: likewise.
    pub const MOVED_MAX: usize = 200;

    /// No bounds: for administrators, the engine's own needs and the command line.
    pub const fn everything() -> Scope {
        Scope(Reach::Everything)
    }

    /// Only what belongs to `customers`, the first [`Scope::CUSTOMERS_MAX`] of
    /// them; with none of them nothing at all.
    pub fn customers(customers: impl IntoIterator<Item = CustomerId>) -> Scope {
        let customers: BTreeSet<CustomerId> = customers.into_iter().collect();
        of(customers.into_iter().take(Scope::CUSTOMERS_MAX).collect())
    }

    /// Nothing at all.
    pub fn nothing() -> Scope {
        of(BTreeSet::new())
    }

    /// The same scope for the series, which do not know yet that it `gained`
    /// and `lost` these services; `None` where it lost more than
    /// [`Scope::MOVED_MAX`], as the others would be seen. Of what it gained the
    /// first so many count.
    pub fn moved(
        &self,
        gained: impl IntoIterator<Item = ServiceId>,
        lost: impl IntoIterator<Item = ServiceId>,
    ) -> Option<Scope> {
        let Reach::Customers { customers, .. } = &self.0 else { return Some(self.clone()) };
        let lost: BTreeSet<ServiceId> = lost.into_iter().take(Scope::MOVED_MAX + 1).collect();
        let gained = gained.into_iter().take(Scope::MOVED_MAX).collect();
        let customers = customers.clone();
        (lost.len() <= Scope::MOVED_MAX).then_some(Scope(Reach::Customers {
            customers,
            gained,
            lost,
        }))
    }

    /// What it gained, and what it lost; `None` for everything.
    pub(crate) fn moves(&self) -> Option<[Vec<String>; 2]> {
        let texts = |ids: &BTreeSet<ServiceId>| ids.iter().map(ToString::to_string).collect();
        match &self.0 {
            Reach::Everything => None,
            Reach::Customers { gained, lost, .. } => Some([texts(gained), texts(lost)]),
        }
    }

    /// Whether it has no bounds.
    pub fn is_everything(&self) -> bool {
        self.0 == Reach::Everything
    }

    /// Whether what belongs to `customer` is in it; what belongs to nobody is
    /// only in [`Scope::everything`].
    pub fn holds(&self, customer: Option<CustomerId>) -> bool {
        match &self.0 {
            Reach::Everything => true,
            Reach::Customers { customers, .. } => {
                customer.is_some_and(|id| customers.contains(&id))
            }
        }
    }

    /// The ids of its customers as texts; `None` for everything.
    pub(crate) fn ids(&self) -> Option<Vec<String>> {
        match &self.0 {
            Reach::Everything => None,
            Reach::Customers { customers, .. } => {
                Some(customers.iter().map(ToString::to_string).collect())
            }
        }
    }

    /// Rows whose `column` names one of its customers.
    pub(crate) fn condition(&self, column: impl ColumnTrait) -> Condition {
        match self.ids() {
            None => Condition::all(),
            Some(ids) => Condition::all().add(column.is_in(ids)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_nobody_is_only_in_everything() {
        let ede: CustomerId = "01890000-0000-7000-8000-000000000001".parse().expect("an id");
        let other: CustomerId = "01890000-0000-7000-8000-000000000002".parse().expect("an id");
        let check = |scope: &Scope, expected: [bool; 3]| {
            let found = [None, Some(ede), Some(other)].map(|customer| scope.holds(customer));
            assert_eq!(found, expected, "{scope:?}");
        };
        check(&Scope::everything(), [true, true, true]);
        check(&Scope::customers([ede]), [false, true, false]);
        check(&Scope::nothing(), [false, false, false]);
        assert_eq!(Scope::nothing().ids(), Some(Vec::new()));
        assert!(!Scope::customers([]).is_everything());
    }
}
