//! Both logs as one ordered stream of typed records.
