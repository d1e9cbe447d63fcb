//! Pixel data: what does not need a codec library (PS3.5 8, A, G).

pub mod bits;
pub mod fragments;
pub mod functional_groups;
pub mod rle;
pub mod stored;
pub mod streams;
