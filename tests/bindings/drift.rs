//! What the bindings declare is what the library has: functions as in `include/ecrhub.h`, everything else as in
//! `bindings/contract.json`, which the library makes of its own tables. (The Python package's words and numbers are
//! compared by its own `tests/test_contract.py`.)

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

use crate::support::{exported_symbols, root};

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn contract() -> Value {
    serde_json::from_str(&read("bindings/contract.json")).expect("JSON")
}

/// Words of a list of objects, by one of their keys.
fn names(list: &Value, key: &str) -> Value {
    list.as_array().unwrap().iter().map(|item| item[key].clone()).collect()
}

/// Every function with the types of what it returns and takes.
type Functions = BTreeMap<String, Vec<String>>;

/// `int32_t ecrhub_wake(ecrhub_handle handle);`, over several lines, of the header.
fn header_functions() -> Functions {
    let header = read("include/ecrhub.h");
    let code: String = header
        .lines()
        .filter(|line| !line.starts_with([' ', '/', '#']) || line.starts_with("      "))
        .filter(|line| !line.trim_start().starts_with('*'))
        .collect::<Vec<_>>()
        .join(" ");
    let statements = code.split(';').filter(|statement| !statement.contains("typedef"));
    statements.filter_map(header_function).collect()
}

fn header_function(statement: &str) -> Option<(String, Vec<String>)> {
    let (before, parameters) = statement.trim().trim_end_matches(')').split_once('(')?;
    let (result, name) = typed(before.rsplit('}').next()?);
    let parameters = parameters.split(',').filter(|parameter| parameter.trim() != "void");
    let types = std::iter::once(result).chain(parameters.map(|parameter| typed(parameter).0));
    name.starts_with("ecrhub_").then(|| (name.to_owned(), types.collect()))
}

/// `const char *request_json` is a `const char *` called `request_json`.
fn typed(declaration: &str) -> (String, &str) {
    let declaration = declaration.trim();
    let name = declaration.rsplit([' ', '*']).next().unwrap_or_default();
    (declaration[..declaration.len() - name.len()].trim().to_owned(), name)
}

/// The same, in the types of another language; the first one is what the function returns.
fn translated(types: &[(&str, &str)], result: &[(&str, &str)]) -> Functions {
    let in_language = |position: usize, c: &String| {
        let own = if position == 0 { result.iter().find(|(from, _)| from == c) } else { None };
        let found = own.or_else(|| types.iter().find(|(from, _)| from == c));
        found.unwrap_or_else(|| panic!("no counterpart of {c}")).1.to_owned()
    };
    let translate =
        |types: Vec<String>| types.iter().enumerate().map(|(n, c)| in_language(n, c)).collect();
    header_functions().into_iter().map(|(name, types)| (name, translate(types))).collect()
}

#[test]
fn the_header_is_read_whole() {
    let functions = header_functions();
    let exported = exported_symbols();
    assert_eq!(functions.keys().cloned().collect::<Vec<_>>(), exported);
    assert_eq!(functions["ecrhub_wake"], ["int32_t", "ecrhub_handle"]);
    let send =
        ["int32_t", "ecrhub_handle", "const char *", "int32_t", "char *", "size_t", "size_t *"];
    assert_eq!(functions["ecrhub_send"], send);
}

#[test]
fn python_declares_the_headers_functions() {
    let expected = translated(
        &[
            ("ecrhub_handle", "Handle"),
            ("ecrhub_handle *", "POINTER(Handle)"),
            ("uint32_t", "c_uint32"),
            ("int32_t", "c_int32"),
            ("int32_t *", "POINTER(c_int32)"),
            ("size_t", "c_size_t"),
            ("size_t *", "POINTER(c_size_t)"),
            ("const char *", "c_char_p"),
            ("char *", "c_void_p"),
            ("void *", "c_void_p"),
            ("void **", "POINTER(c_void_p)"),
            ("ecrhub_log_fn", "LogFunction"),
        ],
        &[],
    );
    assert_eq!(python_functions(), expected);
}

/// `    "ecrhub_wake": (c_int32, (Handle,)),` of `_native.py`.
fn python_functions() -> Functions {
    let source = read("bindings/python/src/ecrhub/_native.py");
    let declared = source.lines().filter_map(|line| {
        let (name, types) = line.trim().strip_prefix("\"ecrhub_")?.split_once("\": (")?;
        let types = types.replace("*_TEXT_OUT", "c_void_p, c_size_t, POINTER(c_size_t)");
        let (result, parameters) =
            types.trim_end_matches("),").trim_end_matches(')').split_once(", (")?;
        let parameters = parameters.split(',').map(str::trim).filter(|name| !name.is_empty());
        let types = std::iter::once(result).chain(parameters).map(balanced).collect();
        Some((format!("ecrhub_{name}"), types))
    });
    declared.collect()
}

