//! How long the lists of an event may be, and which of their items stay.

use event_model::event::Breadcrumb;

/// Leaves at most `max` of `items`: half from each end, in order.
pub(super) fn cut_middle<T>(items: &mut Vec<T>, max: usize) {
    if items.len() > max {
        let first = max / 2;
        let last = max - first;
        items.drain(first..items.len() - last);
    }
}

/// Whether the times that are known never go back.
pub(super) fn is_in_order(crumbs: &[Breadcrumb]) -> bool {
    let times = crumbs.iter().map(|crumb| crumb.timestamp_ns);
    times.filter(|ns| *ns != 0).is_sorted()
}

/// Oldest first, and of too many the newest. One without a time happened after the one
/// before it.
pub(super) fn breadcrumbs(crumbs: &mut Vec<Breadcrumb>, max: usize) {
    if !is_in_order(crumbs) {
        let mut timed = Vec::with_capacity(crumbs.len());
        let mut at_ns = i64::MIN;
        for crumb in crumbs.drain(..) {
            if crumb.timestamp_ns != 0 {
                at_ns = crumb.timestamp_ns;
            }
            timed.push((at_ns, crumb));
        }
        timed.sort_by_key(|(at_ns, _)| *at_ns);
        crumbs.extend(timed.into_iter().map(|(_, crumb)| crumb));
    }
    crumbs.drain(..crumbs.len().saturating_sub(max));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breadcrumbs_are_put_in_order_and_the_newest_kept() {
        let ordered = |times: &[i64], max| -> Vec<i64> {
            let crumb = |ns: &i64| Breadcrumb {
                timestamp_ns: *ns,
                ..Breadcrumb::default()
            };
            let mut crumbs: Vec<Breadcrumb> = times.iter().map(crumb).collect();
            breadcrumbs(&mut crumbs, max);
            crumbs.iter().map(|crumb| crumb.timestamp_ns).collect()
        };
        assert_eq!(ordered(&[3, 1, 2], 9), [1, 2, 3]);
        assert_eq!(ordered(&[3, 1, 2], 2), [2, 3]);
        assert_eq!(ordered(&[5, 0, 1, 0, 2], 9), [1, 0, 2, 5, 0]);
        assert_eq!(ordered(&[0, 4, 0, 4], 9), [0, 4, 0, 4]);
        assert_eq!(ordered(&[], 9), [0i64; 0]);
    }

    #[test]
    fn the_middle_is_what_is_cut() {
        let cut = |items: &[i32], max| {
            let mut items = items.to_vec();
            cut_middle(&mut items, max);
            items
        };
        assert_eq!(cut(&[1, 2, 3, 4, 5], 5), [1, 2, 3, 4, 5]);
        assert_eq!(cut(&[1, 2, 3, 4, 5], 4), [1, 2, 4, 5]);
        assert_eq!(cut(&[1, 2, 3, 4, 5], 3), [1, 4, 5]);
        assert_eq!(cut(&[1, 2], 0), [0i32; 0]);
    }
}
