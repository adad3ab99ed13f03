//! Tests of folding: the alphabets letter by letter, the rules by example, properties over any text,
//! measures on the sample files.

mod alphabets;
mod measures;
mod properties;
mod rules;
