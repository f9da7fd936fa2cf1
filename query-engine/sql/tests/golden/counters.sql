SELECT c.time, c.release, sum(c.events) AS events
FROM counters c JOIN projects p USING (project_id)
WHERE p.name = 'default' AND c.environment = 'production'
GROUP BY c.time, c.release ORDER BY c.time, c.release
