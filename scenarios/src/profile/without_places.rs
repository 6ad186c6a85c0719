//! What is declared, apart from where it is written.

use super::{Bound, ColumnProfile, DependsOn, FanOut, Profile, TableProfile, Toasted};
use crate::source::Place;

// Every structure is taken apart field by field, so that a new one cannot be forgotten here.

impl Profile {
    /// The same declarations with no place anywhere. Two files that declare the same are equal in this form, in
    /// their `Debug` text too, whatever their comments, spaces and names.
    #[must_use]
    pub fn without_places(&self) -> Self {
        let Self { tables, rows } = self;
        Self { tables: tables.iter().map(table).collect(), rows: *rows }
    }
}

fn table(table: &TableProfile) -> TableProfile {
    let TableProfile {
        name,
        rows,
        dead_frac,
        free_frac,
        all_visible_frac,
        columns,
        place: _,
        dead_frac_place: _,
        free_frac_place: _,
        all_visible_frac_place: _,
    } = table;
    TableProfile {
        name: name.clone(),
        rows: *rows,
        dead_frac: *dead_frac,
        free_frac: *free_frac,
        all_visible_frac: *all_visible_frac,
        columns: columns.iter().map(column).collect(),
        ..TableProfile::default()
    }
}

fn column(column: &ColumnProfile) -> ColumnProfile {
    let ColumnProfile {
        name,
        null_frac,
        n_distinct,
        most_common,
        most_common_freqs,
        histogram_bounds,
        correlation,
        avg_width,
        generator,
        toasted: wide,
        elem_count_histogram,
        fan_out: shared,
        depends_on: decided,
        place: _,
        n_distinct_place: _,
        most_common_place: _,
        most_common_freqs_place: _,
        histogram_bounds_place: _,
        correlation_place: _,
        avg_width_place: _,
        generator_place: _,
        null_frac_place: _,
        elem_count_histogram_place: _,
    } = column;
    ColumnProfile {
        name: name.clone(),
        null_frac: *null_frac,
        n_distinct: *n_distinct,
        most_common: most_common.clone(),
        most_common_freqs: most_common_freqs.clone(),
        histogram_bounds: histogram_bounds.iter().map(bound).collect(),
        correlation: *correlation,
        avg_width: *avg_width,
        generator: *generator,
        toasted: wide.as_ref().map(toasted),
        elem_count_histogram: elem_count_histogram.clone(),
        fan_out: shared.as_ref().map(fan_out),
        depends_on: decided.as_ref().map(depends_on),
        ..ColumnProfile::default()
    }
}

fn bound(bound: &Bound) -> Bound {
    let Bound { value, place: _ } = bound;
    Bound { value: value.clone(), place: Place::default() }
}

fn toasted(toasted: &Toasted) -> Toasted {
    let Toasted { frac, raw_width, compressibility, place: _ } = toasted;
    Toasted { frac: *frac, raw_width: *raw_width, compressibility: *compressibility, place: Place::default() }
}

fn fan_out(fan_out: &FanOut) -> FanOut {
    let FanOut { degrees, childless_frac, clustering, place: _ } = fan_out;
    FanOut {
        degrees: degrees.clone(),
        childless_frac: *childless_frac,
        clustering: *clustering,
        place: Place::default(),
    }
}

fn depends_on(depends_on: &DependsOn) -> DependsOn {
    let DependsOn { column, degree, place: _ } = depends_on;
    DependsOn { column: column.clone(), degree: *degree, place: Place::default() }
}
