//! What is planned is what is made, and what cannot be made is refused.

mod exact;
mod refused;
mod relations;
mod shapes;
