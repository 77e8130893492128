//! Which page of how many.

/// A position in a paged list. Pages count from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pager {
    /// The page shown, from 1.
    pub page: u64,
    /// Rows per page, at least 1.
    pub per_page: u64,
    /// Rows in all pages together.
    pub total: u64,
}

impl Pager {
    /// How many pages there are, at least 1.
    pub const fn pages(&self) -> u64 {
        let per_page = if self.per_page == 0 { 1 } else { self.per_page };
        let pages = self.total.div_ceil(per_page);
        if pages == 0 { 1 } else { pages }
    }

    /// The number of the first row shown, from 1; 0 when there is none.
    pub const fn first(&self) -> u64 {
        if self.total == 0 { 0 } else { self.page.saturating_sub(1) * self.per_page + 1 }
    }

    /// The number of the last row shown.
    pub const fn last(&self) -> u64 {
        let end = self.page * self.per_page;
        if end < self.total { end } else { self.total }
    }

    pub(crate) const fn previous(&self) -> Option<u64> {
        if self.page > 1 { Some(self.page - 1) } else { None }
    }

    pub(crate) const fn next(&self) -> Option<u64> {
        if self.page < self.pages() { Some(self.page + 1) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::Pager;

    #[track_caller]
    fn check(page: u64, per_page: u64, total: u64, expected: (u64, u64, u64)) {
        let pager = Pager { page, per_page, total };
        assert_eq!((pager.first(), pager.last(), pager.pages()), expected);
    }

    #[test]
    fn counts_rows_from_one_and_never_past_the_end() {
        check(1, 25, 0, (0, 0, 1));
        check(1, 25, 25, (1, 25, 1));
        check(2, 25, 26, (26, 26, 2));
        check(3, 10, 95, (21, 30, 10));
    }

    #[test]
    fn has_no_neighbour_beyond_its_ends() {
        let only = Pager { page: 1, per_page: 25, total: 3 };
        assert_eq!((only.previous(), only.next()), (None, None));
        let middle = Pager { page: 2, per_page: 1, total: 3 };
        assert_eq!((middle.previous(), middle.next()), (Some(1), Some(3)));
    }
}
