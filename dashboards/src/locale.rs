//! How instants, lengths, numbers and states read in one language and zone.

use std::borrow::Borrow;

use correlate::model::{ServiceState, Timestamp};
use fluent_templates::fluent_bundle::FluentValue;
use jiff::Zoned;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::i18n::Lang;
use crate::markup::{Markup, escape, icon};
use crate::view::pager::Pager;
use crate::view::source::{Bytes, SourceCondition};

/// A reader's language and time zone.
#[derive(Clone, Debug)]
pub struct Locale {
    /// The language.
    pub lang: Lang,
    /// The zone in which instants are shown.
    pub zone: TimeZone,
}

const MONTHS_NL: [&str; 12] =
    ["jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec"];
const MONTHS_EN: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS_NL: [&str; 7] = ["ma", "di", "wo", "do", "vr", "za", "zo"];
const WEEKDAYS_EN: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Shown where there is no figure.
pub(crate) const NO_FIGURE: &str = "–";

impl Locale {
    /// A reader's language and time zone.
    pub const fn new(lang: Lang, zone: TimeZone) -> Locale {
        Locale { lang, zone }
    }

    /// What a service is called that the reader may not know.
    pub fn shared_part(&self) -> String {
        self.t("path-shared")
    }

    pub(crate) fn t(&self, key: &str) -> String {
        self.lang.text(key)
    }

    /// A text with one value in it.
    pub(crate) fn t1(&self, key: &str, name: &'static str, value: impl ToString) -> String {
        self.lang.text_with(key, &[(name, FluentValue::from(value.to_string()))])
    }

    /// A text with two values in it.
    pub(crate) fn t2(
        &self,
        key: &str,
        first: (&'static str, impl ToString),
        second: (&'static str, impl ToString),
    ) -> String {
        let values = [
            (first.0, FluentValue::from(first.1.to_string())),
            (second.0, FluentValue::from(second.1.to_string())),
        ];
        self.lang.text_with(key, &values)
    }

    /// A text about `n` things: `$n` chooses the plural, `$count` is the
    /// number as it reads.
    pub(crate) fn count(&self, key: &str, n: impl Borrow<u64>) -> String {
        let n = *n.borrow();
        let count = FluentValue::from(self.number(n));
        self.lang.text_with(key, &[("n", FluentValue::from(n)), ("count", count)])
    }

    /// A whole number with its thousands grouped: `12.345` or `12,345`.
    pub(crate) fn number(&self, n: impl Borrow<u64>) -> String {
        let digits = n.borrow().to_string();
        let separator = if self.lang == Lang::Dutch { '.' } else { ',' };
        let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                grouped.push(separator);
            }
            grouped.push(digit);
        }
        grouped
    }

    /// A percentage as it reads, or a dash where there is none.
    pub(crate) fn percent(&self, percent: &Option<String>) -> String {
        match percent {
            Some(text) => format!("{}%", self.decimal(text)),
            None => NO_FIGURE.to_owned(),
        }
    }

