//! How an event is shown, as the read model stores it: what grouping makes of the event
//! and what the event itself says. Pure.

use event_model::{Level, head::ArchivedHead};
use read_model::issues::batch::Headline;

/// The stored headline of an event that grouping has seen.
pub(crate) fn of(head: &ArchivedHead, shown: grouping::Headline) -> Headline {
    Headline {
        title: shown.title,
        culprit: shown.culprit,
        ty: shown.ty,
        value: shown.value,
        level: Level::from_number(head.level),
        platform: head.platform.as_str().to_owned(),
        handled: head.handled,
    }
}
