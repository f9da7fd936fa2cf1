//! The house rules that a machine can hold: edges of crates and of modules, module docs,
//! file sizes, no stubs, no paths of a developer's machine.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "tidy/modules.rs"]
mod modules;
#[path = "tidy/versions.rs"]
mod versions;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Which of our crates each may use; DESIGN's "Edges".
const EDGES: &[(&str, &[&str])] = &[
    // Stands below all others.
    ("ground", &[]),
    ("log-core", &["ground"]),
    // For its tests and fuzzers only.
    ("log-sim", &["ground", "log-core"]),
    ("event-model", &[]),
    ("proto", &[]),
    ("event-log", &["event-model", "ground", "log-core"]),
    (
        "backup",
        &[
            "event-log",
            "event-model",
            "ground",
            "object-place",
            "read-model",
        ],
    ),
    // A folder or a bucket, from an address.
    ("object-place", &[]),
    // Pure: text to a tree.
    ("search-language", &["event-model"]),
    // Compiles its trees to SQL and to queries of the index.
    (
        "read-model",
        &["event-model", "object-place", "search-language"],
    ),
    // Native events come as protobuf, too.
    ("event-intake", &["event-model", "proto"]),
    (
        "ingest-gateway",
        &[
            "event-intake",
            "event-log",
            "event-model",
            "ground",
            "grouping",
            "proto",
        ],
    ),
    ("grouping", &["event-model"]),
    (
        "projector",
        &[
            "event-log",
            "event-model",
            "ground",
            "grouping",
            "read-model",
        ],
    ),
    (
        "query-engine",
        &[
            "event-log",
            "event-model",
            "ground",
            "grouping",
            "proto",
            "read-model",
            "search-language",
        ],
    ),
    // A leaf: DataFusion compiles here and nowhere else.
    (
        "sql-engine",
        &[
            "event-log",
            "event-model",
            "ground",
            "grouping",
            "proto",
            "query-engine",
            "read-model",
        ],
    ),
    ("alerter", &["ground", "proto"]),
    (
        "errata",
        &[
            "alerter",
            "backup",
            "event-intake",
            "event-log",
            "event-model",
            "ground",
            "grouping",
            "ingest-gateway",
            "log-core",
            "object-place",
            "projector",
            "proto",
            "query-engine",
            "read-model",
            "sql-engine",
        ],
    ),
    // Measures from outside; its micro-benchmarks name the crates they measure.
    (
        "benches",
        &[
            "event-intake",
            "event-log",
            "event-model",
            "ground",
            "grouping",
            "log-core",
            "projector",
            "read-model",
        ],
    ),
];

/// Packages that must not be reached from a crate: what it "must never know".
const FORBIDDEN: &[(&str, &[&str])] = &[
    (
        "log-core",
        &["tokio", "prost", "tonic", "hyper", "axum", "serde"],
    ),
    (
        "event-model",
        &["tokio", "prost", "tonic", "hyper", "axum", "rusqlite"],
    ),
    (
        "event-log",
        &["tonic", "hyper", "axum", "rusqlite", "tantivy"],
    ),
    ("backup", &["tonic", "hyper", "axum", "rusqlite", "tantivy"]),
    (
        "event-intake",
        &[
            "tokio", "tonic", "hyper", "axum", "http", "argon2", "rusqlite",
        ],
    ),
    (
        "grouping",
        &["tokio", "tonic", "hyper", "axum", "rusqlite", "tantivy"],
    ),
    ("projector", &["tonic", "hyper", "axum"]),
    ("query-engine", &["datafusion", "arrow-flight"]),
    ("read-model", &["tonic", "hyper", "axum"]),
    (
        "search-language",
        &[
            "tokio", "prost", "tonic", "hyper", "axum", "rusqlite", "tantivy",
        ],
    ),
    ("alerter", &["rusqlite", "tantivy", "memmap2"]),
];

/// The one file of the gateway that may name `grouping`: no event on its way in meets it.
const GATEWAY_RULES: &str = "ingest-gateway/src/commands/rules.rs";

const LINES_MAX: usize = 500;
/// Files that may be longer, and why.
const LONG_FILES: &[(&str, &str)] = &[];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_gateway_groups_nothing() {
    let mut files: Vec<String> = sources(&["rs"]).iter().map(|path| relative(path)).collect();
    files.retain(|path| path.starts_with("ingest-gateway/src/"));
    assert!(files.len() > 50, "{files:?}");
    files.retain(|path| {
        let text = fs::read_to_string(root().join(path)).unwrap();
        text.contains("grouping::")
    });
    assert_eq!(files, [GATEWAY_RULES], "see docs/adr/0047");
}

#[test]
fn crates_use_only_the_crates_they_may() {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(vec!["--offline".to_owned()])
        .exec()
        .unwrap();
    let ours: Vec<String> = metadata
        .workspace_packages()
        .iter()
        .map(|p| p.name.to_string())
        .collect();
    let edges: BTreeMap<_, _> = EDGES.iter().copied().collect();
    let forbidden: BTreeMap<_, _> = FORBIDDEN.iter().copied().collect();
    assert_eq!(
        ours.len(),
        edges.len(),
        "every crate is listed in EDGES: {ours:?}"
    );
    for package in metadata.workspace_packages() {
        let allowed = edges
            .get(package.name.as_str())
            .unwrap_or_else(|| panic!("{} is not in EDGES", package.name));
        for dependency in &package.dependencies {
            let is_test_only = dependency.kind == DependencyKind::Development;
            if ours.contains(&dependency.name) && !is_test_only {
                assert!(
                    allowed.contains(&dependency.name.as_str()),
                    "{} must not use {}: see ARCHITECTURE.md",
                    package.name,
                    dependency.name
                );
            }
            let never = forbidden
                .get(package.name.as_str())
                .copied()
                .unwrap_or_default();
            assert!(
                is_test_only || !never.contains(&dependency.name.as_str()),
                "{} must never know {}",
                package.name,
                dependency.name
            );
        }
    }
}

