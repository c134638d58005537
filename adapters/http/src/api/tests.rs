use std::collections::BTreeSet;

use serde_json::Value;

use super::specification;

fn document() -> Value {
    serde_json::from_str(&specification()).expect("JSON")
}

/// Every operation with its path and method.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let of_path = |(path, methods)| {
        let methods: &serde_json::Map<String, Value> = Value::as_object(methods).expect("methods");
        methods.iter().map(move |(method, operation)| (format!("{method} {path}"), operation))
    };
    paths.iter().flat_map(of_path).collect()
}

#[test]
fn the_document_is_the_same_each_time() {
    assert_eq!(specification(), specification());
}

#[test]
fn no_path_stands_twice() {
    // A JSON reader keeps the last of two members of one name, so the text is looked at.
    let specification = specification();
    let paths = specification.lines().filter(|line| line.starts_with("    \"/"));
    let mut seen = BTreeSet::new();
    for path in paths {
        assert!(seen.insert(path), "{path}");
    }
    assert!(seen.len() > 10, "{seen:?}");
}

#[test]
fn every_operation_is_named_described_and_lists_its_codes() {
    let document = document();
    let mut names = BTreeSet::new();
    for (call, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap_or_else(|| panic!("{call} has no operation id"));
        assert!(names.insert(name.to_owned()), "{name}");
        assert!(operation["summary"].is_string(), "{call}");
        assert!(operation["tags"].as_array().is_some_and(|tags| tags.len() == 1), "{call}");
        let responses = operation["responses"].as_object().expect("responses");
        for (status, response) in responses.iter().filter(|(status, _)| status.as_str() >= "400") {
            let codes = &response["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]["code"];
            let codes = codes["enum"].as_array().unwrap_or_else(|| panic!("{call} {status} lists no codes"));
            assert!(!codes.is_empty(), "{call} {status}");
        }
        assert!(responses.contains_key("429"), "{call}");
    }
}

#[test]
fn the_calls_of_the_catalogue_are_there() {
    let document = document();
    let calls: BTreeSet<_> = operations(&document).into_iter().map(|(call, _)| call).collect();
    let expected = [
        "get /v1/concerts",
        "post /v1/concerts",
        "get /v1/concerts/{id}",
        "patch /v1/concerts/{id}",
        "post /v1/concerts/{id}/performances",
        "get /v1/performances/{id}",
        "patch /v1/performances/{id}",
        "get /v1/performances/{id}/availability",
        "get /v1/performances/{id}/availability/events",
        "get /v1/performances/{id}/seats",
        "get /v1/seating-plans/{id}",
        "post /v1/seating-plans",
        "get /v1/operator-actions",
        "get /health/live",
        "get /health/ready",
    ];
    for call in expected {
        assert!(calls.contains(call), "{call} is not in {calls:?}");
    }
}

#[test]
fn every_reference_has_its_schema() {
    let specification = specification();
    let document = document();
    let references = specification.split("\"#/components/schemas/").skip(1);
    for name in references.map(|rest| rest.split('"').next().unwrap_or_default()) {
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
}
