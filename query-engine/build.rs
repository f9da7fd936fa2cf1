//! Has the crate built again when the web UI was: where it was not there at first, its files
//! would be missing for good.

fn main() {
    println!("cargo:rerun-if-changed=../web-ui/dist/index.html");
}
