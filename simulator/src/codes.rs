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
        _ => "Unknown error",
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
