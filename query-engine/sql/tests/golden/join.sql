SELECT i.type, p.name AS project, count(*) AS events
FROM events e JOIN issues i ON i.issue_id = e.issue_id JOIN projects p ON p.project_id = e.project_id
GROUP BY i.type, p.name ORDER BY i.type, p.name
