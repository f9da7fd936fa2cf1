//! Which native image or script an instruction is in, by the debug id that its symbols or
//! its source map are filed under, and where within the image: what stays when it is
//! loaded elsewhere, and what late symbols are looked up by.

use std::collections::HashMap;

use crate::{
    event::Frame,
    free::{Free, Part},
};

/// Most images that are looked through; a process has some hundreds.
const IMAGES_MAX: usize = 2_000;
/// Longest debug id, bytes: a UUID and an age have 45.
const DEBUG_ID_BYTES_MAX: usize = 64;

/// The images that an event tells of, and the debug ids that its frames use.
#[derive(Debug, Default)]
pub(super) struct Images {
    /// In the client's order.
    all: Vec<Image>,
    /// Those with an address, by where they begin.
    by_start: Vec<(u64, usize)>,
    /// Those with a file: scripts are told by their address in the web.
    by_file: HashMap<String, usize>,
    used: Vec<String>,
}

#[derive(Debug)]
struct Image {
    /// 0: unknown.
    size_bytes: u64,
    debug_id: String,
}

/// Where a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Bytes from the start of its image; 0: unknown.
    pub(super) address: u64,
    /// From 1 in the debug ids used; 0: unknown.
    pub(super) debug_id: u16,
}

impl Images {
    /// What an event tells of loaded images.
    pub(super) fn of(debug_meta: &Free) -> Self {
        let mut images = Self::default();
        if debug_meta.is_empty() {
            return images;
        }
        let told = debug_meta.get("images").and_then(Part::items);
        for image in told.unwrap_or_default().into_iter().take(IMAGES_MAX) {
            let (at, start) = (images.all.len(), number(image.get("image_addr")));
            if start > 0 {
                images.by_start.push((start, at));
            }
            if let Some(file) = image.get("code_file").and_then(Part::as_str) {
                images.by_file.entry(file.into_owned()).or_insert(at);
            }
            images.all.push(Image {
                size_bytes: number(image.get("image_size")),
                debug_id: debug_id(image),
            });
        }
        images.by_start.sort_unstable();
        images
    }

    /// The debug ids of the frames that were placed, each once.
    pub(super) fn into_debug_ids(self) -> Vec<String> {
        self.used
    }

    /// Where a frame is.
    pub(super) fn place(&mut self, frame: &Frame) -> Place {
        let (image, address) = self.find(frame);
        Place {
            address,
            debug_id: image.map_or(0, |image| self.number_of(image)),
        }
    }

    /// The image and the bytes from its start.
    fn find(&self, frame: &Frame) -> (Option<usize>, u64) {
        let address = number(frame.other.get("instruction_addr"));
        if address == 0 {
            let files = [frame.abs_path.as_str(), frame.filename.as_str()];
            return (
                files
                    .iter()
                    .find_map(|file| self.by_file.get(*file).copied()),
                0,
            );
        }
        let told = number(frame.other.get("image_addr"));
        if told > 0 {
            let exact = self.by_start.iter().find(|(start, _)| *start == told);
            return (exact.map(|(_, at)| *at), address.saturating_sub(told));
        }
        let mode = frame.other.get("addr_mode").and_then(Part::as_str);
        if let Some(at) = mode.as_deref().and_then(|mode| mode.strip_prefix("rel:")) {
            let at = at.parse().ok().filter(|at| *at < self.all.len());
            return (at, address);
        }
        let after = self
            .by_start
            .partition_point(|(start, _)| *start <= address);
        let Some((start, at)) = after.checked_sub(1).map(|at| self.by_start[at]) else {
            return (None, 0);
        };
        let (offset, size_bytes) = (address - start, self.all[at].size_bytes);
        if size_bytes == 0 || offset < size_bytes {
            (Some(at), offset)
        } else {
            (None, 0)
        }
    }

    fn number_of(&mut self, image: usize) -> u16 {
        let id = &self.all[image].debug_id;
        if id.is_empty() {
            return 0;
        }
        let at = self.used.iter().position(|used| used == id);
        let at = at.unwrap_or_else(|| {
            self.used.push(id.clone());
            self.used.len() - 1
        });
        u16::try_from(at + 1).unwrap_or(0)
    }
}

/// In lower case; empty: it has none that looks like one.
fn debug_id(image: Part<'_>) -> String {
    let told = ["debug_id", "uuid", "id"].into_iter();
    let told = told.filter_map(|key| image.get(key)).find_map(Part::as_str);
    let id = told.unwrap_or_default().to_ascii_lowercase();
    let is_id = id.len() <= DEBUG_ID_BYTES_MAX
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if is_id { id } else { String::new() }
}

