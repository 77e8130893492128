//! The figures at the head of a service page.

/// A period over which uptime is shown, in the reader's zone, up to now.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum UptimePeriod {
    /// Since midnight.
    Today,
    /// The last seven days.
    Days7,
    /// The last thirty days.
    Days30,
    /// Since the first of the month.
    ThisMonth,
    /// Since the first of January.
    ThisYear,
}

impl UptimePeriod {
    pub(crate) const fn key(self) -> &'static str {
        match self {
            UptimePeriod::Today => "period-today",
            UptimePeriod::Days7 => "period-7d",
            UptimePeriod::Days30 => "period-30d",
            UptimePeriod::ThisMonth => "period-month",
            UptimePeriod::ThisYear => "period-year",
        }
    }
}

/// Availability over one period, with how much of it was seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UptimeFigure {
    /// Over what.
    pub period: UptimePeriod,
    /// Availability as decimal text, `"99.98"`, rounded toward worse; `None`
    /// where there is no figure.
    pub uptime_percent: Option<String>,
    /// Completeness as decimal text, `"100.00"`; `None` where there is none.
    pub completeness_percent: Option<String>,
}

/// What happened in the last thirty days.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Kpis {
    /// Availability over several periods, in the order shown (at most six).
    pub uptime: Vec<UptimeFigure>,
    /// Number of down intervals in the last thirty days.
    pub outages_30d: u64,
    /// Milliseconds down in the last thirty days.
    pub down_30d_ms: i64,
    /// The longest down interval of the last thirty days in milliseconds;
    /// `None` when there was none.
    pub longest_outage_30d_ms: Option<i64>,
    /// Milliseconds degraded in the last thirty days.
    pub degraded_30d_ms: i64,
}
