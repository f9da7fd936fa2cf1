SELECT type, level, status, events, users, first_seen, last_seen, first_release, last_release, handled
FROM issues ORDER BY events DESC, type, first_seen LIMIT 6
