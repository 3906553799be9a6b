//! Times for people: local, to the second.

use chrono::{DateTime, Local, NaiveDate, NaiveDateTime, TimeZone};

fn local(ms: i64) -> Option<DateTime<Local>> {
    Local.timestamp_millis_opt(ms).earliest()
}

/// `2026-01-31 23:59:59`
pub fn date_time(ms: i64) -> String {
    shown(ms, "%Y-%m-%d %H:%M:%S")
}

/// `23:59:59`
pub fn time(ms: i64) -> String {
    shown(ms, "%H:%M:%S")
}

/// `2026-01-31T23:59:59.000+01:00`, for other programs.
pub fn iso(ms: i64) -> String {
    shown(ms, "%Y-%m-%dT%H:%M:%S%.3f%:z")
}

fn shown(ms: i64, format: &str) -> String {
    local(ms).map_or_else(|| format!("{ms} ms"), |at| at.format(format).to_string())
}

/// Epoch milliseconds, now.
pub fn now_ms() -> i64 {
    Local::now().timestamp_millis()
}

/// `260131235959`, for order numbers.
pub fn stamp() -> String {
    Local::now().format("%y%m%d%H%M%S").to_string()
}

/// A local day or time as epoch milliseconds.
pub fn parse(text: &str) -> Result<i64, String> {
    let formats = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"];
    let moment = formats
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0));
    // The hour that comes twice in autumn is meant from its first time on; the one that spring skips does not exist.
    moment
        .and_then(|moment| Local.from_local_datetime(&moment).earliest())
        .map(|moment| moment.timestamp_millis())
        .ok_or_else(|| "a day like 2026-01-31 or a time like \"2026-01-31 14:00\"".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_typed() {
        let now = now_ms() / 1_000 * 1_000;
        assert_eq!(parse(&date_time(now)), Ok(now));
        assert!(parse("2026-01-31").unwrap() < parse("2026-01-31 00:01").unwrap());
        for text in ["", "yesterday", "2026-13-01", "2026-02-30"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn no_time_is_too_strange_to_be_shown() {
        for ms in [i64::MIN, -1, 0, i64::MAX] {
            assert!(!date_time(ms).is_empty() && !iso(ms).is_empty());
        }
    }
}
