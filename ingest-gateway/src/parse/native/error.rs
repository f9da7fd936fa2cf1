//! The error and its causes → exceptions, oldest first.

use event_model::event::{Exception, Frame, Mechanism};

use super::{
    super::{
        Invalid, Limits, in_app,
        json::{self, Json},
        limit, sentry, stack,
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
/// Longest stack text kept where it is not understood, bytes.
const STACK_BYTES_MAX: usize = 64 << 10;
/// Most source lines before and after (event.proto: 5; clients may send some more).
const CONTEXT_LINES_MAX: usize = 20;

/// What an `error` holds.
pub(super) struct Chain {
    /// Oldest cause first.
    pub(super) exceptions: Vec<Exception>,
    /// The first stack text that could not be read as frames.
    pub(super) stack_left: Option<String>,
}

/// Reads the error, required, and its causes, nearest first.
pub(super) fn chain(json: Json<'_>, path: &Path<'_>, limits: &Limits) -> Result<Chain, Invalid> {
    if json == Json::Null {
        return Err(Invalid::field(path.to_string(), "is required"));
    }
    let mut chain = Chain {
        exceptions: Vec::new(),
        stack_left: None,
    };
    append(json, path, limits, &mut chain)?;
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
    limits: &Limits,
    chain: &mut Chain,
) -> Result<(), Invalid> {
    if chain.exceptions.len() >= limits.exceptions_max {
        return Ok(());
    }
    let (slots, _) = fields(json, path, &ERROR)?;
    let [ty, message, stack, frames, causes, handled, mechanism] = slots;
    let mut exception = Exception {
        ty: text(ty, &path.key("type"))?,
        value: text(message, &path.key("message"))?,
        ..Exception::default()
    };
    let handled = read::boolean(&handled, &path.key("handled"))?;
    let mechanism = text(mechanism, &path.key("mechanism"))?;
    if handled.is_some() || !mechanism.is_empty() {
        exception.mechanism = Some(Mechanism {
            ty: mechanism,
            handled,
            ..Mechanism::default()
        });
    }
    let frames_path = path.key("frames");
    // Numbered before the cut, so that an error names the client's index.
    let items = list(frames, &frames_path)?
        .into_iter()
        .enumerate()
        .collect();
    for (at, item) in limit::cut_middle(items, limits.frames_max) {
        exception.frames.push(frame(item, &frames_path.index(at))?);
    }
    let stack = borrowed_text(stack, &path.key("stack"))?;
    if exception.frames.is_empty() && !stack.trim().is_empty() {
        let parsed = stack::frames(&stack);
        if parsed.is_empty() && chain.stack_left.is_none() {
            chain.stack_left = Some(json::cut(stack, STACK_BYTES_MAX));
        }
        exception.frames = limit::cut_middle(parsed, limits.frames_max);
    }
    chain.exceptions.push(exception);
    let causes_path = path.key("causes");
    for (at, cause) in list(causes, &causes_path)?.into_iter().enumerate() {
        append(cause, &causes_path.index(at), limits, chain)?;
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
    if context_line != Json::Null {
        frame.context_line = Some(name(context_line, "context_line")?);
    }
    if frame.filename.is_empty() {
        stack::path_of(&frame.abs_path).clone_into(&mut frame.filename);
    }
    let given = read::boolean(&in_app, &path.key("in_app"))?;
    frame.in_app = given.unwrap_or_else(|| in_app::guess(&frame));
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
