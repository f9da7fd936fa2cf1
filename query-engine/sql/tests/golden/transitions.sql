SELECT kind, count(*) AS n, min(at) AS first FROM transitions GROUP BY kind ORDER BY kind
