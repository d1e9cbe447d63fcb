//! THE registry of transfer syntaxes (PS3.5 8.2, A; PS3.6 A).
