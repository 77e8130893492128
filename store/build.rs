//! Compiles `proto/` to Rust with protox, so that no `protoc` is needed.

use std::error::Error;

const INCLUDE: &str = "proto";
const SAMPLES: &str = "padwacht/v1/samples.proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={INCLUDE}");
    let descriptors = protox::compile([SAMPLES], [INCLUDE])?;
    prost_build::Config::new().compile_fds(descriptors)?;
    Ok(())
}