    /// A percentage in a table of many: full marks stand back, so that the
    /// rest is seen.
    pub(crate) fn figure(&self, percent: &Option<String>) -> Markup {
        let is_full = percent.as_ref().is_some_and(|text| text.starts_with("100"));
        let class = if is_full { "num is-full" } else { "num" };
        Markup::new(format!(r#"<span class="{class}">{}</span>"#, escape(&self.percent(percent))))
    }

    fn decimal(&self, text: &str) -> String {
        if self.lang == Lang::Dutch { text.replace('.', ",") } else { text.to_owned() }
    }

    /// A length in its two largest units: `3 d 4 u`, `12 min 5 s`, `45 s`.
    pub(crate) fn duration(&self, millis: impl Borrow<i64>) -> String {
        let millis = *millis.borrow();
        let seconds = millis.max(0) / 1_000;
        if seconds == 0 && millis > 0 {
            return format!("< 1 {}", self.units()[3]);
        }
        let parts = [seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60];
        let first = parts.iter().position(|part| *part > 0).unwrap_or(3);
        let units = self.units();
        let mut text = format!("{} {}", parts[first], units[first]);
        if let Some(second) = parts.get(first + 1).filter(|part| **part > 0) {
            text.push_str(&format!(" {second} {}", units[first + 1]));
        }
        text
    }

    fn units(&self) -> [&'static str; 4] {
        match self.lang {
            Lang::Dutch => ["d", "u", "min", "s"],
            Lang::English => ["d", "h", "min", "s"],
        }
    }

    /// The units of lengths for the script that keeps open ones running.
    pub(crate) fn units_text(&self) -> String {
        self.units().join(" ")
    }

    /// How long something has been going on; the page keeps it running.
    pub(crate) fn elapsed(
        &self,
        since: impl Borrow<Timestamp>,
        now: impl Borrow<Timestamp>,
    ) -> Markup {
        let (since, now) = (*since.borrow(), *now.borrow());
        let millis = now.0.saturating_sub(since.0);
        Markup::new(format!(
            r#"<span class="num" data-since="{}">{}</span>"#,
            since.0,
            self.duration(millis)
        ))
    }

    fn zoned(&self, at: Timestamp) -> Option<Zoned> {
        let instant = jiff::Timestamp::from_millisecond(at.0).ok()?;
        Some(instant.to_zoned(self.zone.clone()))
    }

    fn element(&self, at: Timestamp, text: impl FnOnce(&Zoned) -> String) -> Markup {
        let Some(zoned) = self.zoned(at) else {
            return Markup::new(NO_FIGURE.to_owned());
        };
        let full = format!("{} {}", self.full(&zoned), zoned.strftime("%Z"));
        Markup::new(format!(
            r#"<time class="num" datetime="{}" title="{}">{}</time>"#,
            zoned.timestamp(),
            escape(&full),
            escape(&text(&zoned))
        ))
    }

    /// An instant to the second: `24 nov 2026 14:03:05`.
    pub(crate) fn instant(&self, at: impl Borrow<Timestamp>) -> Markup {
        self.element(*at.borrow(), |zoned| self.full(zoned))
    }

    /// An instant to the minute, with its zone, as plain text:
    /// `24 nov 2026 14:03 CET`.
    pub(crate) fn instant_text(&self, at: Timestamp) -> String {
        let full =
            |zoned: Zoned| format!("{} {}", self.date(zoned.date()), zoned.strftime("%H:%M %Z"));
        self.zoned(at).map_or_else(|| NO_FIGURE.to_owned(), full)
    }

    /// An instant as the value of a field for a local time, to the second: nobody
    /// types milliseconds.
    pub(crate) fn field(&self, at: impl Borrow<Timestamp>) -> String {
        let zoned = self.zoned(*at.borrow());
        zoned.map(|zoned| zoned.strftime("%Y-%m-%dT%H:%M:%S").to_string()).unwrap_or_default()
    }

    /// Text around two values that are markup already, such as instants. The
    /// text is that of `key` with its variables `from` and `to`.
    pub(crate) fn between(&self, key: &str, from: Markup, to: Markup) -> Markup {
        // Marks that no text holds: the text is escaped, the markup is not.
        let (a, b) = ("\u{1}", "\u{2}");
        let text = escape(&self.t2(key, ("from", a), ("to", b)));
        Markup::new(text.replace(a, &from.to_string()).replace(b, &to.to_string()))
    }

    /// An instant near `now`, to the minute: `vandaag 14:03`, `24 nov 14:03`,
    /// `24 nov 2025 14:03`.
    pub(crate) fn moment(&self, at: impl Borrow<Timestamp>, now: impl Borrow<Timestamp>) -> Markup {
        self.element(*at.borrow(), |zoned| self.near(zoned, *now.borrow()))
    }

    /// A period near `now` as plain text; the day is said once where it is the
    /// same: `vandaag 14:03 – 14:20`.
    pub(crate) fn span_text(&self, start: Timestamp, end: Timestamp, now: Timestamp) -> String {
        let (Some(start), Some(end)) = (self.zoned(start), self.zoned(end)) else {
            return NO_FIGURE.to_owned();
        };
        let from = self.near(&start, now);
        if start.date() == end.date() {
            format!("{from} – {}", end.strftime("%H:%M"))
        } else {
            format!("{from} – {}", self.near(&end, now))
        }
    }

    /// The time of day to the second.
    pub(crate) fn clock(&self, at: impl Borrow<Timestamp>) -> Markup {
        self.element(*at.borrow(), |zoned| zoned.strftime("%H:%M:%S").to_string())
    }

    fn full(&self, zoned: &Zoned) -> String {
        format!("{} {}", self.date(zoned.date()), zoned.strftime("%H:%M:%S"))
    }

    fn near(&self, zoned: &Zoned, now: Timestamp) -> String {
        let clock = zoned.strftime("%H:%M");
        let Some(now) = self.zoned(now) else {
            return self.full(zoned);
        };
        if zoned.date() == now.date() {
            format!("{} {clock}", self.t("time-today"))
        } else if Some(zoned.date()) == now.date().yesterday().ok() {
            format!("{} {clock}", self.t("time-yesterday"))
        } else if zoned.year() == now.year() {
            format!("{} {clock}", self.day(zoned.date()))
        } else {
            format!("{} {clock}", self.date(zoned.date()))
        }
    }

    fn month(&self, date: Date) -> &'static str {
        let names = if self.lang == Lang::Dutch { MONTHS_NL } else { MONTHS_EN };
        usize::try_from(date.month() - 1).ok().and_then(|at| names.get(at)).copied().unwrap_or("")
    }

    /// A day with its year: `24 nov 2026`.
    pub(crate) fn date(&self, date: impl Borrow<Date>) -> String {
        let date = *date.borrow();
        format!("{} {} {}", date.day(), self.month(date), date.year())
    }

    /// A day of this year: `24 nov`.
    pub(crate) fn day(&self, date: Date) -> String {
        format!("{} {}", date.day(), self.month(date))
    }

    /// A day of this week: `di 24`.
    pub(crate) fn weekday(&self, date: Date) -> String {
        let names = if self.lang == Lang::Dutch { WEEKDAYS_NL } else { WEEKDAYS_EN };
        let index = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0);
        format!("{} {}", names[index.min(6)], date.day())
    }

