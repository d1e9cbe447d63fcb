//! Stub until the branch `jsonxml` lands.
use crate::dataset::Dataset;
use crate::error::Result;
/// Whether two data sets are the same.
pub fn same(_left: &Dataset, _right: &Dataset) -> Result<bool> {
    Ok(true)
}
