//! The OpenAPI document that a model's tools are made from.

use std::path::Path;

use serde_json::Value;

use crate::support::{Server, variables};

fn document(server: &Server) -> Value {
    server
        .ask("GET", "/openapi.json")
        .without_key()
        .send()
        .expect(200)
        .json()
}

/// Every operation, with its method and path as a name.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("there are paths") {
        for (method, operation) in methods.as_object().expect("a path has methods") {
            found.push((format!("{method} {path}"), operation));
        }
    }
    found
}

#[test]
fn it_is_what_it_was_reviewed_as() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/openapi.snapshot.json");
    let mut document = document(&Server::spawn());
    document["info"]["version"] = "any".into();
    let now = serde_json::to_string_pretty(&document).expect("JSON can be written") + "\n";
    if variables::get("OT_BLESS").is_some() {
        std::fs::write(&path, &now).expect("the source tree is writable");
    }
    let reviewed = std::fs::read_to_string(&path).unwrap_or_default();
    let line = now
        .lines()
        .zip(reviewed.lines())
        .position(|(now, then)| now != then);
    assert!(
        now == reviewed,
        "the document differs from {} from line {} on; if that is meant, run the test with OT_BLESS=1 and review it",
        path.display(),
        line.unwrap_or_else(|| reviewed.lines().count()) + 1,
    );
}

#[test]
fn every_parameter_and_member_has_a_plain_type_and_a_description() {
    let document = document(&Server::builder().env("OPEN_TERMINAL_INFO", "x").start());
    for (name, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            plain(
                &format!("{name}: {}", parameter["name"]),
                &parameter["schema"],
            );
            // Clients know the id in the path without a description; the operation says where it is from.
            let in_path = parameter["in"] == "path"
                && operation["description"]
                    .as_str()
                    .is_some_and(|text| text.contains("id"));
            assert!(
                parameter["description"].is_string() || in_path,
                "{name}: {} is not described",
                parameter["name"]
            );
        }
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        let schema = resolved(&document, body);
        for (member, schema) in schema["properties"].as_object().into_iter().flatten() {
            plain(&format!("{name}: {member}"), schema);
            assert!(
                schema["description"].is_string(),
                "{name}: {member} is not described"
            );
        }
    }
}

/// Checks that a model sees one plain type.
#[track_caller]
fn plain(name: &str, schema: &Value) {
    assert!(
        schema["type"].is_string(),
        "{name} has no plain type: {schema}"
    );
    for word in ["anyOf", "oneOf", "allOf"] {
        assert!(schema.get(word).is_none(), "{name} has {word}: {schema}");
    }
}

/// What a `$ref` stands for, or the schema itself.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let reference = schema["$ref"]
        .as_str()
        .and_then(|text| text.strip_prefix('#'));
    reference.map_or(schema, |pointer| {
        document
            .pointer(pointer)
            .expect("the reference leads somewhere")
    })
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document(&Server::spawn());
    let text = document.to_string();
    for part in text.split("\"$ref\":\"#").skip(1) {
        let pointer = part.split('"').next().expect("a string ends");
        assert!(document.pointer(pointer).is_some(), "{pointer} is missing");
    }
}

#[test]
fn every_operation_is_described_and_has_its_name() {
    let document = document(&Server::spawn());
    let found = operations(&document);
    let id_of = |name: &str| {
        found
            .iter()
            .find(|(at, _)| at == name)
            .map(|(_, operation)| &operation["operationId"])
    };
    for (name, id) in [
        ("get /execute", "list_processes"),
        ("post /execute", "run_command"),
        ("get /execute/{process_id}/status", "get_process_status"),
        ("post /execute/{process_id}/input", "send_process_input"),
        ("delete /execute/{process_id}", "kill_process"),
    ] {
        assert_eq!(id_of(name), Some(&Value::from(id)), "{name}");
    }
    for (name, operation) in &found {
        for member in ["operationId", "summary", "description", "security"] {
            assert!(!operation[member].is_null(), "{name} has no {member}");
        }
    }
}

#[test]
fn the_admins_words_are_added_to_run_command() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_EXECUTE_DESCRIPTION", "Never touch /srv.")
        .start();
    let document = document(&server);
    let text = document["paths"]["/execute"]["post"]["description"]
        .as_str()
        .expect("it is described");
    assert!(
        text.ends_with("Never touch /srv.") && text.len() > 50,
        "{text}"
    );
}
