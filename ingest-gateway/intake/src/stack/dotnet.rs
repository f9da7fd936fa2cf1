//! .NET's and Mono's `Exception.ToString`: newest call first; what was inside comes
//! before its own frames, up to `--- End of inner exception stack trace ---`.

use event_model::event::Frame;

use super::{
    lines,
    tree::{Node, Tree},
};

/// What .NET Framework puts before a call, in its machine's language.
const AT: [&str; 11] = [
    "at ", "bei ", "в ", "à ", "en ", "in ", "em ", "w ", "v ", "場所 ", "在 ",
];
/// What it puts between a call and its place.
const IN: [&str; 7] = [" in ", " в ", " dans ", " en ", " w ", " na ", " 场所 "];
/// What it puts before the line.
const LINE: [&str; 9] = [
    "line ",
    "Zeile ",
    "строка ",
    "ligne ",
    "línea ",
    "riga ",
    "linha ",
    "wiersz ",
    "行 ",
];

pub(super) fn read(text: &str) -> Tree {
    let mut tree = Tree::default();
    let mut open: Vec<usize> = Vec::new();
    let mut in_heading = true;
    // The first inner error of an aggregate is written out twice.
    let mut repeated = false;
    for line in lines(text) {
        let bare = line.trim();
        if bare.starts_with("--- End of ") {
            if bare.contains("inner") && open.len() > 1 {
                open.pop();
            }
            in_heading = false;
            continue;
        }
        let (bare, ends) = match bare.strip_suffix("<---") {
            Some(rest) => (rest.trim_end(), true),
            None => (bare, false),
        };
        if let Some(frame) = AT
            .iter()
            .find_map(|at| bare.strip_prefix(at))
            .and_then(frame)
        {
            in_heading = false;
            if !repeated {
                let at = open.last().copied().or_else(|| tree.push(Node::default()));
                let Some(at) = at else { break };
                if open.is_empty() {
                    open.push(at);
                }
                tree.nodes[at].frames.push(frame);
            }
        } else if let Some(heading) = bare.strip_prefix("---> ") {
            repeated = heading.starts_with("(Inner Exception #0)");
            if !repeated {
                push_all(&mut tree, &mut open, heading, true);
            }
            in_heading = true;
        } else if tree.nodes.is_empty() {
            if !bare.is_empty() {
                let heading = bare.strip_prefix("Unhandled exception. ").unwrap_or(bare);
                push_all(&mut tree, &mut open, heading, false);
            }
        } else if in_heading
            && !repeated
            && let Some(at) = open.last()
        {
            tree.nodes[*at].say(line.trim_end());
        }
        if ends {
            if !repeated && open.len() > 1 {
                open.pop();
            }
            repeated = false;
        }
    }
    tree.newest_first()
}

/// Old runtimes write all headings on one line: "A: a ---> B: b".
fn push_all(tree: &mut Tree, open: &mut Vec<usize>, line: &str, mut is_inner: bool) {
    for heading in line.split(" ---> ") {
        let (number, heading) = match heading.strip_prefix("(Inner Exception #") {
            Some(rest) => rest.split_once(") ").unwrap_or(("0", rest)),
            None => ("", heading),
        };
        let parent = open.last().copied().filter(|_| is_inner);
        if let Some(parent) = parent
            && !number.is_empty()
        {
            tree.nodes[parent].is_group = true;
        }
        let node = Node {
            parent,
            source: match (is_inner, number) {
                (false, _) => String::new(),
                (true, "") => "InnerException".to_owned(),
                (true, number) => format!("InnerExceptions[{number}]"),
            },
            ..Node::headed(heading)
        };
        let Some(at) = tree.push(node) else { return };
        open.push(at);
        is_inner = true;
    }
}

/// `Space.Class.Method(Int32 id) in /src/Cart.cs:line 12`, after "at ".
fn frame(call: &str) -> Option<Frame> {
    let (name, rest) = call.split_once('(')?;
    // Mono has a blank and the machine's place around the parameters.
    let is_mono = rest.contains(") [0x");
    let name = if is_mono { name.trim_end() } else { name };
    if !name.contains('.') || name.contains(' ') && !name.contains('<') {
        return None;
    }
    let (_, rest) = rest.split_once(')')?;
    let place = IN.iter().find_map(|word| rest.split_once(word));
    let (path, lineno) = place.map_or(("", 0), |(_, place)| place_of(place.trim()));
    let (module, function) = names(name);
    Some(Frame {
        function,
        module,
        abs_path: path.to_owned(),
        lineno,
        ..Frame::default()
    })
}

fn place_of(place: &str) -> (&str, u32) {
    if place.starts_with('<') {
        return ("", 0);
    }
    let line = |text: &str| {
        let text = text.trim().trim_end_matches('.');
        let number = LINE.iter().find_map(|word| text.strip_prefix(word));
        number.unwrap_or(text).parse().ok()
    };
    match place.rsplit_once(':') {
        Some((path, number)) => match line(number) {
            Some(number) => (path, number),
            None => (place, 0),
        },
        None => (place, 0),
    }
}

/// The class and the method. The compiler turns `PayAsync` into a class
/// `<PayAsync>d__5` with a method `MoveNext`: the source's name is meant.
fn names(name: &str) -> (String, String) {
    if let Some(rest) = name.strip_suffix(".MoveNext")
        && let Some((class, machine)) = rest.rsplit_once(['.', '+', '/'])
        && let Some((method, _)) = machine.strip_prefix('<').and_then(|m| m.split_once('>'))
        && !method.is_empty()
    {
        return (class.to_owned(), method.to_owned());
    }
    // ".ctor" begins with a dot of its own.
    let cut = name
        .strip_suffix("..ctor")
        .or_else(|| name.strip_suffix("..cctor"))
        .map_or_else(|| name.rfind('.'), |class| Some(class.len()));
    match cut {
        Some(at) => (name[..at].to_owned(), name[at + 1..].to_owned()),
        None => (String::new(), name.to_owned()),
    }
}
