//! The series and the embedded engine on the real ClickHouse. Each test has
//! an engine of its own. Needs `libchdb.so` (`npm ci --prefix dashboards`, or
//! `PADWACHT_LIBCHDB`); without it the tests fail and say so.

mod access;
mod availability;
mod current;
mod dashboards;
mod evidence;
mod lifecycle;
mod rig;
mod scan;
mod set_aside;
mod views;
mod write;
