//! Rules, windows, routing and delivery of notifications with retries.
