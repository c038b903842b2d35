//! Tests of PDF.
