//! The journal's commands, also while another process owns it.

mod support;

use serde_json::Value;
use support::Shop;

/// Approved, declined and unknown orders in a journal.
fn shop_with_orders() -> Shop {
    let shop = Shop::open();
    shop.run_with_journal(&["sale", "1.00", "--order", "S1", "--currency", "USD"]).with_code(0);
    shop.run_with_journal(&["sale", "2.01", "--order", "S2"]).with_code(1);
    shop.run_with_journal(&["sale", "3.55", "--order", "S3", "--config", &shop.impatient()])
        .with_code(7);
    shop
}

#[test]
fn the_list_is_a_table_for_people_and_lines_for_programs() {
    let shop = shop_with_orders();
    let ran = shop.run_with_journal(&["journal", "list"]).with_code(0);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{ran:?}");
    assert!(lines[0].starts_with("Accepted"), "{ran:?}");
    let column = lines[0].find("Outcome").unwrap();
    for (line, outcome) in lines[1..].iter().zip(["approved", "declined", "unknown"]) {
        assert!(line[column..].starts_with(outcome), "columns are aligned: {ran:?}");
    }
    ran.told("1.00 USD").told("to be resolved");

    let orders = shop.orders();
    assert_eq!(orders.len(), 3);
    assert_eq!(orders[0]["request"]["biz_data"]["order_amount"], "1.00");
    assert_eq!(orders[0]["response"]["biz_data"]["trans_status"], "2");
    assert_eq!(orders[2]["open"], true);
}

