//! A case over time as SVG: offered, accepted and readable a second; below, how far
//! issues and search lag behind.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use plotters::prelude::*;

use super::cases::{Case, Found};
use super::report::Report;
use super::timeline::Sample;
use crate::log_speed::plot::{
    Area, COLOURS, FAINT, FONT, GRID, INK, SMALL_PX, WIDTH_PX, frame, legend, round_up,
};

const HEIGHT_PX: u32 = 560;
/// Rates are of about a second, so that a commit every half one does not show as noise.
const WINDOW: usize = 4;

/// A line: its name and the points.
type Line = (&'static str, Vec<(f64, f64)>);

/// Draws the plots of all cases into `dir`.
pub fn draw(report: &Report, dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("create {}", dir.display()))?;
    let made = &report.made;
    let note = format!("{} · {} · {}", made.machine, made.kernel, made.at);
    for found in &report.found {
        let mut cases: Vec<(&str, &Case)> = vec![("full", &found.full), ("half", &found.half)];
        cases.extend(found.storm.iter().map(|(case, _)| ("storm", case)));
        cases.extend(found.soak.iter().map(|case| ("soak", case)));
        for (name, case) in cases {
            let path = dir.join(format!("server-{}-{name}.svg", found.size));
            case_over_time(&title(found, name), &note, &case.samples, &path)?;
        }
    }
    Ok(())
}

fn title(found: &Found, case: &str) -> String {
    let what = match case {
        "full" => "as fast as answered",
        "half" => "at half of that, open loop",
        "storm" => "a storm of ten times that",
        _ => "at half of that for long",
    };
    format!("{:.1} KB events, {what}", found.json_bytes as f64 / 1e3)
}

/// Growth a second of a count.
fn rate(samples: &[Sample], count: impl Fn(&Sample) -> u64) -> Vec<(f64, f64)> {
    let of = |many: &[Sample]| {
        let (first, last) = (many.first()?, many.last()?);
        let seconds = (last.at_s - first.at_s).max(f64::MIN_POSITIVE);
        let grown = count(last).saturating_sub(count(first));
        Some((last.at_s, grown as f64 / seconds))
    };
    samples.windows(WINDOW + 1).filter_map(of).collect()
}

fn case_over_time(title: &str, note: &str, samples: &[Sample], path: &Path) -> Result<()> {
    let root = SVGBackend::new(path, (WIDTH_PX, HEIGHT_PX)).into_drawing_area();
    let body = frame(&root, title, note)?;
    let (above, below) = body.split_vertically(300);
    let rates: [Line; 3] = [
        ("offered a second", rate(samples, |s| s.offered)),
        ("accepted", rate(samples, |s| s.accepted)),
        ("readable", rate(samples, |s| s.readable)),
    ];
    let lag = |of: fn(&Sample) -> u64| samples.iter().map(|s| (s.at_s, of(s) as f64)).collect();
    let lags: [Line; 2] = [
        ("issues behind, records", lag(|s| s.lag_issues)),
        ("search behind", lag(|s| s.lag_search)),
    ];
    let end = samples.last().map_or(1.0, |s| s.at_s.max(1.0));
    lines(&above, end, &rates, &[COLOURS[2], COLOURS[0], COLOURS[3]])?;
    lines(&below, end, &lags, &[COLOURS[0], COLOURS[1]])?;
    root.present()?;
    Ok(())
}

fn lines(area: &Area<'_>, end: f64, lines: &[Line], colours: &[RGBColor]) -> Result<()> {
    let points = lines.iter().flat_map(|(_, points)| points);
    let highest = points.map(|(_, y)| *y).fold(1.0, f64::max);
    let named: Vec<(&str, RGBColor)> = lines
        .iter()
        .zip(colours)
        .map(|((name, _), colour)| (*name, *colour))
        .collect();
    legend(area, (70, 2), &named)?;
    let mut chart = ChartBuilder::on(area)
        .margin_top(24)
        .x_label_area_size(28)
        .y_label_area_size(70)
        .build_cartesian_2d(0.0..end, 0.0..round_up(highest))?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_label_formatter(&|seconds| format!("{seconds:.0} s"))
        .y_labels(5)
        .y_label_formatter(&|count| format!("{count:.0}"))
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(FAINT)
        .label_style((FONT, SMALL_PX).into_font().color(&INK))
        .draw()?;
    for ((_, points), colour) in lines.iter().zip(colours) {
        chart.draw_series([PathElement::new(points.clone(), colour.stroke_width(2))])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Vec<Sample> {
        let sample = |n: u64| Sample {
            at_s: n as f64 * 0.25,
            offered: n * 100,
            accepted: n * 50,
            readable: n * 25,
            lag_issues: n * 25,
            lag_search: n * 30,
            anonymous_bytes: 1,
        };
        (0..20).map(sample).collect()
    }

    #[test]
    fn a_rate_is_what_was_added_a_second() {
        let rates = rate(&samples(), |s| s.accepted);
        assert_eq!(rates.len(), 16);
        assert!(rates.iter().all(|(_, rate)| (rate - 200.0).abs() < 1e-6));
    }

    #[test]
    fn a_case_is_drawn_with_its_names() -> Result<()> {
        let dir = tempfile::tempdir()?;
        for (name, samples) in [("some.svg", samples()), ("none.svg", Vec::new())] {
            let path = dir.path().join(name);
            case_over_time("A storm", "here, now", &samples, &path)?;
            let text = fs::read_to_string(path)?;
            for words in ["A storm", "here, now", "accepted", "search behind"] {
                assert!(text.contains(words), "{words}");
            }
        }
        Ok(())
    }
}
