//! What a browser's event tells of who ran into it: an extension, a robot, a browser
//! that nobody builds for any more.

use event_model::Event;

use super::{ends_of_stacks, texts};

/// Schemes that only extensions have.
const EXTENSION_SCHEMES: [&str; 7] = [
    "chrome-extension://",
    "moz-extension://",
    "safari-extension://",
    "safari-web-extension://",
    "ms-browser-extension://",
    "webkit-masked-url://",
    "extension://",
];
/// Messages that are known of extensions and toolbars alone.
const EXTENSION_TEXTS: [&str; 13] = [
    "top.globals",
    "originalcreatenotification",
    "canvas.contentdocument",
    "myapp_removeallhighlights",
    "zitereader",
    "jigsaw is not defined",
    "combosearch is not defined",
    "atomicfindclose",
    "fb_xd_fragment",
    "bmi_safeaddonload",
    "ebcallbackmessagereceived",
    "conduitpage",
    "extension context invalidated",
];
/// What robots call themselves. Words with "bot", "crawler" and "spider" at their end
/// are known by that.
const CRAWLERS: [&str; 12] = [
    "google-inspectiontool",
    "googleother",
    "mediapartners-google",
    "adsbot-google",
    "slurp",
    "baiduspider",
    "facebookexternalhit",
    "meta-externalagent",
    "ia_archiver",
    "lighthouse",
    "pingdom.com_bot",
    "yandex.com/bots",
];
/// Words that only look like robots.
const NOT_CRAWLERS: [&str; 2] = ["cubot", "robot"];

/// The first version that is not too old, by the name before it. Of the end of 2018:
/// older ones do not know what compilers have long put out.
const OLDEST: [(&str, u32); 4] = [
    ("firefox/", 60),
    ("chrome/", 63),
    ("version/", 12),
    ("opr/", 50),
];

/// Whether an extension threw or began what failed.
pub(super) fn is_of_extension(event: &Event) -> bool {
    let of_extension = |place: &str| {
        EXTENSION_SCHEMES
            .iter()
            .any(|scheme| place.starts_with(scheme))
    };
    let by_frame = ends_of_stacks(event)
        .any(|frame| of_extension(&frame.abs_path) || of_extension(&frame.filename));
    by_frame
        || texts(event).iter().any(|text| {
            let text = text.to_lowercase();
            EXTENSION_TEXTS.iter().any(|known| text.contains(known))
        })
}

pub(super) fn is_crawler(agent: &str) -> bool {
    let agent = agent.to_lowercase();
    let mut words = agent.split(|c: char| !c.is_ascii_alphanumeric());
    CRAWLERS.iter().any(|known| agent.contains(known))
        || words.any(|word| {
            let ends = ["bot", "bots", "crawler", "spider"]
                .iter()
                .any(|end| word.ends_with(end));
            ends && !NOT_CRAWLERS.contains(&word)
        })
}

pub(super) fn is_legacy(agent: &str) -> bool {
    let agent = agent.to_lowercase();
    let old = |(name, oldest): &(&str, u32)| {
        // Chrome and its kin say "Version/" on Android only, of the system's view.
        if *name == "version/" && (!agent.contains("safari/") || agent.contains("chrome/")) {
            return false;
        }
        let version = agent.split(name).nth(1).unwrap_or_default();
        let end = version
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(version.len());
        version[..end]
            .parse::<u32>()
            .is_ok_and(|version| version < *oldest)
    };
    agent.contains("msie ")
        || agent.contains("trident/")
        || agent.contains("opera mini")
        || agent.contains("presto/")
        || agent.contains(" edge/")
        || OLDEST.iter().any(old)
}
