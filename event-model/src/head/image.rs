//! Where an instruction is within the native image it was loaded from: what stays when
//! the image is loaded elsewhere.

use crate::{
    event::Frame,
    free::{Free, Part},
};

/// Most images that are looked through; a process has some hundreds.
const IMAGES_MAX: usize = 2_000;

/// The images of a stack's frames, by where they begin.
#[derive(Debug, Default)]
pub(super) struct Images(Vec<Image>);

#[derive(Debug, Clone, Copy)]
struct Image {
    start: u64,
    /// 0: unknown.
    size_bytes: u64,
}

impl Images {
    /// What the event tells of loaded images, if a frame needs it.
    pub(super) fn of(frames: &[Frame], debug_meta: &Free) -> Self {
        let needs = |frame: &Frame| {
            number(frame.other.get("instruction_addr")) > 0
                && number(frame.other.get("image_addr")) == 0
        };
        if debug_meta.is_empty() || !frames.iter().any(needs) {
            return Self::default();
        }
        let images = debug_meta.get("images").and_then(Part::items);
        let images = images.unwrap_or_default().into_iter().take(IMAGES_MAX);
        let image = |image: Part<'_>| Image {
            start: number(image.get("image_addr")),
            size_bytes: number(image.get("image_size")),
        };
        let mut images: Vec<Image> = images.map(image).filter(|i| i.start > 0).collect();
        images.sort_unstable_by_key(|image| image.start);
        Self(images)
    }

    /// Bytes from the start of its image to a frame's instruction; 0: unknown.
    pub(super) fn relative(&self, frame: &Frame) -> u64 {
        if frame.other.is_empty() {
            return 0;
        }
        let address = number(frame.other.get("instruction_addr"));
        if address == 0 {
            return 0;
        }
        let told = number(frame.other.get("image_addr"));
        if told > 0 {
            return address.saturating_sub(told);
        }
        let mode = frame.other.get("addr_mode").and_then(Part::as_str);
        if mode.is_some_and(|mode| mode.starts_with("rel:")) {
            return address;
        }
        let after = self.0.partition_point(|image| image.start <= address);
        let Some(image) = after.checked_sub(1).and_then(|at| self.0.get(at)) else {
            return 0;
        };
        let offset = address - image.start;
        if image.size_bytes == 0 || offset < image.size_bytes {
            offset
        } else {
            0
        }
    }
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

    #[track_caller]
    fn check(frame_json: &str, debug_meta: &str, expected: u64) {
        let frames = [frame(frame_json)];
        let debug_meta = Free::from_json(debug_meta).expect("an object");
        let images = Images::of(&frames, &debug_meta);
        assert_eq!(images.relative(&frames[0]), expected, "{frame_json}");
    }

    #[test]
    fn an_address_is_told_within_its_image() {
        let images = r#"{"images":[
            {"image_addr":"0x5000","image_size":4096},
            {"image_addr":"0x1000","image_size":16},
            {"type":"proguard"}
        ]}"#;
        let own = r#"{"instruction_addr":"0x1234","image_addr":"0x1000"}"#;
        check(own, "{}", 0x234);
        check(r#"{"instruction_addr":"0x5678"}"#, images, 0x678);
        check(r#"{"instruction_addr":4104}"#, images, 8);
        // Behind an image, before all, and of a frame that has none.
        check(r#"{"instruction_addr":"0x1010"}"#, images, 0);
        check(r#"{"instruction_addr":"0x10"}"#, images, 0);
        check("{}", images, 0);
        let relative = r#"{"instruction_addr":"0x99","addr_mode":"rel:0"}"#;
        check(relative, images, 0x99);
        check(r#"{"instruction_addr":"x"}"#, images, 0);
    }
}