/// Source files of the tree, without generated and installed ones.
fn sources(extensions: &[&str]) -> Vec<PathBuf> {
    fn walk(dir: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) {
        const SKIPPED: &[&str] = &[
            "target",
            "node_modules",
            "dist",
            "gen",
            ".git",
            ".venv",
            "data",
            "artifacts",
        ];
        for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
            let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
            if path.is_dir() && !SKIPPED.contains(&name.as_str()) {
                walk(&path, extensions, found);
            } else if path
                .extension()
                .is_some_and(|e| extensions.contains(&e.to_str().unwrap()))
            {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root(), extensions, &mut found);
    assert!(
        found.len() > 20,
        "the walk found hardly anything: {found:?}"
    );
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

/// Tests, benchmarks and examples, by their place.
fn is_test(name: &str) -> bool {
    ["tests/", "benches/benches/", "examples/"]
        .iter()
        .any(|folder| name.starts_with(folder) || name.contains(&format!("/{folder}")))
        || name.ends_with("/tests.rs")
}

#[test]
fn files_are_of_a_size_to_be_read() {
    let long: Vec<String> = sources(&["rs", "ts", "tsx"])
        .iter()
        .map(|path| {
            (
                relative(path),
                fs::read_to_string(path).unwrap().lines().count(),
            )
        })
        .filter(|(name, lines)| {
            *lines > LINES_MAX && !LONG_FILES.iter().any(|(listed, _)| listed == name)
        })
        .map(|(name, lines)| format!("{name}: {lines}"))
        .collect();
    assert!(
        long.is_empty(),
        "over {LINES_MAX} lines; split them or list them with a reason: {long:#?}"
    );
}

#[test]
fn every_module_says_what_it_owns() {
    let silent: Vec<String> = sources(&["rs"])
        .iter()
        .filter(|path| !is_test(&relative(path)))
        .filter(|path| {
            let text = fs::read_to_string(path).unwrap();
            !text.trim_start().starts_with("//!")
        })
        .map(|path| relative(path))
        .collect();
    assert!(silent.is_empty(), "no module docs: {silent:#?}");
}

#[test]
fn nothing_is_stubbed() {
    let markers = [
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
    ];
    let mut found = Vec::new();
    for path in sources(&["rs", "ts", "tsx", "proto"]) {
        for (number, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            if markers.iter().any(|marker| line.contains(marker)) {
                found.push(format!(
                    "{}:{}: {}",
                    relative(&path),
                    number + 1,
                    line.trim()
                ));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn no_unwrap_outside_tests() {
    // clippy::unwrap_used holds it; this holds that nobody allows it away in `src`.
    let allowance = concat!("allow(clippy::unwrap", "_used");
    let mut found = Vec::new();
    for path in sources(&["rs"]) {
        let name = relative(&path);
        let is_test = is_test(&name);
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            // Inline test modules may; they come right after `#[cfg(test)]`.
            let before = text
                .lines()
                .skip(number.saturating_sub(3))
                .take(4)
                .collect::<String>();
            if line.contains(allowance)
                && !is_test
                && !before.contains("cfg(test)")
                && !text.contains("#![cfg(test)]")
            {
                found.push(format!("{name}:{}", number + 1));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// Texts in the source that look like paths of routes and are none.
const NO_ROUTES: &[(&str, &str)] = &[
    ("/api", "the beginning of all paths of ingestion"),
    ("/api/projects", "the beginning of one"),
    ("/auth", "the beginning of paths that the gateway answers"),
    ("/api/webhooks", "of another service, and secret"),
];

/// Routers read the table; a path that is written elsewhere would be routed without it.
#[test]
fn paths_stand_in_the_table_of_routes_alone() {
    let mut found = BTreeMap::new();
    for path in sources(&["rs"]) {
        let name = relative(&path);
        let is_server = ["src/", "ingest-gateway/src/", "query-engine/src/"]
            .iter()
            .any(|folder| name.starts_with(folder));
        if !is_server || is_test(&name) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for line in code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            for literal in line.split('"').skip(1).step_by(2) {
                let route = literal.trim_end_matches('/');
                let is_path = ["/api", "/v1", "/auth", "/tunnel", "/opentelemetry"]
                    .iter()
                    .any(|start| {
                        route == *start
                            || route.starts_with(&format!("{start}/"))
                            || route.starts_with(&format!("{start}."))
                    });
                let listed = NO_ROUTES.iter().any(|(known, _)| *known == route);
                if is_path && !listed && !route.contains(' ') {
                    found.insert(route.to_owned(), name.clone());
                }
            }
        }
    }
    assert!(found.is_empty(), "not of proto/src/routes.rs: {found:#?}");
}

#[test]
fn every_route_is_described_and_every_description_routed() {
    let text = fs::read_to_string(root().join("docs/openapi.json")).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut described = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let members = operations.as_object().unwrap().keys();
        for method in members.filter(|member| *member != "parameters") {
            described.insert((path.as_str(), method.to_uppercase()));
        }
    }
    let routed: BTreeSet<_> = proto::routes::ROUTES
        .iter()
        .flat_map(|route| {
            let methods = route.methods.iter();
            methods.map(|method| (route.path, (*method).to_owned()))
        })
        .collect();
    let missing: Vec<_> = routed.difference(&described).collect();
    assert!(missing.is_empty(), "not in docs/openapi.json: {missing:#?}");
    let gone: Vec<_> = described.difference(&routed).collect();
    assert!(gone.is_empty(), "described, but not routed: {gone:#?}");
}