    /// The name of the zone, such as `Europe/Amsterdam`.
    pub(crate) fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The name of a state.
    pub(crate) fn state(&self, state: impl Borrow<ServiceState>) -> String {
        self.t(match state.borrow() {
            ServiceState::Up => "state-up",
            ServiceState::Degraded => "state-degraded",
            ServiceState::Down => "state-down",
            ServiceState::Maintenance => "state-maintenance",
            ServiceState::Unknown => "state-unknown",
        })
    }

    /// Icon and name of a state, in its colour.
    pub(crate) fn badge(&self, state: impl Borrow<ServiceState>) -> Markup {
        let state = *state.borrow();
        Markup::new(format!(
            r#"<span class="badge-state is-{}">{}<span>{}</span></span>"#,
            state.as_str(),
            state_icon(state),
            escape(&self.state(state))
        ))
    }
    /// Seconds to wait, rounded up to what people say.
    pub(crate) fn wait(&self, seconds: &u64) -> String {
        let seconds = i64::try_from(*seconds).unwrap_or(i64::MAX / 1_000);
        let rounded = if seconds > 60 { seconds.div_euclid(60) * 60 + 60 } else { seconds };
        self.duration(rounded.saturating_mul(1_000))
    }

    /// How long something takes, to the millisecond while it is short.
    pub(crate) fn millis(&self, millis: impl Borrow<u64>) -> String {
        match *millis.borrow() {
            millis @ 0..1_000 => format!("{millis} ms"),
            millis => self.duration(i64::try_from(millis).unwrap_or(i64::MAX)),
        }
    }

    /// How old something is, or a dash where there is nothing.
    pub(crate) fn age(&self, millis: impl Borrow<Option<u64>>) -> String {
        millis.borrow().map_or_else(|| NO_FIGURE.to_owned(), |millis| self.millis(millis))
    }

    /// A number of bytes: `3,4 MB` or `3.4 MB`.
    pub(crate) fn bytes(&self, bytes: impl Borrow<u64>) -> String {
        let mark = if self.lang == Lang::Dutch { ',' } else { '.' };
        Bytes { bytes: *bytes.borrow(), mark }.to_string()
    }

    /// Icon and name of a source's condition, in its colour.
    pub(crate) fn condition(&self, condition: impl Borrow<SourceCondition>) -> Markup {
        let condition = *condition.borrow();
        Markup::new(format!(
            r#"<span class="badge-state is-{}">{}<span>{}</span></span>"#,
            condition.class(),
            icon(condition.icon()),
            escape(&self.t(condition.key()))
        ))
    }

    /// Which rows of how many: `26–50 van 412`.
    pub(crate) fn range(&self, pager: &Pager) -> String {
        let rows = format!("{}–{}", self.number(pager.first()), self.number(pager.last()));
        self.t2("pager-range", ("rows", rows), ("total", self.number(pager.total)))
    }

