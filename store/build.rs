//! Compiles `proto/` to Rust with protox, so that no `protoc` is needed.

use std::error::Error;

const INCLUDE: &str = "proto";
const SCHEMAS: [&str; 2] = ["padwacht/v1/samples.proto", "padwacht/v1/checkpoint.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={INCLUDE}");
    let descriptors = protox::compile(SCHEMAS, [INCLUDE])?;
    prost_build::Config::new().compile_fds(descriptors)?;
    Ok(())
}
