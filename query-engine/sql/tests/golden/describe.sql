DESCRIBE events
