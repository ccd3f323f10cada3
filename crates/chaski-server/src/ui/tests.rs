//! Tests of the web over its routes.
