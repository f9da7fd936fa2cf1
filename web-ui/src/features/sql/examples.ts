// Queries to begin with.
import type { Saved } from "./saved";

export const examples: readonly Saved[] = [
  {
    name: "What breaks most, since yesterday",
    text: `SELECT title, sum(weight) AS events, count(DISTINCT "user") AS users
FROM events
WHERE received_at > now() - INTERVAL '1 day'
GROUP BY title ORDER BY events DESC LIMIT 20`,
  },
  {
    name: "Errors by hour, this week",
    text: `SELECT time, sum(events) AS events
FROM project_counters
WHERE time > now() - INTERVAL '7 days' AND level IN ('error', 'fatal')
GROUP BY time ORDER BY time`,
  },
  {
    name: "New issues by release",
    text: `SELECT first_release, count(*) AS issues, sum(users) AS users
FROM issues
WHERE first_release <> ''
GROUP BY first_release ORDER BY issues DESC LIMIT 30`,
  },
  {
    name: "Where stacks end",
    text: `SELECT exceptions[-1]['frames'][-1]['function'] AS function, sum(weight) AS events
FROM events
WHERE received_at > now() - INTERVAL '1 day'
GROUP BY function ORDER BY events DESC LIMIT 20`,
  },
  {
    name: "Pages that break for one browser",
    text: `SELECT json_text(body, 'request.url') AS url, count(DISTINCT "user") AS users
FROM events
WHERE tags['browser'] LIKE 'Safari%' AND received_at > now() - INTERVAL '1 day'
GROUP BY url ORDER BY users DESC LIMIT 20`,
  },
];
