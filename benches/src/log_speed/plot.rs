//! The report as SVG: one file a section, readable on a light page.
//!
//! Owns the look: colours, sizes, axes. What is a ratio is drawn as a ratio, with its spread; absolute figures stand
//! in labels, because they say more about the machine.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::log_speed::report::Report;

mod append;
mod latency;
mod read;
mod recovery;

pub(crate) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

pub(crate) const FONT: &str = "Helvetica, Arial, sans-serif";
pub(crate) const TITLE_PX: u32 = 20;
pub(crate) const TEXT_PX: u32 = 14;
pub(crate) const SMALL_PX: u32 = 12;
pub(crate) const WIDTH_PX: u32 = 960;
pub(crate) const INK: RGBColor = RGBColor(0x24, 0x29, 0x2f);
pub(crate) const FAINT: RGBColor = RGBColor(0x6e, 0x77, 0x81);
pub(crate) const GRID: RGBColor = RGBColor(0xe4, 0xe8, 0xec);
const GOAL: RGBColor = RGBColor(0xcf, 0x22, 0x2e);
/// `log-core`, then the peers, then further lines: told apart by brightness too.
pub(crate) const COLOURS: [RGBColor; 4] = [
    RGBColor(0x0b, 0x5c, 0xad),
    RGBColor(0xe0, 0x8e, 0x1b),
    RGBColor(0x8c, 0x99, 0xa6),
    RGBColor(0x2d, 0x8a, 0x57),
];

/// Draws all plots of a report into `dir`.
pub fn draw(report: &Report, dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("create {}", dir.display()))?;
    let note = format!(
        "{} · {} · {}",
        report.made.machine, report.made.kernel, report.made.at
    );
    append::draw(&report.append, &note, &dir.join("log-append.svg"))?;
    latency::draw(&report.latency, &note, &dir.join("log-latency.svg"))?;
    read::draw(&report.read, &note, &dir.join("log-read.svg"))?;
    recovery::draw(&report.recovery, &note, &dir.join("log-recovery.svg"))
}

/// Text in one line at a pixel of `area`.
fn text(
    area: &Area<'_>,
    words: &str,
    at: (i32, i32),
    px: u32,
    colour: RGBColor,
    anchor: (HPos, VPos),
) -> Result<()> {
    let style = (FONT, px)
        .into_font()
        .color(&colour)
        .pos(Pos::new(anchor.0, anchor.1));
    area.draw(&Text::new(words.to_owned(), at, style))?;
    Ok(())
}

/// Title above, where and when below; what is between is handed back.
pub(crate) fn frame<'a>(root: &Area<'a>, title: &str, note: &str) -> Result<Area<'a>> {
    root.fill(&WHITE)?;
    let (_, height) = root.dim_in_pixel();
    let left = (HPos::Left, VPos::Top);
    text(root, title, (16, 14), TITLE_PX, INK, left)?;
    let foot = (16, height as i32 - 22);
    text(root, note, foot, SMALL_PX, FAINT, left)?;
    Ok(root.margin(44, 28, 8, 16))
}

/// Coloured squares with names, from `at` to the right.
pub(crate) fn legend(area: &Area<'_>, at: (i32, i32), entries: &[(&str, RGBColor)]) -> Result<()> {
    const SQUARE: i32 = 12;
    const LETTER: i32 = 7;
    let mut x = at.0;
    for (name, colour) in entries {
        let square = [(x, at.1), (x + SQUARE, at.1 + SQUARE)];
        area.draw(&Rectangle::new(square, colour.filled()))?;
        let place = (x + SQUARE + 6, at.1 + SQUARE / 2);
        text(area, name, place, TEXT_PX, INK, (HPos::Left, VPos::Center))?;
        x += SQUARE + 30 + name.chars().count() as i32 * LETTER;
    }
    Ok(())
}

/// The next of 1, 1.5, 2, 3, 5 times a power of ten at or above `value`: where an axis ends well.
pub(crate) fn round_up(value: f64) -> f64 {
    let power = 10f64.powf(value.max(f64::MIN_POSITIVE).log10().floor());
    let steps = [1.0, 1.5, 2.0, 3.0, 5.0, 10.0];
    steps
        .iter()
        .map(|step| step * power)
        .find(|&end| end >= value)
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::round_up;

    #[test]
    fn axes_end_at_round_numbers() {
        for (value, end) in [
            (0.9, 1.0),
            (1.0, 1.0),
            (1.2, 1.5),
            (140.0, 150.0),
            (6.0, 10.0),
        ] {
            assert!((round_up(value) - end).abs() < 1e-9, "{value}");
        }
    }
}
