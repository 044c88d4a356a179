//! The operators' functions, through a plain SQL client.

mod orders;
mod reading;
mod rights;

use postgres::Client;
use postgres::error::DbError;
use serde_json::Value;

fn ask(client: &mut Client, sql: &str) -> Value {
    client.query_one(sql, &[]).unwrap().get(0)
}

/// What the server says of a call that fails.
fn complaint(client: &mut Client, sql: &str) -> DbError {
    let error = client.query(sql, &[]).unwrap_err();
    error.as_db_error().unwrap_or_else(|| panic!("{error}")).clone()
}

fn code(client: &mut Client, sql: &str) -> String {
    let complaint = complaint(client, sql);
    assert!(
        complaint.hint().is_some_and(|hint| !hint.is_empty()),
        "no hint: {complaint:?}"
    );
    complaint.code().code().to_owned()
}
