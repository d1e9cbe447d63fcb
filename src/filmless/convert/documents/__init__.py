"""Documents that go in whole: PDF, CDA, STL, OBJ, MTL."""
