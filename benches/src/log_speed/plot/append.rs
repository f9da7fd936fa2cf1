//! Bars: rate of durable appends in per cent of the raw writer's, a panel for each number of producers.

use std::path::Path;

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::{
    Area, COLOURS, FAINT, FONT, GOAL, GRID, INK, SMALL_PX, TEXT_PX, WIDTH_PX, frame, legend, text,
};
use crate::log_speed::append::Outcome;
use crate::log_speed::records::size_label;

const PANEL_PX: u32 = 310;
/// Bars are cut off here: what is above is said by the label.
const TOP: f64 = 1.5;
const GOAL_RATIO: f64 = 0.9;
/// Of a cluster's width.
const BARS_SHARE: f64 = 0.78;

pub(super) fn draw(outcomes: &[Outcome], note: &str, path: &Path) -> Result<()> {
    let Some(first) = outcomes.first() else {
        return Ok(());
    };
    let mut producers: Vec<usize> = outcomes.iter().map(|o| o.case.producers).collect();
    producers.dedup();
    let height = 110 + PANEL_PX * producers.len() as u32;
    let root = SVGBackend::new(path, (WIDTH_PX, height)).into_drawing_area();
    let title = "Durable appends, in % of raw pwrite + fdatasync of the same groups";
    let body = frame(&root, title, note)?;
    let names: Vec<(&str, RGBColor)> = first
        .standings
        .iter()
        .map(|standing| standing.name.as_str())
        .zip(COLOURS)
        .collect();
    legend(&body, (60, 4), &names)?;
    let panels = body.margin(28, 0, 0, 0).split_evenly((producers.len(), 1));
    for (panel, producers) in panels.iter().zip(producers) {
        let shown: Vec<&Outcome> = outcomes
            .iter()
            .filter(|outcome| outcome.case.producers == producers)
            .collect();
        draw_panel(panel, producers, &shown)?;
    }
    root.present()?;
    Ok(())
}

fn draw_panel(panel: &Area<'_>, producers: usize, outcomes: &[&Outcome]) -> Result<()> {
    let mut chart = ChartBuilder::on(panel)
        .margin_top(22)
        .x_label_area_size(58)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..outcomes.len() as f64, 0.0..TOP)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(0)
        .y_labels(6)
        .y_label_formatter(&|ratio| format!("{:.0} %", ratio * 100.0))
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(FAINT)
        .label_style((FONT, SMALL_PX).into_font().color(&INK))
        .draw()?;
    let end = outcomes.len() as f64;
    chart.draw_series([
        PathElement::new([(0.0, 1.0), (end, 1.0)], INK.stroke_width(1)),
        PathElement::new([(0.0, GOAL_RATIO), (end, GOAL_RATIO)], GOAL.stroke_width(1)),
    ])?;
    for (place, outcome) in outcomes.iter().enumerate() {
        let width = BARS_SHARE / outcome.standings.len() as f64;
        for (n, (standing, colour)) in outcome.standings.iter().zip(COLOURS).enumerate() {
            let left = place as f64 + (1.0 - BARS_SHARE) / 2.0 + n as f64 * width;
            let (ratio, right) = (&standing.ratio, left + width * 0.9);
            let top = ratio.median.min(TOP);
            let bar = [(left, 0.0), (right, top)];
            chart.draw_series([Rectangle::new(bar, colour.filled())])?;
            let middle = f64::midpoint(left, right);
            let whisker = [(middle, ratio.min.min(TOP)), (middle, ratio.max.min(TOP))];
            chart.draw_series([PathElement::new(whisker, INK.stroke_width(1))])?;
        }
    }
    let title = match producers {
        1 => "1 producer".to_owned(),
        many => format!("{many} producers"),
    };
    text(
        panel,
        &title,
        (60, 2),
        TEXT_PX,
        INK,
        (HPos::Left, VPos::Top),
    )?;
    let goal = "black: the raw writer · red: goal, 90 % · whiskers: lowest and highest round";
    let (right, _) = panel.dim_in_pixel();
    let place = (right as i32 - 4, 4);
    text(
        panel,
        goal,
        place,
        SMALL_PX,
        FAINT,
        (HPos::Right, VPos::Top),
    )?;
    let (base_x, base_y) = panel.get_base_pixel();
    for (place, outcome) in outcomes.iter().enumerate() {
        let (x, y) = chart
            .plotting_area()
            .map_coordinate(&(place as f64 + 0.5, 0.0));
        let (x, y) = (x - base_x, y - base_y);
        let lines = [
            (size_label(outcome.case.record_bytes), INK),
            (
                format!("{} groups", size_label(outcome.case.group_bytes)),
                INK,
            ),
            (
                format!("100 % = {:.0} MB/s", outcome.raw_bytes_per_s.median / 1e6),
                FAINT,
            ),
        ];
        for (n, (line, colour)) in lines.iter().enumerate() {
            let at = (x, y + 7 + 16 * n as i32);
            text(
                panel,
                line,
                at,
                SMALL_PX,
                *colour,
                (HPos::Center, VPos::Top),
            )?;
        }
    }
    Ok(())
}
