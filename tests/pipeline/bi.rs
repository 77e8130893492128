//! bi
