//! Bars: rate of reading beside the machine's two limits.

use std::path::Path;

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::{
    COLOURS, FAINT, FONT, GRID, INK, SMALL_PX, TEXT_PX, WIDTH_PX, frame, legend, round_up, text,
};
use crate::log_speed::read::{Form, Outcome};
use crate::log_speed::records::size_label;
use crate::log_speed::rounds::Spread;

const HEIGHT_PX: u32 = 420;
const BARS_SHARE: f64 = 0.6;

pub(super) fn draw(outcomes: &[Outcome], note: &str, path: &Path) -> Result<()> {
    let bars = |outcome: &Outcome| {
        [
            outcome.read_bytes_per_s.clone(),
            outcome.copy_bytes_per_s.clone(),
            outcome.crc_bytes_per_s.clone(),
        ]
    };
    let highest = outcomes
        .iter()
        .flat_map(bars)
        .map(|spread: Spread| spread.max / 1e9)
        .fold(0.0, f64::max);
    if outcomes.is_empty() {
        return Ok(());
    }
    let root = SVGBackend::new(path, (WIDTH_PX, HEIGHT_PX)).into_drawing_area();
    let title = "Reading records with all checksums verified, one thread, warm";
    let body = frame(&root, title, note)?;
    let colours = [COLOURS[0], COLOURS[2], FAINT];
    let names = [
        ("log-core, payload bytes", colours[0]),
        ("memory copy", colours[1]),
        ("CRC-32", colours[2]),
    ];
    legend(&body, (60, 4), &names)?;
    let mut chart = ChartBuilder::on(&body)
        .margin_top(40)
        .x_label_area_size(46)
        .y_label_area_size(66)
        .build_cartesian_2d(0.0..outcomes.len() as f64, 0.0..round_up(highest))?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(0)
        .y_labels(6)
        .y_label_formatter(&|gb| format!("{gb:.0} GB/s"))
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(FAINT)
        .label_style((FONT, SMALL_PX).into_font().color(&INK))
        .draw()?;
    let (base_x, base_y) = body.get_base_pixel();
    for (place, outcome) in outcomes.iter().enumerate() {
        let width = BARS_SHARE / 3.0;
        for (n, (spread, colour)) in bars(outcome).iter().zip(colours).enumerate() {
            let left = place as f64 + (1.0 - BARS_SHARE) / 2.0 + n as f64 * width;
            let right = left + width * 0.9;
            let bar = [(left, 0.0), (right, spread.median / 1e9)];
            chart.draw_series([Rectangle::new(bar, colour.filled())])?;
            let middle = f64::midpoint(left, right);
            let whisker = [(middle, spread.min / 1e9), (middle, spread.max / 1e9)];
            chart.draw_series([PathElement::new(whisker, INK.stroke_width(1))])?;
        }
        let (x, y) = chart
            .plotting_area()
            .map_coordinate(&(place as f64 + 0.5, 0.0));
        let (x, y) = (x - base_x, y - base_y);
        let centre = (HPos::Center, VPos::Top);
        let form = outcome.form.label();
        let size = format!("{}, {form}", size_label(outcome.record_bytes));
        text(&body, &size, (x, y + 7), TEXT_PX, INK, centre)?;
        let share = match outcome.form {
            Form::Raw => format!("{:.0} % (goal 60 %)", outcome.ratio.median * 100.0),
            Form::Sealed => {
                let rate = outcome.read_bytes_per_s.median / 1e9;
                format!("{rate:.1} GB/s (goal 1 GB/s)")
            }
        };
        text(&body, &share, (x, y + 26), SMALL_PX, FAINT, centre)?;
    }
    root.present()?;
    Ok(())
}
