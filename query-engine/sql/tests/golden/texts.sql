SELECT upper(level) || '/' || environment AS a, regexp_replace(release, '^[a-z]+@', '') AS b,
       concat_ws('-', level, CAST(count(*) AS VARCHAR)) AS c, ('x' || NULL) IS NULL AS d
FROM events WHERE title LIKE '%order 3%' GROUP BY level, environment, release ORDER BY a, b, c LIMIT 4
