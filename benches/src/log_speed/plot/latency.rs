//! Lines: acknowledgement by percentile, a panel for each number of producers. Both axes are logarithmic, so that the
//! tail has room.

use std::path::Path;

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::{
    Area, COLOURS, FAINT, FONT, GOAL, GRID, INK, SMALL_PX, TEXT_PX, WIDTH_PX, frame, legend, text,
};
use crate::log_speed::latency::Outcome;
use crate::log_speed::records::size_label;

const HEIGHT_PX: u32 = 460;
/// The goal: p99 within this of the raw writer's.
const GOAL_US: f64 = 1000.0;
const SHOWN: [f64; 5] = [10.0, 50.0, 90.0, 99.0, 99.9];

/// Where a percentile stands: each nine takes the same room.
fn place(percentile: f64) -> f64 {
    -(1.0 - percentile / 100.0).log10()
}

pub(super) fn draw(outcomes: &[Outcome], note: &str, path: &Path) -> Result<()> {
    let Some(first) = outcomes.first() else {
        return Ok(());
    };
    let root = SVGBackend::new(path, (WIDTH_PX, HEIGHT_PX)).into_drawing_area();
    let title = "Time until an append is durable, by percentile";
    let body = frame(&root, title, note)?;
    let colours = std::iter::once(INK).chain(COLOURS);
    let mut names: Vec<(&str, RGBColor)> = first
        .latencies
        .iter()
        .map(|latency| latency.name.as_str())
        .zip(colours)
        .collect();
    names[0].0 = "pwrite + fdatasync";
    names.push(("goal at p99: 1 ms above it", GOAL));
    legend(&body, (60, 4), &names)?;
    let panels = body.margin(28, 0, 0, 0).split_evenly((1, outcomes.len()));
    let all = || {
        outcomes
            .iter()
            .flat_map(|outcome| &outcome.latencies)
            .flat_map(|latency| &latency.percentiles_us)
    };
    let lowest = all().map(|&(_, us)| us).fold(f64::INFINITY, f64::min);
    let highest = all().map(|&(_, us)| us).fold(0.0, f64::max);
    let last = all().map(|&(percentile, _)| percentile).fold(0.0, f64::max);
    for (panel, outcome) in panels.iter().zip(outcomes) {
        draw_panel(panel, outcome, (lowest * 0.8, highest * 1.25), last)?;
    }
    root.present()?;
    Ok(())
}

fn draw_panel(panel: &Area<'_>, outcome: &Outcome, us: (f64, f64), last: f64) -> Result<()> {
    let mut chart = ChartBuilder::on(panel)
        .margin_top(24)
        .margin_right(20)
        .x_label_area_size(30)
        .y_label_area_size(60)
        .build_cartesian_2d(0.0..place(last) + 0.1, (us.0..us.1).log_scale())?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(0)
        .y_labels(8)
        .y_label_formatter(&|&us| match us {
            us if us >= 1000.0 => format!("{} ms", us / 1000.0),
            us => format!("{us} µs"),
        })
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(FAINT)
        .label_style((FONT, SMALL_PX).into_font().color(&INK))
        .draw()?;
    let colours = std::iter::once(INK).chain(COLOURS);
    for (latency, colour) in outcome.latencies.iter().zip(colours) {
        let points: Vec<(f64, f64)> = latency
            .percentiles_us
            .iter()
            .map(|&(percentile, us)| (place(percentile), us))
            .collect();
        chart.draw_series(points.iter().map(|&at| Circle::new(at, 3, colour.filled())))?;
        chart.draw_series([PathElement::new(points, colour.stroke_width(2))])?;
    }
    if let Some(limit) = outcome.latencies[0].at(99.0) {
        let (x, y) = (place(99.0), limit + GOAL_US);
        let mark = [(x - 0.12, y), (x + 0.12, y)];
        chart.draw_series([PathElement::new(mark, GOAL.stroke_width(3))])?;
    }
    let title = match outcome.case.producers {
        1 => "1 producer".to_owned(),
        many => format!("{many} producers, each waits for its last"),
    };
    let title = format!("{title}, {}", size_label(outcome.case.record_bytes));
    text(
        panel,
        &title,
        (60, 2),
        TEXT_PX,
        INK,
        (HPos::Left, VPos::Top),
    )?;
    let (base_x, base_y) = panel.get_base_pixel();
    for percentile in SHOWN.into_iter().filter(|&p| p <= last) {
        let (x, y) = chart
            .plotting_area()
            .map_coordinate(&(place(percentile), us.0));
        let words = format!("p{percentile}");
        let at = (x - base_x, y - base_y + 8);
        text(panel, &words, at, SMALL_PX, INK, (HPos::Center, VPos::Top))?;
    }
    Ok(())
}
