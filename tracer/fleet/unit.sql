-- One unit: what it died of and was sent, day by day. wanted.unit is its name.
SELECT CAST(events.date AS VARCHAR(10)) AS day,
       events.event AS event,
       events.signal AS signal,
       coalesce(events.origin, '-') AS origin,
       coalesce(events.sender_comm, '-') AS sender,
       sum(coalesce(events.folded, 1)) AS times,
       count(DISTINCT events.host) AS hosts
FROM events CROSS JOIN wanted
WHERE events.signal IS NOT NULL
  AND ((events.event = 'signal' AND events.target_unit = wanted.unit)
    OR (events.event = 'exit' AND events.process_unit = wanted.unit))
GROUP BY events.date, events.event, events.signal, coalesce(events.origin, '-'), coalesce(events.sender_comm, '-')
ORDER BY day DESC, times DESC, event, signal, origin, sender
LIMIT 200