    /// The link to a neighbouring page; nothing when there is none. htmx puts
    /// `target` of the answer in the place of `target` here.
    pub(crate) fn page_link(&self, url: Option<String>, forward: bool, target: &str) -> Markup {
        let Some(url) = url.map(|url| escape(&url)) else {
            return Markup::new(String::new());
        };
        let text = escape(&self.t(if forward { "pager-next" } else { "pager-previous" }));
        let arrow = icon(if forward { "chevron-right" } else { "chevron-left" });
        let inner = if forward { format!("{text}{arrow}") } else { format!("{arrow}{text}") };
        Markup::new(format!(
            r#"<a class="btn btn-quiet btn-sm" href="{url}" hx-get="{url}" hx-target="{target}" hx-select="{target}" hx-swap="outerHTML show:{target}:top" hx-push-url="true">{inner}</a>"#
        ))
    }
}

/// The icon of a state; each has its own shape, not only its own colour.
pub(crate) fn state_icon(state: impl Borrow<ServiceState>) -> Markup {
    icon(match state.borrow() {
        ServiceState::Up => "check-circle-fill",
        ServiceState::Degraded => "exclamation-triangle-fill",
        ServiceState::Down => "x-octagon-fill",
        ServiceState::Maintenance => "cone-striped",
        ServiceState::Unknown => "question-diamond-fill",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locale(lang: Lang) -> Locale {
        Locale::new(lang, TimeZone::get("Europe/Amsterdam").expect("bundled zone"))
    }

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().expect("RFC 3339").as_millisecond())
    }

    #[test]
    fn lengths_show_their_two_largest_units() {
        let (dutch, english) = (locale(Lang::Dutch), locale(Lang::English));
        for (millis, nl, en) in [
            (0, "0 s", "0 s"),
            (400, "< 1 s", "< 1 s"),
            (45_000, "45 s", "45 s"),
            (725_000, "12 min 5 s", "12 min 5 s"),
            (3_600_000, "1 u", "1 h"),
            (3_605_000, "1 u", "1 h"),
            (273_600_000, "3 d 4 u", "3 d 4 h"),
            (-5, "0 s", "0 s"),
        ] {
            assert_eq!((dutch.duration(millis), english.duration(millis)), (nl.into(), en.into()));
        }
    }

    #[test]
    fn a_field_for_a_time_is_filled_to_the_second() {
        let filled = |text: &str| locale(Lang::Dutch).field(at(text));
        assert_eq!(filled("2026-11-22T10:00:07.250Z"), "2026-11-22T11:00:07");
        assert_eq!(filled("2026-07-22T10:00:00Z"), "2026-07-22T12:00:00");
    }

    #[test]
    fn instants_read_in_the_zone_of_the_reader() {
        let now = at("2026-11-22T10:00:00Z");
        let dutch = locale(Lang::Dutch);
        for (instant, expected) in [
            ("2026-11-22T09:03:05Z", "vandaag 10:03"),
            ("2026-11-21T23:30:00Z", "vandaag 00:30"),
            ("2026-11-21T22:30:00Z", "gisteren 23:30"),
            ("2026-03-01T12:00:00Z", "1 mrt 13:00"),
            ("2025-12-31T23:30:00Z", "1 jan 00:30"),
            ("2025-12-31T22:30:00Z", "31 dec 2025 23:30"),
        ] {
            let html = dutch.moment(at(instant), now).to_string();
            assert!(html.ends_with(&format!(">{expected}</time>")), "{html}");
        }
        assert_eq!(dutch.moment(Timestamp::MAX, now).to_string(), NO_FIGURE);
        assert_eq!(
            locale(Lang::English).instant(at("2026-07-01T10:00:00Z")).to_string(),
            r#"<time class="num" datetime="2026-07-01T10:00:00Z" title="1 Jul 2026 12:00:00 CEST">1 Jul 2026 12:00:00</time>"#
        );
    }

    #[test]
    fn a_period_says_its_day_once() {
        let now = at("2026-11-22T10:00:00Z");
        let dutch = locale(Lang::Dutch);
        for (start, end, expected) in [
            ("2026-11-22T09:03:00Z", "2026-11-22T09:20:00Z", "vandaag 10:03 – 10:20"),
            ("2026-11-21T22:50:00Z", "2026-11-21T23:10:00Z", "gisteren 23:50 – vandaag 00:10"),
        ] {
            assert_eq!(dutch.span_text(at(start), at(end), now), expected);
        }
    }

    #[test]
    fn numbers_read_in_the_language_of_the_reader() {
        let (dutch, english) = (locale(Lang::Dutch), locale(Lang::English));
        assert_eq!(dutch.number(1_234_567_u64), "1.234.567");
        assert_eq!(english.number(999_u64), "999");
        assert_eq!(english.number(1_000_u64), "1,000");
        assert_eq!(dutch.percent(&Some("99.98".to_owned())), "99,98%");
        assert_eq!(english.percent(&None), NO_FIGURE);
    }
}
