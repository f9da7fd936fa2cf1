//! Whether rules of grouping can be read: all that the gateway asks of `grouping`.
//!
//! Invariant: what an event's fingerprint is, is never asked here, and nothing of it on an
//! event's way in (docs/adr has the reason for the edge). Pure: the parser is bounded in
//! bytes, rules and errors.

use grouping::{Algorithm, RuleError, Rules};

use event_model::Decision;

use super::CommandCore;
use crate::error::{ApiError, ErrorCode};

pub(crate) use grouping::rules::RULES_BYTES_MAX;

/// The version of the algorithm that new projects begin with.
pub(crate) fn newest() -> u32 {
    Algorithm::NEWEST.number()
}

/// Those that a project may be on.
pub(crate) fn algorithms() -> Vec<u32> {
    Algorithm::ALL.map(Algorithm::number).to_vec()
}

pub(crate) fn check_algorithm(algorithm: u32) -> Result<(), ApiError> {
    let known = Algorithm::known(algorithm);
    let refused =
        |error: grouping::UnknownAlgorithm| ApiError::invalid("algorithm", error.to_string());
    known.map(drop).map_err(refused)
}

/// Whether a text of rules can be read. The first that is wrong is told with its place:
/// the field is `text:LINE:COLUMN`.
pub(crate) fn check_rules(text: &str) -> Result<(), ApiError> {
    if text.len() > RULES_BYTES_MAX {
        let message = format!("must have at most {RULES_BYTES_MAX} bytes");
        return Err(ApiError::at(ErrorCode::TooLarge, "text", message));
    }
    let Err(errors) = Rules::parse(text) else {
        return Ok(());
    };
    let (field, message) = RuleError::refused(&errors);
    Err(ApiError::invalid(field, message))
}

impl CommandCore {
    /// The text that a command of this number set, from the control log.
    pub(crate) fn rules_of(&self, number: u64) -> Result<String, ApiError> {
        let mut commands = self.log.reader().commands_after(number.saturating_sub(1));
        let found = commands.next().transpose();
        let found = found.map_err(|error| ApiError::new(ErrorCode::Internal, error.to_string()))?;
        match found {
            Some((found, command)) if found == number => match command.decision {
                Decision::SetGroupingRules { text, .. } | Decision::ApplyGrouping { text, .. } => {
                    Ok(text)
                }
                // What it set stands in an earlier one.
                Decision::UndoGrouping { project_id, .. } => {
                    let state = event_log::control_at(&self.log.reader(), number);
                    let state = state
                        .map_err(|error| ApiError::new(ErrorCode::Internal, error.to_string()))?;
                    Ok(state.rules_in_force(project_id).text.to_string())
                }
                _ => Err(gone(number)),
            },
            _ => Err(gone(number)),
        }
    }
}

fn gone(number: u64) -> ApiError {
    let message = format!("command {number} of the control log sets no rules");
    ApiError::new(ErrorCode::Internal, message)
}
