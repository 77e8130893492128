//! What a page shows to which a mail leads: the code in the link reaches the server
//! only when a form sends it, so there are three things that it may be.

/// A page behind a link in a mail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mailed<T> {
    /// It asks for the code, which a script takes from behind the `#` of the link.
    Asks,
    /// The code does not work.
    Gone,
    /// The code works, for this.
    Works(T),
}

impl<T> Mailed<T> {
    /// What was found by a code, if anything.
    pub fn found(found: Option<T>) -> Mailed<T> {
        found.map_or(Mailed::Gone, Mailed::Works)
    }
}
