//! Pixel data: what does not need a codec library (PS3.5 8, A, G).

pub mod colour;
pub mod fragments;
pub mod lut;
pub mod png;
pub mod rle;
pub mod sample;
pub mod window;
