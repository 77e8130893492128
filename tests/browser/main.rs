//! The product in a real browser: from the first start to a ban, by pages,
//! mails and devices alone, as people go; and every page as those see it who
//! read it. Needs Debian's `chromium` and
//! `chromium-driver`, `libchdb.so` (`PADWACHT_LIBCHDB`) and what npm installed:
//! `make test` brings them. Without them the tests fail and say so.

mod accessible;
mod chrome;
mod demo;
mod journey;
mod post;
mod product;
mod shown;
