//! The page of doors: the table that routers and the forwarder are built of.

use std::fmt::Write as _;

use proto::routes::{Place, ROUTES, Role, SERVICES};

use super::NOTE;

pub(super) fn page() -> String {
    let mut page = format!(
        "# Doors\n\n{NOTE}
Who answers what. Each role answers its own; the query role's listener forwards the gateway's to it, so that everything is found there. [openapi.json](../openapi.json) describes bodies and answers, [errata/v1](../../proto/errata/v1) the messages.

## Paths

| path | methods | role | found |
| --- | --- | --- | --- |
"
    );
    for route in ROUTES {
        let found = match route.place {
            Place::Exact => "as it stands",
            Place::Slash => "with a last slash, too",
            Place::AnyPrefix => "with a last slash, too, and behind any prefix",
        };
        let methods = route.methods.join(", ");
        let (path, role) = (route.path, name(route.role));
        // Writing to a text cannot fail.
        let _ = writeln!(page, "| `{path}` | {methods} | {role} | {found} |");
    }
    page.push_str("\n## Services\n\nBy gRPC and gRPC-Web.\n\n| service | role |\n| --- | --- |\n");
    for service in SERVICES {
        let _ = writeln!(page, "| `{}` | {} |", service.name, name(service.role));
    }
    page
}

fn name(role: Role) -> &'static str {
    match role {
        Role::Gateway => "gateway",
        Role::Query => "query",
        Role::Each => "whoever listens",
    }
}
