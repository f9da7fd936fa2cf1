//! Installed packages that are the application itself, by name.

use event_model::{Event, event::Frame};

/// Folders in which packages lie, each by its name.
const FOLDERS: [&str; 6] = [
    "/site-packages/",
    "/dist-packages/",
    "/node_modules/",
    "/gems/",
    "/vendor/",
    "/pkg/mod/",
];
/// The same where none of those is.
const ROOTS: [&str; 3] = ["/usr/local/lib/", "/usr/lib/", "/usr/share/"];

/// The names under which the application itself may be installed; mostly none.
#[derive(Debug, Default)]
pub(super) struct Names(Vec<String>);

impl Names {
    /// The release's ("shop@1.2.3" is of "shop"), and of Go's `main` the module.
    pub(super) fn of<'e>(event: &Event, mut frames: impl Iterator<Item = &'e Frame>) -> Self {
        let mut names = Vec::new();
        let of_release = event.release.rsplit_once('@').map(|(name, _)| name.trim());
        if let Some(name) = of_release.filter(|name| name.len() > 1 && !name.contains(' ')) {
            names.push(plain(name));
        }
        if event.platform == "go" {
            let main = frames.find(|frame| frame.module == "main" && path(frame).contains('@'));
            let module = main.and_then(|frame| installed(path(frame))?.split_once('@'));
            names.extend(module.map(|(name, _)| plain(name)));
        }
        Self(names)
    }

    /// Whether a frame is of a package of one of these names.
    pub(super) fn hold(&self, frame: &Frame) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let Some(inside) = installed(path(frame)) else {
            return false;
        };
        let inside = plain(inside);
        self.0.iter().any(|name| {
            let rest = inside.strip_prefix(name.as_str());
            rest.is_some_and(|rest| {
                let mut rest = rest.chars();
                match rest.next() {
                    None | Some('/' | '@' | '.') => true,
                    // A gem's version.
                    Some('_') => rest.next().is_some_and(|c| c.is_ascii_digit()),
                    Some(_) => false,
                }
            })
        })
    }
}

fn path(frame: &Frame) -> &str {
    if frame.abs_path.is_empty() {
        &frame.filename
    } else {
        &frame.abs_path
    }
}

/// What follows the innermost folder of packages.
fn installed(path: &str) -> Option<&str> {
    let behind = |folder: &&str| path.rfind(*folder).map(|at| at + folder.len());
    match FOLDERS.iter().filter_map(behind).max() {
        Some(at) => Some(&path[at..]),
        None => ROOTS.iter().find_map(|root| path.strip_prefix(root)),
    }
}

/// A name as folders have it: of "Acme-Shop" it is "acme_shop".
fn plain(name: &str) -> String {
    let lower = |c: char| match c {
        '-' => '_',
        '\\' => '/',
        c => c.to_ascii_lowercase(),
    };
    name.chars().map(lower).collect()
}
