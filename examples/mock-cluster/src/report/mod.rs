//! A run as a page to look at: self-contained, no script, readable in black and white, in light and in dark.

mod frame;
mod lambda;
mod legend;
mod markup;
mod remediations;
mod weights;

use self::frame::Frame;
use self::markup::{escaped, put};
use crate::run::Run;

/// The whole page.
pub(crate) fn html(run: &Run) -> String {
    let mut page = String::from(HEAD);
    let title = format!("{}: {}", run.scenario.name(), run.scenario.description());
    put(
        &mut page,
        format_args!(
            "<title>{title}</title>\n{STYLE}</head>\n<body>\n<h1>{title}</h1>\n",
            title = escaped(&title)
        ),
    );
    put(
        &mut page,
        format_args!(
            "<p>Seed {}, policy {}. {}</p>\n",
            run.seed,
            run.policy.name(),
            verdict(run)
        ),
    );
    let frame = Frame::of(run);
    put(&mut page, format_args!("{}", legend::LAMBDA));
    lambda::draw(&mut page, run, &frame);
    remediations::draw(&mut page, run, &frame);
    remediations::table(&mut page, run);
    weights::draw(&mut page, run, &frame);
    lambda::weakest_table(&mut page, run);
    page.push_str("</body>\n</html>\n");
    page
}

fn verdict(run: &Run) -> String {
    let number =
        |lambda: Option<healing_core::Lambda>| lambda.map_or_else(String::new, |it| format!("{:.0}", it.get()));
    format!(
        "Lambda was {} before the fault, {} at its lowest and {} at the end: {}.",
        number(run.lambda_initial()),
        number(run.lambda_lowest()),
        number(run.lambda_final()),
        if run.recovered() { "recovered" } else { "still degraded" },
    )
}

const HEAD: &str = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
<meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"light dark\">\n";

/// Lines differ by their dashes and states by their hatching, so that colour is never all there is. The two colours are told
/// apart by colour-blind eyes (Okabe and Ito's blue and vermilion, the lighter blue on dark).
const STYLE: &str = "<style>
:root { --ink: #1a1a1a; --paper: #ffffff; --faint: #767676; --calm: #0072b2; --alarm: #d55e00; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e8; --paper: #161616; --faint: #9a9a9a; --calm: #56b4e9; --alarm: #e8873a; }
}
body { color: var(--ink); background: var(--paper); font: 15px/1.45 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin: 1.6rem 0 .3rem; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
svg .faint { fill: var(--faint); }
svg .axis { stroke: var(--faint); fill: none; }
svg .line { stroke: var(--ink); fill: none; stroke-width: 2; }
svg .calm { stroke: var(--calm); fill: none; stroke-width: 1.5; }
svg .alarm { stroke: var(--alarm); fill: none; stroke-width: 1.5; }
svg .box { stroke: var(--ink); fill: var(--paper); stroke-width: 1.2; }
svg .ink { fill: var(--ink); }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .2rem .8rem .2rem 0; vertical-align: top; }
th { border-bottom: 1px solid var(--faint); font-weight: 600; } td.number, th.number { text-align: right; }
</style>\n";