#[test]
fn the_list_can_be_narrowed() {
    let shop = shop_with_orders();
    let numbers = |args: &[&str]| -> Vec<String> {
        let args = [&["journal", "list", "--json"], args].concat();
        let orders = shop.run_with_journal(&args).with_code(0).json();
        orders.iter().map(|order| order["merchant_order_no"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(numbers(&["--open"]), ["S3"]);
    assert_eq!(numbers(&["--outcome", "declined"]), ["S2"]);
    assert_eq!(numbers(&["--last", "2"]), ["S2", "S3"]);
    assert_eq!(numbers(&["--from", "2020-01-01"]), ["S1", "S2", "S3"]);
    assert!(numbers(&["--until", "2020-01-01"]).is_empty());
    assert!(numbers(&["--terminal", "other"]).is_empty());
    shop.run_with_journal(&["journal", "list", "--terminal", "other"])
        .with_code(0)
        .noted("No such");
}

#[test]
fn one_order_is_shown_whole_by_either_of_its_names() {
    let shop = shop_with_orders();
    let ran = shop.run_with_journal(&["journal", "show", "S1"]).with_code(0);
    ran.told("approved").told("Response").told("1.00 USD");
    let id = shop.orders()[0]["request_id"].as_str().unwrap().to_owned();
    let by_id = shop.run_with_journal(&["journal", "show", &id, "--json"]).with_code(0).json();
    assert_eq!(by_id[0]["merchant_order_no"], "S1");
    shop.run_with_journal(&["journal", "show", "S9"]).with_code(9).noted("S9");
}

#[test]
fn an_unknown_order_is_resolved_by_a_person() {
    let shop = shop_with_orders();
    let resolve = ["journal", "resolve", "S3", "approved", "--note", "seen on the terminal's list"];
    shop.run_with_journal(&resolve).with_code(0).told("S3").told("approved");
    let order = &shop.orders()[2];
    assert_eq!(order["outcome"], "approved");
    assert_eq!(order["note"], "seen on the terminal's list");
    assert_eq!(order["open"], false);
    shop.run_with_journal(&resolve).with_code(9).noted("only an order that is unknown");
    shop.run_with_journal(&["journal", "resolve", "S9", "approved"]).with_code(9).noted("S9");
}

#[test]
fn an_export_is_csv_or_json_lines() {
    let shop = shop_with_orders();
    let ran = shop.run_with_journal(&["journal", "export"]).with_code(0);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{ran:?}");
    assert!(lines[0].starts_with("accepted,merchant_order_no,"), "{ran:?}");
    let columns = lines[0].split(',').count();
    assert!(lines[1].contains(",S1,") && lines[1].contains(",1.00,USD,"), "{ran:?}");
    assert_eq!(lines[1].split(',').count(), columns, "{ran:?}");

    let file = shop.path("orders.csv");
    let export = ["journal", "export", "--output", &file, "--last", "1"];
    assert_eq!(shop.run_with_journal(&export).with_code(0).stdout, "");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.ends_with("\r\n") && text.lines().count() == 2 && text.contains(",S3,"), "{text}");
    shop.run_with_journal(&export).with_code(9).noted("orders.csv");

    let ran = shop.run_with_journal(&["journal", "export", "--json"]).with_code(0);
    assert_eq!(ran.json(), shop.orders());
}

#[cfg(unix)]
#[test]
fn an_export_is_as_private_as_the_journal_and_follows_no_link() {
    use std::os::unix::fs::MetadataExt;
    let shop = shop_with_orders();
    let (file, link) = (shop.path("orders.csv"), shop.path("link.csv"));
    shop.run_with_journal(&["journal", "export", "--output", &file]).with_code(0);
    for path in [&file, &shop.path("journal.db")] {
        assert_eq!(std::fs::metadata(path).unwrap().mode() & 0o7777, 0o600, "{path}");
    }
    std::os::unix::fs::symlink(shop.path("nowhere.csv"), &link).unwrap();
    shop.run_with_journal(&["journal", "export", "--output", &link]).with_code(9).noted("link.csv");
    assert!(!std::path::Path::new(&shop.path("nowhere.csv")).exists());
}

#[test]
fn while_a_till_owns_it_the_journal_is_read_but_not_resolved() {
    let shop = shop_with_orders();
    let journal = shop.path("journal.db");
    let mut till = shop.start(&["watch", "--json", "--journal", &journal]);
    till.wait_told("\"connected\"");

    assert_eq!(shop.orders().len(), 3);
    shop.run_with_journal(&["journal", "list"]).with_code(0).told("S3");
    shop.run_with_journal(&["journal", "show", "S3"]).with_code(0).told("unknown");
    shop.run_with_journal(&["journal", "export"]).with_code(0).told(",S3,");
    let ran = shop.run_with_journal(&["journal", "resolve", "S3", "declined"]).with_code(9);
    ran.noted("in use by").noted("ecrhub_resolve");
    let ran = shop.run_with_journal(&["sale", "1.00"]).with_code(9);
    ran.noted("ECRHUB_ERR_JOURNAL").noted("in use by");
    // A query keeps nothing, and works beside the till.
    shop.run_with_journal(&["query", "S1"]).with_code(0);
    drop(till);
    shop.run_with_journal(&["journal", "resolve", "S3", "declined"]).with_code(0);
}

#[test]
fn a_journal_that_is_none_is_named() {
    let shop = Shop::open();
    for command in [&["journal", "list"][..], &["journal", "resolve", "S1", "approved"]] {
        shop.run_with_journal(command).with_code(9).noted("journal.db");
    }
    assert!(!shop.dir().join("journal.db").exists(), "looking makes no journal");
    shop.write("journal.db", "this is a text, and no journal at all");
    shop.run_with_journal(&["journal", "list"]).with_code(9).noted("journal.db");
    let text = std::fs::read_to_string(shop.path("journal.db")).unwrap();
    assert_eq!(text, "this is a text, and no journal at all");
}

#[test]
fn the_journal_of_a_configuration_file_will_do() {
    let shop = shop_with_orders();
    let config = serde_json::json!({"journal": shop.path("journal.db")}).to_string();
    let config = shop.write("config.json", &config);
    let orders: Vec<Value> =
        shop.run(&["journal", "list", "--json", "--config", &config]).with_code(0).json();
    assert_eq!(orders.len(), 3);
}

#[cfg(target_os = "linux")]
#[test]
fn an_export_that_does_not_fit_on_the_disk_fails() {
    let shop = shop_with_orders();
    let journal = shop.path("journal.db");
    let mut command = shop.ecrhub(&["journal", "export", "--journal", &journal]);
    command.stdout(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    support::run(command).with_code(9).noted("No space left").noted("incomplete");
}
