//! Objects and their versions.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Obstacle, Rollouts};

/// Everything that the server knows.
pub struct Store {
    /// By path after `/apis/` or `/api/`.
    objects: BTreeMap<String, Value>,
    version: u64,
    /// What watches are told, oldest first.
    pub history: Vec<Change>,
    /// Watches cannot go on from before this version.
    pub forgotten_before: u64,
    /// Watches of earlier eras have ended.
    pub watch_era: u64,
    rollouts: Rollouts,
    pub uninstalled: Vec<&'static str>,
    pub obstacles: Vec<Obstacle>,
    pub race: Option<(&'static str, Value)>,
    pub requests: Vec<(String, String)>,
}

/// A change that watches are told of.
pub struct Change {
    pub version: u64,
    pub path: String,
    pub kind: &'static str,
    pub object: Value,
}

/// A refused write.
pub struct Refused {
    pub code: u16,
    pub reason: &'static str,
    pub message: String,
}

impl Store {
    pub fn new(rollouts: Rollouts) -> Self {
        Self {
            objects: BTreeMap::new(),
            version: 1,
            history: Vec::new(),
            forgotten_before: 0,
            watch_era: 0,
            rollouts,
            uninstalled: Vec::new(),
            obstacles: Vec::new(),
            race: None,
            requests: Vec::new(),
        }
    }

    pub fn version(&self) -> u64 {
        self.version
    }

    pub fn get(&self, path: &str) -> Option<&Value> {
        self.objects.get(path)
    }

    pub fn objects(&self, part: &str) -> Vec<Value> {
        let found = self.objects.iter().filter(|(path, _)| path.contains(part));
        found.map(|(_, object)| object.clone()).collect()
    }

    /// The objects of a collection, or of a resource in all namespaces.
    pub fn list(&self, collection: &str) -> Vec<Value> {
        let found = self.objects.iter().filter(|(path, _)| belongs(path, collection));
        found.map(|(_, object)| object.clone()).collect()
    }

    /// Creates an object.
    pub fn create(&mut self, collection: &str, object: Value, dry_run: bool) -> Result<Value, Refused> {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let generated = object["metadata"]["generateName"].as_str().unwrap_or_default();
        let path = if name.is_empty() {
            format!("{collection}/{generated}{}", self.version)
        } else {
            format!("{collection}/{name}")
        };
        if self.objects.contains_key(&path) {
            return Err(Refused {
                code: 409,
                reason: "AlreadyExists",
                message: format!("{path} already exists"),
            });
        }
        Ok(self.write(&path, object, dry_run))
    }

    /// Replaces an object, at the version that the new one holds.
    pub fn replace(&mut self, path: &str, object: Value, dry_run: bool) -> Result<Value, Refused> {
        self.let_others_race(path);
        let present = self.present(path)?;
        let at = &object["metadata"]["resourceVersion"];
        if !at.is_null() && *at != present["metadata"]["resourceVersion"] {
            return Err(conflict(path));
        }
        Ok(self.write(path, object, dry_run))
    }

    /// Merges a patch into an object.
    pub fn patch(&mut self, path: &str, patch: &Value, dry_run: bool) -> Result<Value, Refused> {
        self.let_others_race(path);
        let mut object = self.present(path)?.clone();
        let at = &patch["metadata"]["resourceVersion"];
        if !at.is_null() && *at != object["metadata"]["resourceVersion"] {
            return Err(conflict(path));
        }
        merge_into(&mut object, patch);
        Ok(self.write(path, object, dry_run))
    }

    pub fn scale_of(&self, path: &str) -> Result<Value, Refused> {
        let object = self.present(path)?;
        let labels = object["spec"]["selector"]["matchLabels"].as_object();
        let selector = labels.into_iter().flatten();
        let selector: Vec<String> = selector
            .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
            .collect();
        Ok(json!({
            "apiVersion": "autoscaling/v1",
            "kind": "Scale",
            "metadata": {
                "name": object["metadata"]["name"],
                "namespace": object["metadata"]["namespace"],
                "resourceVersion": object["metadata"]["resourceVersion"],
                "uid": object["metadata"]["uid"],
            },
            "spec": { "replicas": object["spec"]["replicas"] },
            "status": { "replicas": object["status"]["replicas"].as_i64().unwrap_or(0), "selector": selector.join(",") },
        }))
    }

    pub fn set_scale(&mut self, path: &str, scale: &Value, dry_run: bool) -> Result<Value, Refused> {
        self.let_others_race(path);
        let mut object = self.present(path)?.clone();
        let at = &scale["metadata"]["resourceVersion"];
        if !at.is_null() && *at != object["metadata"]["resourceVersion"] {
            return Err(conflict(path));
        }
        object["spec"]["replicas"] = scale["spec"]["replicas"].clone();
        let quota = object["metadata"]["annotations"]["test/quota"].as_str();
        let quota = quota.and_then(|quota| quota.parse::<i64>().ok());
        if quota.is_some_and(|quota| object["spec"]["replicas"].as_i64() > Some(quota)) {
            return Err(Refused {
                code: 403,
                reason: "Forbidden",
                message: "exceeded quota".to_owned(),
            });
        }
        let mut answer = scale.clone();
        let written = self.write(path, object, dry_run);
        answer["metadata"]["resourceVersion"] = written["metadata"]["resourceVersion"].clone();
        Ok(answer)
    }

