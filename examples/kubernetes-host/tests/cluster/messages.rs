//! What the program says where it cannot begin.

use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::fake_api::{FakeApi, Obstacle, Rollouts};

fn program(arguments: &[&str], kubeconfig: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kubernetes-host"))
        .args(arguments)
        .env("KUBECONFIG", kubeconfig)
        .env_remove("POD_NAME")
        .output()
        .unwrap()
}

fn error_of(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A kubeconfig file for the server.
fn kubeconfig(directory: &TempDir, url: &str) -> String {
    let path = directory.path().join("kubeconfig");
    let text = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [{ "name": "test", "cluster": { "server": url } }],
        "users": [{ "name": "test", "user": {} }],
        "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test", "namespace": "default" } }],
    });
    std::fs::write(&path, text.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_kubeconfig_that_is_missing_or_malformed_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let missing = error_of(&program(&[], directory.path().join("nothing").to_str().unwrap()));
    assert!(missing.contains("the kubeconfig cannot be used"), "{missing}");
    let path = directory.path().join("malformed");
    std::fs::write(&path, "clusters: 7").unwrap();
    let malformed = error_of(&program(&[], path.to_str().unwrap()));
    assert!(malformed.contains("the kubeconfig cannot be used"), "{malformed}");
}

#[test]
fn a_definition_that_is_not_installed_is_said_with_how_to_install_it() {
    let directory = tempfile::tempdir().unwrap();
    let api = FakeApi::start(Rollouts::AtOnce);
    api.uninstall("healingstatuses");
    let message = error_of(&program(&[], &kubeconfig(&directory, &api.url())));
    assert!(message.contains("--print-crd | kubectl apply -f -"), "{message}");
}

#[test]
fn rights_that_are_missing_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let api = FakeApi::start(Rollouts::AtOnce);
    api.obstruct(Obstacle::forbidden("GET", "healingstatuses"));
    let message = error_of(&program(&[], &kubeconfig(&directory, &api.url())));
    assert!(message.contains("not allowed to list the healingstatuses"), "{message}");
}

#[test]
fn a_namespace_without_anything_to_heal_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let api = FakeApi::start(Rollouts::AtOnce);
    let message = error_of(&program(&[], &kubeconfig(&directory, &api.url())));
    assert!(
        message.contains("there are no healingstatuses in the namespace default"),
        "{message}"
    );
}

#[test]
fn the_definition_is_printed_for_kubectl() {
    let output = program(&["--print-crd"], "/nonexistent");
    assert!(output.status.success());
    let definition: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(definition["kind"], "CustomResourceDefinition");
    assert_eq!(definition["spec"]["names"]["shortNames"][0], "healing");
    let version = &definition["spec"]["versions"][0];
    assert!(version["subresources"]["status"].is_object());
    let columns: Vec<&str> = version["additionalPrinterColumns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["name"].as_str().unwrap())
        .collect();
    assert!(columns.contains(&"State") && columns.contains(&"Lambda") && columns.contains(&"Last"));
}
