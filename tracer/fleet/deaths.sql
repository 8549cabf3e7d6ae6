-- What died by signals: by unit and signal, on how many hosts, from when to when.
SELECT coalesce(process_unit, '-') AS unit,
       signal,
       count(*) AS deaths,
       count(DISTINCT host) AS hosts,
       min(time) AS first_death,
       max(time) AS last_death
FROM events
WHERE event = 'exit' AND signal IS NOT NULL
GROUP BY coalesce(process_unit, '-'), signal
ORDER BY deaths DESC, unit, signal
LIMIT 50
