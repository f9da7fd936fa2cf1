SELECT title, culprit, type, value, count(*) AS n
FROM events WHERE environment = 'staging'
GROUP BY title, culprit, type, value ORDER BY n DESC, title, culprit LIMIT 5
