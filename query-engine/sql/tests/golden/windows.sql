WITH ranked AS (
    SELECT project_id, release, count(*) AS n,
           row_number() OVER (PARTITION BY project_id ORDER BY count(*) DESC, release) AS place
    FROM events GROUP BY project_id, release
)
SELECT project_id, release, n FROM ranked WHERE place <= 2 ORDER BY project_id, place
