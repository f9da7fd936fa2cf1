//! The error and its causes → exceptions, oldest first.

use event_model::event::{Exception, Frame, Mechanism, Thread};

use super::{
    super::{
        Invalid, Limits,
        json::{self, Json},
        limit, sentry,
        stack::{self, Said},
    },
    read::{self, Path, borrowed_text, fields, free_map, list, text},
};

/// The names of event.proto, in the order in which they are taken apart below.
pub(super) const ERROR: [&str; 7] = [
    "type",
    "message",
    "stack",
    "frames",
    "causes",
    "handled",
    "mechanism",
];
/// As [`ERROR`].
pub(super) const FRAME: [&str; 11] = [
    "function",
    "module",
    "filename",
    "abs_path",
    "lineno",
    "colno",
    "in_app",
    "context_line",
    "pre_context",
    "post_context",
    "vars",
];
/// Most source lines before and after (event.proto: 5; clients may send some more).
const CONTEXT_LINES_MAX: usize = 20;

/// What an `error` holds.
pub(super) struct Chain {
    /// Oldest cause first.
    pub(super) exceptions: Vec<Exception>,
    /// Other stacks of the texts.
    pub(super) threads: Vec<Thread>,
    /// The first stack text that could not be read as frames.
    pub(super) stack_left: Option<String>,
}

/// Reads the error, required, and its causes, nearest first.
pub(super) fn chain(
    json: Json<'_>,
    path: &Path<'_>,
    platform: &str,
    limits: &Limits,
) -> Result<Chain, Invalid> {
    if json.is_null() {
        return Err(Invalid::field(path.to_string(), "is required"));
    }
    let mut chain = Chain {
        exceptions: Vec::new(),
        threads: Vec::new(),
        stack_left: None,
    };
    append(json, path, platform, limits, &mut chain)?;
    chain.exceptions.reverse();
    let shown = chain.exceptions.last();
    if shown.is_none_or(|e| e.ty.is_empty() && e.value.is_empty()) {
        let message = format!("{path}.type or {path}.message is required");
        return Err(Invalid::field(path.key("type").to_string(), message));
    }
    Ok(chain)
}

/// One error, then what caused it.
fn append(
    json: Json<'_>,
    path: &Path<'_>,
    platform: &str,
    limits: &Limits,
    chain: &mut Chain,
) -> Result<(), Invalid> {
    if chain.exceptions.len() >= limits.exceptions_max {
        return Ok(());
    }
    let (slots, _) = fields(json, path, &ERROR)?;
    let [ty, message, stack, frames, causes, handled, mechanism] = slots;
    let ty = text(ty, &path.key("type"))?;
    let value = text(message, &path.key("message"))?;
    let handled = read::boolean(&handled, &path.key("handled"))?;
    let mechanism = text(mechanism, &path.key("mechanism"))?;
    let mechanism = (handled.is_some() || !mechanism.is_empty()).then(|| Mechanism {
        ty: mechanism,
        handled,
        ..Mechanism::default()
    });
    let frames_path = path.key("frames");
    // Numbered before the cut, so that an error names the client's index.
    let mut items: Vec<_> = list(frames, &frames_path)?
        .into_iter()
        .enumerate()
        .collect();
    limit::cut_middle(&mut items, limits.frames_max);
    let mut frames = Vec::new();
    for (at, item) in items {
        frames.push(frame(item, &frames_path.index(at))?);
    }
    let stack = borrowed_text(stack, &path.key("stack"))?;
    let said = Said {
        ty,
        value,
        mechanism,
        ..Said::default()
    };
    // Frames that were sent as such say more than a text.
    let stack = if frames.is_empty() { &stack } else { "" };
    let mut errors = stack::errors_of(said, stack, platform);
    if let Some(text) = errors.text_left {
        chain.stack_left.get_or_insert(text);
    }
    chain.threads.append(&mut errors.threads);
    let causes_path = path.key("causes");
    let causes = list(causes, &causes_path)?;
    let mut exceptions = errors.exceptions.into_iter().rev();
    if let Some(mut own) = exceptions.next() {
        if !frames.is_empty() {
            own.frames = frames;
        }
        chain.exceptions.push(own);
    }
    if causes.is_empty() {
        let room = limits.exceptions_max.saturating_sub(chain.exceptions.len());
        chain.exceptions.extend(exceptions.take(room));
    } else if let Some(own) = chain.exceptions.last_mut()
        && let Some(mechanism) = &mut own.mechanism
    {
        // Places in the text's chain mean nothing among the client's own causes.
        (mechanism.exception_id, mechanism.parent_id) = (None, None);
    }
    for (at, cause) in causes.into_iter().enumerate() {
        append(cause, &causes_path.index(at), platform, limits, chain)?;
    }
    Ok(())
}

fn frame(json: Json<'_>, path: &Path<'_>) -> Result<Frame, Invalid> {
    let (slots, _) = fields(json, path, &FRAME)?;
    let [
        function,
        module,
        filename,
        abs_path,
        lineno,
        colno,
        in_app,
        context_line,
        pre_context,
        post_context,
        vars,
    ] = slots;
    let name = |json, key| -> Result<String, Invalid> {
        Ok(json::cut(
            borrowed_text(json, &path.key(key))?,
            sentry::NAME_BYTES_MAX,
        ))
    };
    let mut frame = Frame {
        function: name(function, "function")?,
        module: name(module, "module")?,
        filename: name(filename, "filename")?,
        abs_path: name(abs_path, "abs_path")?,
        lineno: read::number(&lineno, &path.key("lineno"))?,
        colno: read::number(&colno, &path.key("colno"))?,
        pre_context: lines(pre_context, &path.key("pre_context"))?,
        post_context: lines(post_context, &path.key("post_context"))?,
        vars: free_map(vars, &path.key("vars"))?,
        ..Frame::default()
    };
    if !context_line.is_null() {
        let line = borrowed_text(context_line, &path.key("context_line"))?;
        let (line, start) = sentry::around(line, frame.colno);
        (frame.context_line, frame.context_start) = (Some(line), start);
    }
    if frame.filename.is_empty() {
        stack::path_of(&frame.abs_path).clone_into(&mut frame.filename);
    }
    frame.client_in_app = read::boolean(&in_app, &path.key("in_app"))?;
    Ok(frame)
}

fn lines(json: Json<'_>, path: &Path<'_>) -> Result<Vec<String>, Invalid> {
    let items = list(json, path)?.into_iter().enumerate();
    let cut = |(at, item)| {
        let line = borrowed_text(item, &path.index(at))?;
        Ok(json::cut(line, sentry::NAME_BYTES_MAX))
    };
    items.take(CONTEXT_LINES_MAX).map(cut).collect()
}
