//! Amounts as the protocol writes them: decimals in major units.

/// Thousandths of the currency's unit: exact for every currency there is.
pub(crate) type Milli = u64;

/// Reads `10`, `10.5`, `10.50` or, for currencies with three decimals, `10.505`; `None` for anything else.
pub(crate) fn parse(text: &str) -> Option<Milli> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str, most: usize| {
        !part.is_empty() && part.len() <= most && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !digits(whole, 12) || !digits(fraction, 3) {
        return None;
    }
    let thousandths = format!("{fraction:0<3}").parse::<Milli>().ok()?;
    Some(whole.parse::<Milli>().ok()? * 1_000 + thousandths)
}

/// As the terminal prints it: two decimals, or three where they are needed.
pub(crate) fn print(amount: Milli) -> String {
    let (whole, thousandths) = (amount / 1_000, amount % 1_000);
    if thousandths.is_multiple_of(10) {
        format!("{whole}.{:02}", thousandths / 10)
    } else {
        format!("{whole}.{thousandths:03}")
    }
}

/// The cents that choose a test amount.
pub(crate) fn cents(amount: Milli) -> u8 {
    u8::try_from(amount % 1_000 / 10).unwrap_or(0)
}

/// The whole units beside those cents.
pub(crate) fn units(amount: Milli) -> u64 {
    amount / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_decimals_only() {
        for (text, amount) in [("10", 10_000), ("0.5", 500), ("34.50", 34_500), ("1.005", 1_005)] {
            assert_eq!(parse(text), Some(amount), "{text}");
        }
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1,00",
            "1e3",
            "1.0000",
            " 1",
            "١",
            "1234567890123",
            "1.2.3",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn prints_and_takes_cents() {
        assert_eq!(print(10_000), "10.00");
        assert_eq!(print(1_005), "1.005");
        assert_eq!(cents(34_310), 31);
        assert_eq!(cents(34_319), 31);
    }
}
