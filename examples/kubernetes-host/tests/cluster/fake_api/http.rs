//! Requests and answers.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use futures::channel::mpsc;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::Shared;
use super::store::{Refused, belongs};

type Answer = Response<BoxBody<Bytes, Infallible>>;

pub async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        drop(tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, Arc::clone(&shared)));
            // A client that goes away is its own affair.
            drop(
                http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await,
            );
        }));
    }
}

async fn answer(request: Request<Incoming>, shared: Arc<Shared>) -> Result<Answer, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let method = parts.method;
    let path = parts.uri.path().to_owned();
    let query = query_of(parts.uri.query().unwrap_or_default());
    let mut store = shared.store.lock();
    store.requests.push((method.to_string(), path.clone()));
    if let Some(obstacle) = store.obstacle(method.as_str(), &path) {
        let mut answer = status(obstacle.code, obstacle.reason, obstacle.message);
        if let Some(seconds) = obstacle.retry_after {
            answer.headers_mut().insert("Retry-After", seconds.parse().unwrap());
        }
        return Ok(answer);
    }
    if store.uninstalled.iter().any(|resource| path.contains(resource)) {
        return Ok(text(404, "404 page not found\n"));
    }
    let path = path.trim_start_matches("/apis/").trim_start_matches("/api/");
    let dry_run = query.get("dryRun").is_some_and(|it| it == "All");
    let json: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let result = if let Some(of) = path.strip_suffix("/scale") {
        match method {
            Method::GET => store.scale_of(of),
            _ => store.set_scale(of, &json, dry_run),
        }
    } else if let Some(of) = path.strip_suffix("/status") {
        store.patch(of, &json, dry_run)
    } else if is_collection(path) {
        match method {
            Method::GET if query.contains_key("watch") => {
                drop(store);
                return Ok(watch(shared, path.to_owned(), &query));
            }
            Method::GET => Ok(json!({
                "kind": "List",
                "apiVersion": "v1",
                "metadata": { "resourceVersion": store.version().to_string() },
                "items": store.list(path).into_iter().filter(|it| selected(it, &query)).collect::<Vec<_>>(),
            })),
            _ => store.create(path, json, dry_run),
        }
    } else {
        match method {
            Method::GET => store.get(path).cloned().ok_or_else(|| Refused {
                code: 404,
                reason: "NotFound",
                message: format!("{path} not found"),
            }),
            Method::PUT => store.replace(path, json, dry_run),
            _ => store.patch(path, &json, dry_run),
        }
    };
    drop(store);
    shared.changed.send_modify(|count| *count += 1);
    Ok(match result {
        Ok(object) => text(200, &object.to_string()),
        Err(refused) => status(refused.code, refused.reason, &refused.message),
    })
}

/// A stream of what happens in a collection, from a version on.
fn watch(shared: Arc<Shared>, collection: String, query: &BTreeMap<String, String>) -> Answer {
    let from: u64 = query.get("resourceVersion").and_then(|it| it.parse().ok()).unwrap_or(0);
    let query = query.clone();
    let (sender, lines) = mpsc::unbounded::<Result<Frame<Bytes>, Infallible>>();
    let mut changed = shared.changed.subscribe();
    let era = shared.store.lock().watch_era;
    drop(tokio::spawn(async move {
        let send = |line: &Value| {
            sender
                .unbounded_send(Ok(Frame::data(Bytes::from(format!("{line}\n")))))
                .is_ok()
        };
        let mut seen = from;
        loop {
            {
                let store = shared.store.lock();
                if seen < store.forgotten_before {
                    send(&json!({ "type": "ERROR", "object": failure(410, "Expired", "too old resource version") }));
                    return;
                }
                if store.watch_era != era {
                    return;
                }
                let news = store
                    .history
                    .iter()
                    .filter(|it| it.version > seen && belongs(&it.path, &collection) && selected(&it.object, &query));
                for change in news {
                    if !send(&json!({ "type": change.kind, "object": change.object })) {
                        return;
                    }
                }
                seen = store.version();
            }
            if changed.changed().await.is_err() {
                return;
            }
        }
    }));
    Response::new(BodyExt::boxed(StreamBody::new(lines)))
}

/// Whether the field and label selectors of the query choose the object.
fn selected(object: &Value, query: &BTreeMap<String, String>) -> bool {
    let by_name = query
        .get("fieldSelector")
        .and_then(|it| it.strip_prefix("metadata.name="));
    let labels = query.get("labelSelector").map(String::as_str).unwrap_or_default();
    by_name.is_none_or(|name| object["metadata"]["name"] == name)
        && labels
            .split(',')
            .filter_map(|term| term.split_once('='))
            .all(|(key, value)| object["metadata"]["labels"][key] == value)
}

/// Paths of collections end in a resource's name: `apps/v1/namespaces/default/deployments`, `v1/nodes`.
fn is_collection(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let after_version = parts
        .iter()
        .position(|part| part.starts_with('v'))
        .map_or(0, |it| parts.len() - it - 1);
    match parts.contains(&"namespaces") {
        true => after_version == 3,
        false => after_version == 1,
    }
}

fn query_of(query: &str) -> BTreeMap<String, String> {
    let pairs = query.split('&').filter(|it| !it.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| {
            (
                key.to_owned(),
                value.replace("%3D", "=").replace("%2C", ",").replace("%2F", "/"),
            )
        })
        .collect()
}

fn failure(code: u16, reason: &str, message: &str) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    })
}

fn status(code: u16, reason: &str, message: &str) -> Answer {
    text(code, &failure(code, reason, message).to_string())
}

fn text(code: u16, body: &str) -> Answer {
    let body = Full::new(Bytes::from(body.to_owned())).boxed();
    let mut answer = Response::new(body);
    *answer.status_mut() = code.try_into().unwrap();
    answer
        .headers_mut()
        .insert("Content-Type", "application/json".parse().unwrap());
    answer
}
