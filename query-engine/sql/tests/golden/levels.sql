SELECT level, sum(weight) AS events, count(DISTINCT "user") AS users
FROM events GROUP BY level ORDER BY events DESC, level
