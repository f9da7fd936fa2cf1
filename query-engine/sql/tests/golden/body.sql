SELECT json_text(body, 'request.url') AS url, json_text(body, 'exceptions[0].frames[1].lineno') AS line
FROM events WHERE event_id = '0000000000000000000000000000002a'
