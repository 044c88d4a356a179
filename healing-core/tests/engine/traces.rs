//! What the loop tells those who listen through `tracing`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Once};

use parking_lot::Mutex;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Scope};

use crate::world::{MINUTE, Valves, World, run};

type Fields = BTreeMap<&'static str, String>;

/// Everything that is told, in order.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Vec<Told>>>);

/// Who listens to what is told on this thread. The subscriber is the same for all: one that comes and goes while others run
/// may miss what is told for the first time at that moment.
#[derive(Clone)]
enum Ear {
    Attentive(Listener),
    /// Panics whenever anything is told.
    Hysteric,
}

thread_local! {
    static EAR: RefCell<Option<Ear>> = const { RefCell::new(None) };
}

/// What is told on this thread reaches `ear`.
fn listening<T>(ear: Ear, what: impl FnOnce() -> T) -> T {
    static SUBSCRIBED: Once = Once::new();
    SUBSCRIBED.call_once(|| tracing::subscriber::set_global_default(Registry::default().with(ByThread)).unwrap());
    EAR.set(Some(ear));
    let result = what();
    EAR.set(None);
    result
}

struct ByThread;

impl ByThread {
    fn listener() -> Option<Listener> {
        match EAR.with_borrow(Clone::clone) {
            Some(Ear::Attentive(listener)) => Some(listener),
            Some(Ear::Hysteric) => panic!("somebody said something!"),
            None => None,
        }
    }
}

#[derive(Clone, Debug)]
struct Told {
    what: What,
    level: Level,
    fields: Fields,
    /// The names of the spans that it is in, outermost first.
    inside: Vec<&'static str>,
}

#[derive(Clone, Debug, PartialEq)]
enum What {
    Span(&'static str),
    End(&'static str),
    Event(String),
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for ByThread {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(listener) = Self::listener() else { return };
        let mut fields = Reader(Fields::new());
        attributes.record(&mut fields);
        let span = context.span(id).unwrap();
        listener.0.lock().push(Told {
            what: What::Span(span.name()),
            level: *span.metadata().level(),
            fields: fields.0,
            inside: span.scope().from_root().map(|it| it.name()).collect(),
        });
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(listener) = Self::listener() else { return };
        let mut fields = Reader(Fields::new());
        event.record(&mut fields);
        let message = fields.0.remove("message").unwrap_or_default();
        let scope = context.event_scope(event).into_iter();
        listener.0.lock().push(Told {
            what: What::Event(message),
            level: *event.metadata().level(),
            fields: fields.0,
            inside: scope.flat_map(Scope::from_root).map(|it| it.name()).collect(),
        });
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(listener) = Self::listener() else { return };
        let span = context.span(&id).unwrap();
        listener.0.lock().push(Told {
            what: What::End(span.name()),
            level: *span.metadata().level(),
            fields: Fields::new(),
            inside: Vec::new(),
        });
    }
}

struct Reader(Fields);

impl Visit for Reader {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl Listener {
    fn events(&self, message: &str) -> Vec<Told> {
        let all = self.0.lock();
        let of_that = all.iter().filter(|told| told.what == What::Event(message.to_owned()));
        of_that.cloned().collect()
    }

    fn spans(&self, name: &'static str) -> Vec<Told> {
        let all = self.0.lock();
        let of_that = all.iter().filter(|told| told.what == What::Span(name));
        of_that.cloned().collect()
    }
}

/// What is told while a sick partition is healed.
fn healing() -> Listener {
    let listener = Listener::default();
    listening(Ear::Attentive(listener.clone()), || {
        let world = World::new();
        let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
        run(&mut healer, &world.clock, MINUTE);
        world.sicken(0.4);
        run(&mut healer, &world.clock, 10 * MINUTE);
        assert_eq!(world.open_valves(), [1, 2, 3]);
    });
    listener
}

#[test]
fn a_remediation_is_a_span_with_its_steps_and_what_the_host_does_for_them_inside() {
    let listener = healing();
    let remediations = listener.spans("remediation");
    assert_eq!(remediations.len(), 1);
    let fields = &remediations[0].fields;
    assert_eq!(fields["collection"], "embeddings");
    assert_eq!(fields["remediation"], "embeddings#1");
    assert_eq!(fields["strategy"], "open_valves");
    assert_eq!(fields["problem"], "hotspot_congestion");
    assert_eq!(remediations[0].inside, ["remediation"]);

    let steps = listener.spans("step");
    let told: Vec<_> = steps
        .iter()
        .map(|step| (step.fields["call"].as_str(), step.fields["step"].as_str()))
        .collect();
    assert_eq!(told, [("execute", "0"), ("execute", "1"), ("execute", "2")]);
    assert!(steps.iter().all(|step| step.inside == ["remediation", "step"]));

    let of_the_host = listener.events("a valve was turned");
    assert_eq!(of_the_host.len(), 3);
    assert!(of_the_host.iter().all(|event| event.inside == ["remediation", "step"]));

    let all = listener.0.lock();
    let ends = all.iter().filter(|told| told.what == What::End("remediation"));
    assert_eq!(ends.count(), 1);
}

#[test]
fn every_state_is_told_inside_its_remediation() {
    let states = healing().events("remediation");
    assert!(states.iter().all(|event| event.inside == ["remediation"]));
    let names: Vec<_> = states.iter().map(|event| event.fields["state"].as_str()).collect();
    assert_eq!(names.first(), Some(&"planned"));
    assert_eq!(names.last(), Some(&"completed"));
    let changes = healing().events("state changed");
    assert_eq!(changes[0].fields["from"], "normal");
    assert_eq!(changes[0].fields["collection"], "embeddings");
}

/// Parameters, actions, metrics and evidence are payloads.
#[test]
fn no_payload_is_told_above_debug() {
    let listener = healing();
    let documented = [
        "abandoned",
        "call",
        "collection",
        "confidence",
        "considered",
        "error",
        "from",
        "level",
        "of",
        "problem",
        "reason",
        "remediation",
        "state",
        "step",
        "strategy",
        "stress_in_seconds",
        "to",
        "unhealthy",
    ];
    let all = listener.0.lock();
    assert!(all.iter().any(|told| told.level == Level::DEBUG));
    for told in all.iter().filter(|told| told.level <= Level::INFO) {
        for field in told.fields.keys().filter(|field| **field != "valve") {
            assert!(documented.contains(field), "{told:?}");
        }
    }
}

#[test]
fn whoever_listens_cannot_take_the_healer_down() {
    let world = World::new();
    listening(Ear::Hysteric, || {
        let mut healer = world.healer([Valves::working(&world)]).build().unwrap();
        run(&mut healer, &world.clock, MINUTE);
        world.sicken(0.4);
        run(&mut healer, &world.clock, 10 * MINUTE);
    });
    assert!(!world.journalled_names().is_empty());
}
