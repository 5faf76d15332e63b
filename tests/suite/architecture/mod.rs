//! Rules about the source code itself.

mod layers;
