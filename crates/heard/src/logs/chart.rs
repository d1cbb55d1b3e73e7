//! A histogram of one incident, as an image in the page.

use std::fmt::Write as _;

use heard_logs::Histogram;

const BARS: i64 = 60;
const WIDTH: i64 = 600;
const HEIGHT: u64 = 48;

/// The bars over the time between the first and the last event, or nothing without times.
pub(super) fn svg(histogram: &Histogram) -> String {
    let buckets: Vec<(i64, u64)> = histogram.buckets().collect();
    let (Some((first, _)), Some((last, _))) = (buckets.first(), buckets.last()) else { return String::new() };
    let span = (last - first).max(1);
    let mut bars = vec![0_u64; usize::try_from(BARS).unwrap_or(60)];
    for (minute, count) in &buckets {
        let at = usize::try_from((minute - first) * (BARS - 1) / span).unwrap_or(0);
        bars[at] += count;
    }
    let most = bars.iter().copied().max().unwrap_or(1).max(1);
    let mut svg =
        format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"events over time\" preserveAspectRatio=\"none\">");
    for (at, count) in bars.iter().enumerate().filter(|(_, count)| **count > 0) {
        let height = (count * HEIGHT / most).max(2);
        let left = at * 10;
        let _ = write!(svg, "<rect x=\"{left}\" y=\"{}\" width=\"9\" height=\"{height}\"><title>{count}</title></rect>", HEIGHT - height);
    }
    svg.push_str("</svg>");
    svg
}
