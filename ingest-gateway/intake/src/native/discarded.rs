//! `discarded_events` of a batch → the note that Sentry's item `client_report` becomes.
//!
//! Strict where that is lenient: what is wrong is named by its path. It costs only
//! itself, never an event beside it.

use ::proto::v1;
use event_model::{Note, note::ClientDropV1};
use serde_json::json;

use super::{
    super::{
        Context, Invalid,
        json::{self, Json},
        notes::{self, CLIENT_DROPS_MAX, QUANTITY_MAX, WORD_CHARS_MAX},
    },
    read::{Path, fields, list, number, short},
};

/// The name of the list.
pub(super) const NAME: &str = "discarded_events";
/// The names of `DiscardedEvents`, in their order there.
pub(super) const DISCARDED: [&str; 3] = ["reason", "category", "quantity"];

/// Reads the list as it was cut out of a batch; none if it says nothing.
pub(super) fn read(bytes: &[u8], context: &Context<'_>) -> Result<Option<Note>, Invalid> {
    json::read(bytes, |json| note(json, context))?
}

/// The same of messages, at most one more than is allowed.
pub(super) fn read_messages<'m>(
    messages: impl Iterator<Item = &'m [u8]>,
    context: &Context<'_>,
) -> Result<Option<Note>, Invalid> {
    let decode = |message| {
        <v1::DiscardedEvents as prost::Message>::decode(message)
            .map(|one| {
                let v1::DiscardedEvents {
                    reason,
                    category,
                    quantity,
                } = one;
                json!({ "reason": reason, "category": category, "quantity": quantity })
            })
            .map_err(|error| Invalid::field(NAME, format!("not in protobuf: {error}")))
    };
    let rows = messages.map(decode).collect::<Result<Vec<_>, _>>()?;
    read(json!(rows).to_string().as_bytes(), context)
}

fn note(json: Json<'_>, context: &Context<'_>) -> Result<Option<Note>, Invalid> {
    let root = Path::ROOT;
    let path = root.key(NAME);
    let rows = list(json, &path)?;
    if rows.len() > CLIENT_DROPS_MAX {
        return Err(Invalid {
            field: NAME.to_owned(),
            ..Invalid::too_large(format!(
                "{} entries; at most {CLIENT_DROPS_MAX}: one for each reason and category",
                rows.len()
            ))
        });
    }
    let drops = rows
        .into_iter()
        .enumerate()
        .map(|(at, row)| one(row, &path.index(at)))
        .collect::<Result<Vec<_>, _>>()?;
    Ok((!drops.is_empty()).then(|| notes::report_of(drops, context)))
}

fn one(json: Json<'_>, path: &Path<'_>) -> Result<ClientDropV1, Invalid> {
    let (slots, _) = fields(json, path, &DISCARDED)?;
    let [reason, category, quantity] = slots;
    let at = path.key("quantity");
    let quantity = u64::from(number(&quantity, &at)?);
    if !(1..=QUANTITY_MAX).contains(&quantity) {
        return Err(Invalid::field(
            at.to_string(),
            format!("must be a whole number from 1 to {QUANTITY_MAX}"),
        ));
    }
    let category = match category {
        Json::Null => Json::String("error".into()),
        Json::String(text) if text.is_empty() => Json::String("error".into()),
        told => told,
    };
    Ok(ClientDropV1 {
        reason: word(reason, &path.key("reason"))?,
        category: word(category, &path.key("category"))?,
        quantity,
    })
}

/// It becomes a row's key.
fn word(json: Json<'_>, path: &Path<'_>) -> Result<String, Invalid> {
    let text = short(json, path, WORD_CHARS_MAX + 1)?;
    if text.is_empty() || text.len() > WORD_CHARS_MAX || !text.chars().all(notes::is_of_word) {
        return Err(Invalid::field(
            path.to_string(),
            format!("must be 1 to {WORD_CHARS_MAX} letters, digits or _ - . :"),
        ));
    }
    Ok(text.to_ascii_lowercase())
}
