//! Response codes and their texts.

/// The code's meaning, as the terminal words it.
pub(crate) fn meaning(code: &str) -> &'static str {
    match code {
        "000" => "",
        "101" => "Transaction in progress, try again later",
        "102" => "Transaction cancelled",
        "103" => "Transaction successful",
        "104" => "Transaction does not exist",
        "105" => "Transaction refunded",
        "106" => "Transaction failed",
        "107" => "Transaction timeout",
        "108" => "Transaction result unknown",
        "109" => "Network anomaly",
        "110" => "Operator cancellation",
        "111" => "Read card timeout",
        "112" => "QR code timeout",
        "113" => "Duplicate merchant order number",
        "114" => "Unsupported transaction type",
        "115" => "Rejected",
        "116" => "Not logged in",
        "117" => "Unsupported payment scenario",
        "118" => "Token expired",
        "119" => "Cannot void",
        "120" => "Amount out of limit",
        "121" => "Incorrect amount format",
        "201" => "Failed to close the transaction",
        "202" => "Transaction parameter error",
        gateway if is_gateway(gateway) => inner_text(gateway),
        _ => "Unknown error",
    }
}

/// Whether a code is the gateway's or the acquirer's, which terminals send in brackets or as the response code itself.
pub(crate) fn is_gateway(code: &str) -> bool {
    code.starts_with(['C', 'E', 'S', 'T'])
}

/// What stands behind an inner code in its brackets.
pub(crate) fn inner_text(inner: &str) -> &'static str {
    match inner {
        "K009" => "Unknown exception",
        "K015" => "Transaction record does not exist",
        "K016" => "Transaction types do not match",
        "K017" => "Transaction is still processing",
        "K018" => "Please use the same card",
        "K019" => "Nothing to settle",
        "K020" => "Refund above the amount that is left",
        "K021" => "Original transaction is not completed",
        "K024" => "Settlement failed",
        "K025" => "Please sign in first",
        "K026" => "Cancelled by hand",
        "K027" => "Transaction timeout, check before paying again",
        "K028" => "Original transaction was not by card",
        "K029" => "Battery is low",
        "K030" => "Card reader is not connected",
        "K031" => "Please settle first",
        "K032" => "Please load EMV parameters",
        "K033" => "Key is missing",
        "K035" => "Transaction is fully refunded",
        "K036" => "Automatic reversal successful",
        "K037" => "Automatic reversal failed",
        "K039" => "Cashback above the limit",
        "M003" => "Invalid Amount",
        "M009" => "Invalid app_id",
        "N003" => "Declined",
        "ET002" | "ET003" | "E04110" | "E04111" => "Order not found",
        "E04112" => "Order number repeats",
        "E04126" | "E04130" => "Amount too high",
        "E04132" => "Partial refund not allowed",
        "ET007" | "ET008" | "CF008" => "Batch is closed",
        "TS-D051" => "Insufficient funds",
        _ => "System error",
    }
}

/// The code some terminals put in brackets behind the text.
pub(crate) fn inner(code: &str) -> &'static str {
    match code {
        "102" | "110" => "K026",
        "106" | "115" => "H051",
        "107" | "111" | "112" => "K041",
        "108" | "109" => "N007",
        "121" | "202" => "M003",
        _ => "E999",
    }
}
