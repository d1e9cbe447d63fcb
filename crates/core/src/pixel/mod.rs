//! Pixel data: what does not need a codec library (PS3.5 8, A, G).

pub mod fragments;
pub mod png;
pub mod rle;