    pub fn put(&mut self, path: &str, object: Value) {
        self.write(path, object, false);
    }

    pub fn merge(&mut self, path: &str, patch: &Value) {
        let mut object = self.objects[path].clone();
        merge_into(&mut object, patch);
        self.write(path, object, false);
    }

    pub fn delete(&mut self, path: &str) {
        if let Some(object) = self.objects.remove(path) {
            self.version += 1;
            self.remember(path, "DELETED", object);
        }
    }

    pub fn roll_out(&mut self, path: &str, ready: i64) {
        let mut object = self.objects[path].clone();
        object["status"] = json!({
            "observedGeneration": object["metadata"]["generation"],
            "replicas": object["spec"]["replicas"],
            "readyReplicas": ready,
        });
        self.write(path, object, false);
    }

    pub fn forget_history(&mut self) {
        self.history.clear();
        self.version += 1;
        self.forgotten_before = self.version;
        self.watch_era += 1;
    }

    /// Takes the first obstacle that stands in the way of the request.
    pub fn obstacle(&mut self, method: &str, path: &str) -> Option<Obstacle> {
        let meets = |it: &Obstacle| it.method.is_none_or(|by| by == method) && path.contains(it.path);
        let position = self.obstacles.iter().position(|it| meets(it) && it.times != Some(0))?;
        let obstacle = &mut self.obstacles[position];
        obstacle.times = obstacle.times.map(|times| times - 1);
        Some(obstacle.clone())
    }

    fn present(&self, path: &str) -> Result<&Value, Refused> {
        self.objects.get(path).ok_or_else(|| Refused {
            code: 404,
            reason: "NotFound",
            message: format!("{path} not found"),
        })
    }

    fn let_others_race(&mut self, path: &str) {
        if self.race.as_ref().is_some_and(|(part, _)| path.contains(part))
            && let Some((_, patch)) = self.race.take()
        {
            self.merge(path, &patch);
        }
    }

    fn write(&mut self, path: &str, mut object: Value, dry_run: bool) -> Value {
        let earlier = self.objects.get(path);
        if !object["metadata"].is_object() {
            object["metadata"] = Value::Object(Map::new());
        }
        let generation = earlier
            .and_then(|it| it["metadata"]["generation"].as_i64())
            .unwrap_or(0);
        let spec_changed = earlier.is_none_or(|it| it["spec"] != object["spec"]);
        let (uid, name) = match earlier {
            Some(earlier) => (earlier["metadata"]["uid"].clone(), earlier["metadata"]["name"].clone()),
            None => (json!(format!("uid-{}", self.version)), json!(path.rsplit('/').next())),
        };
        object["metadata"]["uid"] = uid;
        object["metadata"]["name"] = name;
        object["metadata"]["generation"] = json!(generation + i64::from(spec_changed));
        if let Some((_, rest)) = path.split_once("namespaces/")
            && let Some((namespace, _)) = rest.split_once('/')
        {
            object["metadata"]["namespace"] = json!(namespace);
        }
        if self.rollouts == Rollouts::AtOnce && path.starts_with("apps/") {
            object["status"] = json!({
                "observedGeneration": object["metadata"]["generation"],
                "replicas": object["spec"]["replicas"],
                "readyReplicas": object["spec"]["replicas"],
            });
        }
        if dry_run {
            return object;
        }
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let kind = if earlier.is_some() { "MODIFIED" } else { "ADDED" };
        self.objects.insert(path.to_owned(), object.clone());
        self.remember(path, kind, object.clone());
        object
    }

    fn remember(&mut self, path: &str, kind: &'static str, mut object: Value) {
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.history.push(Change {
            version: self.version,
            path: path.to_owned(),
            kind,
            object,
        });
    }
}

/// Whether the object at `path` is in the collection, which may leave the namespace out.
pub fn belongs(path: &str, collection: &str) -> bool {
    let Some((of, _)) = path.rsplit_once('/') else {
        return false;
    };
    if of == collection {
        return true;
    }
    // apps/v1/namespaces/default/deployments is part of apps/v1/deployments.
    let Some((before, rest)) = of.split_once("/namespaces/") else {
        return false;
    };
    rest.split_once('/')
        .is_some_and(|(_, resource)| format!("{before}/{resource}") == collection)
}

fn conflict(path: &str) -> Refused {
    Refused {
        code: 409,
        reason: "Conflict",
        message: format!("{path}: the object has been modified"),
    }
}

/// RFC 7386.
fn merge_into(object: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *object = patch.clone();
        return;
    };
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    for (name, value) in fields {
        match value {
            Value::Null => drop(object.as_object_mut().and_then(|object| object.remove(name))),
            value => merge_into(&mut object[name], value),
        }
    }
}
