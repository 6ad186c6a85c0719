//! How the rows of a table are shared out over the rows that they reference, as it is planned.

/// A foreign key whose number of children per parent is planned.
#[derive(Debug, Clone, PartialEq)]
pub struct FanOutPlan {
    /// The constraint's name.
    pub constraint: String,
    /// Its referencing columns.
    pub columns: Vec<String>,
    /// The referenced table, `schema.table`, unquoted.
    pub parent: String,
    /// Number of children with the number of parents that have so many, ascending, the childless among them.
    pub degrees: Vec<(u64, u64)>,
    /// The declared correlation between a child's place and its parent's.
    pub clustering: Option<f64>,
}
