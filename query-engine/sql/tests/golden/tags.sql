SELECT tags['browser'] AS browser, exceptions[1]['type'] AS kind,
       exceptions[1]['frames'][-1]['function'] AS last_call, count(*) AS n
FROM events GROUP BY browser, kind, last_call ORDER BY browser, kind, last_call
