//! Lines: time to open after a crash, by the size of the tail, and by the number of segments before it.

use std::path::Path;

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::{
    Area, COLOURS, FAINT, FONT, GRID, INK, SMALL_PX, TEXT_PX, WIDTH_PX, frame, legend, round_up,
    text,
};
use crate::log_speed::recovery::Outcome;
use crate::log_speed::rounds::Spread;

const HEIGHT_PX: u32 = 420;
const MIB: f64 = 1024.0 * 1024.0;

/// A line of a panel.
type Line = fn(&Outcome) -> &Spread;

pub(super) fn draw(outcomes: &[Outcome], note: &str, path: &Path) -> Result<()> {
    if outcomes.is_empty() {
        return Ok(());
    }
    let root = SVGBackend::new(path, (WIDTH_PX, HEIGHT_PX)).into_drawing_area();
    let title = "Time to open the log after a crash (goal: 1 s, whatever its size)";
    let body = frame(&root, title, note)?;
    let names = [
        ("tail not in the page cache", COLOURS[1]),
        ("tail in the page cache", COLOURS[0]),
        (
            "reading the tail and its CRC, from the page cache",
            COLOURS[2],
        ),
    ];
    legend(&body, (60, 4), &names)?;
    let panels = body.margin(28, 0, 0, 0).split_evenly((1, 2));
    let (tails, segments): (Vec<&Outcome>, Vec<&Outcome>) = outcomes
        .iter()
        .partition(|outcome| outcome.case.segments_before == 0);
    let by_tail = |outcome: &Outcome| outcome.case.tail_bytes as f64 / MIB;
    draw_panel(&panels[0], "by bytes in the tail, MiB", &tails, by_tail)?;
    let by_segments = |outcome: &Outcome| outcome.case.segments_before as f64;
    let title = "by complete segments before a tail of 1 MiB";
    draw_panel(&panels[1], title, &segments, by_segments)?;
    root.present()?;
    Ok(())
}

fn draw_panel(
    panel: &Area<'_>,
    title: &str,
    outcomes: &[&Outcome],
    x_of: impl Fn(&Outcome) -> f64,
) -> Result<()> {
    let highest = outcomes
        .iter()
        .map(|outcome| outcome.cold_ms.max.max(outcome.warm_ms.max))
        .fold(1.0, f64::max);
    let last = outcomes
        .iter()
        .map(|outcome| x_of(outcome))
        .fold(1.0, f64::max);
    let mut chart = ChartBuilder::on(panel)
        .margin_top(24)
        .margin_right(20)
        .x_label_area_size(30)
        .y_label_area_size(66)
        .build_cartesian_2d(0.0..last * 1.05, 0.0..round_up(highest))?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(8)
        .y_labels(6)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|ms| format!("{ms} ms"))
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(FAINT)
        .label_style((FONT, SMALL_PX).into_font().color(&INK))
        .draw()?;
    let lines: [(Line, RGBColor); 3] = [
        (|outcome| &outcome.limit_warm_ms, COLOURS[2]),
        (|outcome| &outcome.cold_ms, COLOURS[1]),
        (|outcome| &outcome.warm_ms, COLOURS[0]),
    ];
    for (line, colour) in lines {
        let points: Vec<(f64, f64)> = outcomes
            .iter()
            .map(|outcome| (x_of(outcome), line(outcome).median))
            .collect();
        for outcome in outcomes {
            let (x, spread) = (x_of(outcome), line(outcome));
            let whisker = [(x, spread.min), (x, spread.max)];
            chart.draw_series([PathElement::new(whisker, colour.stroke_width(1))])?;
        }
        chart.draw_series(points.iter().map(|&at| Circle::new(at, 4, colour.filled())))?;
        chart.draw_series([PathElement::new(points, colour.stroke_width(2))])?;
    }
    text(panel, title, (66, 2), TEXT_PX, INK, (HPos::Left, VPos::Top))
}
