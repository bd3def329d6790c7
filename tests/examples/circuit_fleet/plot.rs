//! The plot: calls that reach the dependency, second by second.

use std::fmt::Write as _;

use crate::scenario::{END, Manner, SICK, Scenario};
use crate::seen::Seen;

type Panel = (Scenario, [(Manner, Seen); 2]);

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 170.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 60.0;
const GAP: f64 = 75.0;
/// The top of the scale, which is logarithmic, with a place for 0 beneath the 1.
const MOST: f64 = 4_000.0;

/// Colours that tell on white and on black alike; those who ask for dark get lighter ones.
const STYLE: &str = "
text { font: 13px sans-serif; fill: #444; }
.grid { stroke: #888; stroke-opacity: .35; }
.sick { fill: #c33; fill-opacity: .12; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.shared { stroke: #1769c2; } .local { stroke: #c8641b; }
@media (prefers-color-scheme: dark) {
text { fill: #ccc; }
.sick { fill: #f66; fill-opacity: .18; }
.shared { stroke: #5aa9ff; } .local { stroke: #ff9a4d; }
}
";

/// One panel below the other.
pub(crate) fn svg(panels: &[Panel]) -> String {
    let (wide, high) = (
        LEFT + WIDTH + 20.0,
        TOP + panels.len() as f64 * (HEIGHT + GAP),
    );
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high}\" \
         role=\"img\">\n<title>Calls that reach the dependency, by second</title>\n\
         <style>{STYLE}</style>\n"
    );
    for (column, manner) in Manner::BOTH.into_iter().enumerate() {
        let x = LEFT + 200.0 * column as f64;
        let _ = writeln!(
            svg,
            "<path class=\"line {}\" d=\"M{x} 18h30\"/><text x=\"{}\" y=\"22\">{}</text>",
            class(manner),
            x + 38.0,
            manner.title()
        );
    }
    for (row, panel) in panels.iter().enumerate() {
        draw(&mut svg, TOP + row as f64 * (HEIGHT + GAP), panel);
    }
    svg + "</svg>\n"
}

fn draw(svg: &mut String, top: f64, (scenario, runs): &Panel) {
    let bottom = top + HEIGHT;
    let _ = writeln!(
        svg,
        "<text x=\"{LEFT}\" y=\"{}\">{}: calls that reach it, per second</text>",
        top - 10.0,
        scenario.title()
    );
    let (from, to) = (x(SICK.start / 1_000), x(SICK.end / 1_000));
    let _ = writeln!(
        svg,
        "<rect class=\"sick\" x=\"{from:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{HEIGHT}\"/>\
         <text x=\"{:.1}\" y=\"{}\">it fails</text>",
        to - from,
        to - 52.0,
        top + 18.0
    );
    for calls in [0, 1, 10, 100, 1_000] {
        let y = bottom - height(calls);
        let _ = writeln!(
            svg,
            "<path class=\"grid\" d=\"M{LEFT} {y:.1}h{WIDTH}\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{calls}</text>",
            LEFT - 8.0,
            y + 4.0
        );
    }
    for second in (0..=END / 1_000).step_by(30) {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{second} s</text>",
            x(second),
            bottom + 20.0
        );
    }
    // The shared one above the other.
    for (manner, seen) in runs.iter().rev() {
        let points: Vec<String> = (0_u64..)
            .zip(&seen.hits)
            .map(|(second, hits)| format!("{:.1},{:.1}", x(second), bottom - height(*hits)))
            .collect();
        let _ = writeln!(
            svg,
            "<polyline class=\"line {}\" points=\"{}\"/>",
            class(*manner),
            points.join(" ")
        );
    }
}

fn class(manner: Manner) -> &'static str {
    match manner {
        Manner::Shared => "shared",
        Manner::Local => "local",
    }
}

fn x(second: u64) -> f64 {
    LEFT + WIDTH * second as f64 / (END as f64 / 1_000.0)
}

fn height(calls: u64) -> f64 {
    HEIGHT * (1.0 + calls as f64).log10() / MOST.log10()
}
