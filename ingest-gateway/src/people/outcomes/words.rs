//! Each fate in plain words: what happened, and what to do about it.

use event_intake::filter::FilterReason;

use crate::fate::DropReason;

/// What happened.
pub(super) fn explanation(reason: Option<DropReason>) -> &'static str {
    match reason {
        None => "Stored: it is on disk and will be in the issue list within a moment.",
        Some(reason) => match reason {
            DropReason::Invalid => "It could not be read.",
            DropReason::TooLarge => "It is larger than the limit.",
            DropReason::Duplicate => {
                "An event with this id is stored already; this one was not stored again."
            }
            DropReason::TypeNotStored => "Errata does not keep this type of data.",
            DropReason::Empty => "The request held no items.",
            DropReason::Unauthenticated => "It came without a key, or with a malformed one.",
            DropReason::Forbidden => "The key is unknown, disabled, or of another project.",
            DropReason::UnknownProject => "There is no such project.",
            DropReason::Filtered(reason) => reason.explanation(),
            DropReason::Sampled => {
                "One of many alike in a spike: its issue counts it, and a sample of them is stored."
            }
            DropReason::Limited => "The project or key sends more than its limit allows.",
            DropReason::StorageFull => "The files kept take all the room there is for them.",
            DropReason::DiskFull => "The server's disk is nearly full.",
            DropReason::Overloaded => "The server had no room for it at that moment.",
            DropReason::Aborted => "The request ended before it was complete.",
            DropReason::Internal => "The server failed while working on it.",
        },
    }
}

/// What to do about it; empty if nothing.
pub(super) fn advice(reason: Option<DropReason>) -> &'static str {
    match reason {
        None => "",
        Some(reason) => match reason {
            DropReason::Invalid => {
                "Look at the field and position named here. If an unmodified SDK sent it, please report it as a defect of Errata."
            }
            DropReason::TooLarge => {
                "Send less: shorten strings, local variables and breadcrumbs, or split the batch. Sending the same again does not help."
            }
            DropReason::Duplicate => {
                "Nothing to do: retries of a client end like this. Two different events need two ids."
            }
            DropReason::TypeNotStored => {
                "Nothing is lost of your errors. To save traffic, switch tracing, profiling, replay or logs off in the SDK."
            }
            DropReason::Empty => {
                "Nothing to do. If you expected an event, look whether the SDK's beforeSend or a processor drops it."
            }
            DropReason::Unauthenticated => "Copy the DSN again from the project's page.",
            DropReason::Forbidden => {
                "Copy the DSN again from the project's page: its key must be enabled there, and its project number be this project's."
            }
            DropReason::UnknownProject => {
                "Copy the DSN again from the project's page: its last part is the project's number."
            }
            DropReason::Filtered(FilterReason::DiscardedIssue) => {
                "Nothing to do. To see such events again, stop discarding the issue on its page."
            }
            DropReason::Filtered(_) => {
                "Nothing to do if that is what the filter is for; else change the project's filters."
            }
            DropReason::Sampled => {
                "Nothing to do. To store every event of a spike, switch spike protection off for the project."
            }
            DropReason::Limited => {
                "Wait, or raise the limit. Clients heard for how long to be quiet."
            }
            DropReason::StorageFull => {
                "The event itself is stored. Raise limits.blob_bytes_project_max or limits.blob_bytes_max, or send fewer files."
            }
            DropReason::DiskFull => {
                "Clients that retry lose nothing. Make room on the server's disk, or let old data give way (log.retention.shed); it goes on by itself."
            }
            DropReason::Overloaded => {
                "Clients that retry lose nothing. If it lasts, look at the server's disk space, memory and its log."
            }
            DropReason::Aborted => {
                "Look for time-outs in the client or in a proxy between; short-lived processes should flush the SDK before they end."
            }
            DropReason::Internal => {
                "The server's log tells more. Please report it as a defect of Errata."
            }
        },
    }
}