/// The closing bracket that went with those of the line's end.
fn balanced(name: &str) -> String {
    if name.contains('(') && !name.ends_with(')') { format!("{name})") } else { name.to_owned() }
}

#[test]
fn csharp_declares_the_headers_functions() {
    let expected = translated(
        &[
            ("ecrhub_handle", "ulong"),
            ("ecrhub_handle *", "out ulong"),
            ("uint32_t", "uint"),
            ("int32_t", "int"),
            ("int32_t *", "out int"),
            ("size_t", "UIntPtr"),
            ("size_t *", "out UIntPtr"),
            ("const char *", "byte[]"),
            ("char *", "byte[]"),
            ("void *", "IntPtr"),
            ("void **", "out IntPtr"),
            ("ecrhub_log_fn", "ecrhub_log_fn"),
        ],
        &[("const char *", "IntPtr")],
    );
    let source = read("bindings/csharp/Ecrhub/Native.cs");
    let declared = source.lines().filter_map(|line| {
        let (before, parameters) = line
            .trim()
            .strip_prefix("public static extern ")?
            .trim_end_matches(");")
            .split_once('(')?;
        let (result, name) = before.split_once(' ')?;
        let parameters = parameters.split(", ").filter(|parameter| !parameter.is_empty());
        let types =
            parameters.filter_map(|parameter| parameter.rsplit_once(' ')).map(|(kind, _)| kind);
        Some((name.to_owned(), std::iter::once(result).chain(types).map(str::to_owned).collect()))
    });
    assert_eq!(declared.collect::<Functions>(), expected);
}

/// The texts in quotes between `from` and the end of that statement.
fn quoted_after(source: &str, from: &str) -> Value {
    let (_, rest) = source.split_once(from).unwrap_or_else(|| panic!("there is no {from}"));
    let (block, _) = rest.split_once("};").expect("the statement has an end");
    block.split('"').skip(1).step_by(2).map(|word| json!(word)).collect()
}

/// `public const int NAME = VALUE;` for the names that begin with `prefix`.
fn constants(source: &str, prefix: &str) -> Map<String, Value> {
    let declared = source.lines().filter_map(|line| {
        let (name, value) =
            line.trim().strip_prefix("public const ")?.split_once(' ')?.1.split_once(" = ")?;
        let value = serde_json::from_str(value.trim_end_matches(';')).ok()?;
        name.starts_with(prefix).then(|| (name.to_owned(), value))
    });
    declared.collect()
}

#[test]
fn csharp_declares_the_librarys_words_and_numbers() {
    let source = read("bindings/csharp/Ecrhub/Contract.cs");
    let contract = contract();
    for key in ["events", "outcomes", "sent", "stages"] {
        let table = match key {
            "sent" => "Sents =".to_owned(),
            key => format!(" {}{} =", key[..1].to_uppercase(), &key[1..]),
        };
        assert_eq!(quoted_after(&source, &table), contract[key], "{key}");
    }
    let fields = names(&contract["order_fields"], "name");
    assert_eq!(quoted_after(&source, "OrderFields ="), fields);
    assert_eq!(quoted_after(&source, "ResponseFields ="), contract["response_fields"]);
    assert_eq!(quoted_after(&source, "ConfigKeys ="), names(&contract["config"], "key"));

    let mut numbers = constants(&source, "ECRHUB_");
    assert_eq!(numbers.remove("ECRHUB_ABI_VERSION").as_ref(), Some(&contract["abi_version"]));
    let mut expected = contract["statuses"].as_object().unwrap().clone();
    expected.extend(contract["log_levels"].as_object().unwrap().clone());
    assert_eq!(numbers, expected);

    for (prefix, table) in [("Topic", "topics"), ("TransType", "verbs")] {
        let lower = |(name, value): (String, Value)| (name[prefix.len()..].to_lowercase(), value);
        let declared: Map<String, Value> =
            constants(&source, prefix).into_iter().map(lower).collect();
        assert_eq!(&Value::Object(declared), &contract[table], "{table}");
    }
}
