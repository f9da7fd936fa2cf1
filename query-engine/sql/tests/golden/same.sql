SELECT (SELECT sum(weight) FROM events) AS of_events, (SELECT sum(events) FROM counters) AS of_counters,
       (SELECT sum(events) FROM project_counters) AS of_projects, (SELECT sum(events) FROM issues) AS of_issues
