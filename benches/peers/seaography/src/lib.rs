//! A library, so that the compiler does not report the generated code that the server does not use.

pub mod entities;
