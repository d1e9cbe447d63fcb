//! Specific Character Set (PS3.5 6.1).
