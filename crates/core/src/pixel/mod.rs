//! Pixel data: what does not need a codec library (PS3.5 8, A, G).

pub mod bits;
pub mod colour;
pub mod entropy;
pub mod fragments;
pub mod functional_groups;
pub mod lut;
pub mod lzw;
pub mod png;
pub mod rle;
pub mod sample;
pub mod stored;
pub mod streams;
pub mod window;