/// The last part of an image's path.
pub(super) fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or_default()
}

/// An address as clients send it: "0x7f…", or a number.
fn number(part: Option<Part<'_>>) -> u64 {
    let Some(part) = part else { return 0 };
    let text = part.as_str();
    let text = text.as_deref().unwrap_or(part.as_json());
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    match hex {
        Some(digits) => u64::from_str_radix(digits, 16).unwrap_or(0),
        None => text.parse().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(json: &str) -> Frame {
        Frame {
            other: Free::from_json(json).expect("an object"),
            ..Frame::default()
        }
    }

    /// The frame's address in its image, and the image's debug id.
    #[track_caller]
    fn check(frame: &Frame, debug_meta: &str, expected: (u64, &str)) {
        let debug_meta = Free::from_json(debug_meta).expect("an object");
        let mut images = Images::of(&debug_meta);
        let place = images.place(frame);
        let ids = images.into_debug_ids();
        let id = place
            .debug_id
            .checked_sub(1)
            .map(|at| ids[usize::from(at)].as_str());
        assert_eq!(
            (place.address, id.unwrap_or_default()),
            expected,
            "{frame:?}"
        );
    }

    #[test]
    fn an_address_is_told_within_its_image() {
        let images = r#"{"images":[
            {"image_addr":"0x5000","image_size":4096,"debug_id":"B0-1"},
            {"image_addr":"0x1000","image_size":16,"uuid":"A0"},
            {"type":"proguard","uuid":"C0"},
            {"image_addr":"0x9000","image_size":16,"debug_id":"no id at all"}
        ]}"#;
        let own = r#"{"instruction_addr":"0x1004","image_addr":"0x1000"}"#;
        check(&frame(own), "{}", (4, ""));
        check(&frame(own), images, (4, "a0"));
        check(
            &frame(r#"{"instruction_addr":"0x5678"}"#),
            images,
            (0x678, "b0-1"),
        );
        check(&frame(r#"{"instruction_addr":4104}"#), images, (8, "a0"));
        check(&frame(r#"{"instruction_addr":"0x9001"}"#), images, (1, ""));
        // Behind an image, before all, and of a frame that has none.
        check(&frame(r#"{"instruction_addr":"0x1010"}"#), images, (0, ""));
        check(&frame(r#"{"instruction_addr":"0x10"}"#), images, (0, ""));
        check(&frame("{}"), images, (0, ""));
        check(&frame(r#"{"instruction_addr":"x"}"#), images, (0, ""));
        let relative = |at| format!(r#"{{"instruction_addr":"0x99","addr_mode":"rel:{at}"}}"#);
        check(&frame(&relative(2)), images, (0x99, "c0"));
        check(&frame(&relative(4)), images, (0x99, ""));
    }

    #[test]
    fn a_script_has_the_debug_id_of_its_source_map() {
        let images = r#"{"images":[
            {"type":"sourcemap","code_file":"https://shop.example/a.js","debug_id":"11-22"},
            {"type":"sourcemap","code_file":"app:///b.js","debug_id":"33"}
        ]}"#;
        let script = |abs_path: &str, filename: &str| Frame {
            abs_path: abs_path.into(),
            filename: filename.into(),
            ..Frame::default()
        };
        check(
            &script("https://shop.example/a.js", "a.js"),
            images,
            (0, "11-22"),
        );
        check(&script("", "app:///b.js"), images, (0, "33"));
        check(
            &script("https://shop.example/c.js", "a.js"),
            images,
            (0, ""),
        );
    }

    #[test]
    fn a_debug_id_that_many_frames_have_is_kept_once() {
        let images = r#"{"images":[{"image_addr":"0x1000","debug_id":"a"},{"image_addr":"0x2000","debug_id":"b"}]}"#;
        let mut images = Images::of(&Free::from_json(images).expect("an object"));
        let at = |address: &str| frame(&format!(r#"{{"instruction_addr":"{address}"}}"#));
        let places = ["0x2001", "0x1001", "0x2002"].map(|address| images.place(&at(address)));
        assert_eq!(places.map(|place| place.debug_id), [1, 2, 1]);
        assert_eq!(images.into_debug_ids(), ["b", "a"]);
    }
}
