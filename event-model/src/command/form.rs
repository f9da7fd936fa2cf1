//! From the table of decisions to their stored forms.
//!
//! Owns the macro that makes of each row a variant of `Decision`, an archived type of
//! its own (who, when, and the row's fields) and the way between the two. A schema a
//! decision, so that a new field of one leaves the records of all others alone, a
//! release meets a decision it does not know as an opaque record, and none takes the
//! space of the largest.

/// See the module. A row: docs, schema, name, fields with their docs.
macro_rules! decisions {
    ($(
        $(#[$doc:meta])*
        $schema:literal $name:ident {
            $( $(#[$field_doc:meta])* $field:ident: $ty:ty, )*
        }
    )*) => {
        /// What was decided.
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Decision {
            $(
                $(#[$doc])*
                $name { $( $(#[$field_doc])* $field: $ty, )* },
            )*
        }

        /// The archived types, a row each.
        mod stored {
            use super::*;

            $(
                #[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
                pub(super) struct $name {
                    pub(super) actor: Actor,
                    pub(super) at_ns: i64,
                    $( pub(super) $field: $ty, )*
                }
            )*
        }

        impl Decision {
            /// Every kind of decision: the schema it is written with, and its name.
            pub const KINDS: &'static [(u16, &'static str)] =
                &[$( ($schema, stringify!($name)), )*];

            /// The schema of the record it is written as.
            pub fn schema(&self) -> u16 {
                match self {
                    $( Self::$name { .. } => $schema, )*
                }
            }

            /// The name of its kind.
            pub fn kind(&self) -> &'static str {
                match self {
                    $( Self::$name { .. } => stringify!($name), )*
                }
            }

            pub(super) fn archive(
                &self,
                actor: Actor,
                at_ns: i64,
            ) -> Result<rkyv::util::AlignedVec, rkyv::rancor::Error> {
                match self {
                    $(
                        Self::$name { $( $field, )* } => rkyv::to_bytes(&stored::$name {
                            actor,
                            at_ns,
                            $( $field: Clone::clone($field), )*
                        }),
                    )*
                }
            }

            /// Who, when, what; none: no decision of this release has the schema.
            pub(super) fn read(
                schema: u16,
                archive: &[u8],
            ) -> Option<Result<(Actor, i64, Self), rkyv::rancor::Error>> {
                Some(match schema {
                    $(
                        $schema => rkyv::from_bytes(archive).map(|read: stored::$name| {
                            let decision = Self::$name { $( $field: read.$field, )* };
                            (read.actor, read.at_ns, decision)
                        }),
                    )*
                    _ => return None,
                })
            }
        }
    };
}

pub(super) use decisions;
