//! Settings on the wire and in the model, field by field.

use event_model::settings::{Filters, ScrubMethod, ScrubRule, Scrubbing, SourceLines};
use proto::v1;

use crate::error::ApiError;

/// From the wire. Fails if a rule does not say how, or with a word of a newer release.
pub fn scrubbing_of(given: &v1::Scrubbing) -> Result<Scrubbing, ApiError> {
    let rule = |(at, rule): (usize, &v1::ScrubRule)| {
        let how = match v1::ScrubMethod::try_from(rule.how) {
            Ok(v1::ScrubMethod::Mask) => ScrubMethod::Mask,
            Ok(v1::ScrubMethod::Remove) => ScrubMethod::Remove,
            Ok(v1::ScrubMethod::Hash) => ScrubMethod::Hash,
            Ok(v1::ScrubMethod::Unspecified) | Err(_) => {
                let field = format!("scrubbing.rules[{at}].how");
                return Err(ApiError::invalid(field, "must be mask, remove or hash"));
            }
        };
        Ok(ScrubRule {
            place: rule.r#where.trim().to_owned(),
            what: rule.what.clone(),
            how,
        })
    };
    let rules: Result<Vec<ScrubRule>, ApiError> =
        given.rules.iter().enumerate().map(rule).collect();
    let source_lines = match v1::SourceLines::try_from(given.source_lines) {
        Ok(v1::SourceLines::Unspecified | v1::SourceLines::Scrub) => SourceLines::Scrub,
        Ok(v1::SourceLines::Keep) => SourceLines::Keep,
        Ok(v1::SourceLines::Remove) => SourceLines::Remove,
        Err(_) => {
            let message = "must be scrub, keep or remove";
            return Err(ApiError::invalid("scrubbing.source_lines", message));
        }
    };
    Ok(Scrubbing {
        rules: rules?,
        allow: given
            .allow
            .iter()
            .map(|name| name.trim().to_owned())
            .collect(),
        emails: given.emails,
        ip_addresses: given.ip_addresses,
        source_lines,
    })
}

/// For the wire.
pub fn scrubbing_to(settings: &Scrubbing) -> v1::Scrubbing {
    let rule = |rule: &ScrubRule| v1::ScrubRule {
        r#where: rule.place.clone(),
        what: rule.what.clone(),
        how: match rule.how {
            ScrubMethod::Mask => v1::ScrubMethod::Mask,
            ScrubMethod::Remove => v1::ScrubMethod::Remove,
            ScrubMethod::Hash => v1::ScrubMethod::Hash,
        }
        .into(),
    };
    v1::Scrubbing {
        rules: settings.rules.iter().map(rule).collect(),
        allow: settings.allow.clone(),
        emails: settings.emails,
        ip_addresses: settings.ip_addresses,
        source_lines: match settings.source_lines {
            SourceLines::Scrub => v1::SourceLines::Scrub,
            SourceLines::Keep => v1::SourceLines::Keep,
            SourceLines::Remove => v1::SourceLines::Remove,
        }
        .into(),
    }
}

/// From the wire.
pub fn filters_of(given: &v1::Filters) -> Filters {
    let list = |entries: &[String]| -> Vec<String> {
        entries
            .iter()
            .map(|entry| entry.trim().to_owned())
            .collect()
    };
    Filters {
        releases: list(&given.releases),
        environments: list(&given.environments),
        ip_ranges: list(&given.ip_ranges),
        user_agents: list(&given.user_agents),
        messages: list(&given.messages),
        browser_extensions: given.browser_extensions,
        crawlers: given.crawlers,
        localhost: given.localhost,
        noise: given.noise,
        chunk_load_errors: given.chunk_load_errors,
        legacy_browsers: given.legacy_browsers,
    }
}

/// For the wire.
pub fn filters_to(settings: &Filters) -> v1::Filters {
    v1::Filters {
        releases: settings.releases.clone(),
        environments: settings.environments.clone(),
        ip_ranges: settings.ip_ranges.clone(),
        user_agents: settings.user_agents.clone(),
        messages: settings.messages.clone(),
        browser_extensions: settings.browser_extensions,
        crawlers: settings.crawlers,
        localhost: settings.localhost,
        noise: settings.noise,
        chunk_load_errors: settings.chunk_load_errors,
        legacy_browsers: settings.legacy_browsers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_the_wire() {
        let rule = |how| ScrubRule {
            place: "extra.**.iban".into(),
            what: "@iban".into(),
            how,
        };
        for source_lines in [SourceLines::Scrub, SourceLines::Keep, SourceLines::Remove] {
            let settings = Scrubbing {
                rules: [ScrubMethod::Mask, ScrubMethod::Remove, ScrubMethod::Hash]
                    .map(rule)
                    .to_vec(),
                allow: vec!["public_token".into()],
                emails: true,
                ip_addresses: true,
                source_lines,
            };
            let back = scrubbing_of(&scrubbing_to(&settings)).expect("sound settings");
            assert_eq!(back, settings);
        }
        let one = |name: &str| vec![name.to_owned()];
        let filters = Filters {
            releases: one("r"),
            environments: one("e"),
            ip_ranges: one("i"),
            user_agents: one("u"),
            messages: one("m"),
            browser_extensions: true,
            crawlers: true,
            localhost: true,
            noise: true,
            chunk_load_errors: true,
            legacy_browsers: true,
        };
        assert_eq!(filters_of(&filters_to(&filters)), filters);
    }
}
