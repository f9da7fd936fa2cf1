SELECT date_trunc('minute', received_at) AS minute, count(*) AS n
FROM events
WHERE received_at >= '2026-11-22T10:01:00Z' AND received_at < '2026-11-22T10:04:00Z'
GROUP BY minute ORDER BY minute
