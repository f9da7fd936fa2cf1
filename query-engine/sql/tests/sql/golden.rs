//! Queries with their answers: `tests/golden/NAME.sql` and `NAME.csv`. `UPDATE=1` writes what
//! is answered.

use std::{fs, path::Path};

use serde_json::json;

use crate::world::{OWNER, World, block_on, event, send};

#[test]
fn queries_have_the_answers_that_stand_beside_them() {
    let world = World::new();
    for n in 0..300 {
        world.append(&event(n));
    }
    world.settle();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut queries: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "sql"))
        .collect();
    queries.sort();
    assert!(queries.len() >= 10, "{queries:?}");
    let mut wrong = Vec::new();
    for path in queries {
        let query = fs::read_to_string(&path).unwrap();
        let body = json!({ "query": query });
        let answer = block_on(send(&world.sql.router(), OWNER, "text/csv", &body));
        let found = answer.text.replace("\r\n", "\n");
        let expected = path.with_extension("csv");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&expected, &found).unwrap();
        }
        if fs::read_to_string(&expected).unwrap_or_default() != found {
            wrong.push(format!("{}\n{found}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
