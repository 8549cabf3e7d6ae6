-- Who was asked to end, did not, and was sent something harder: by unit, both signals and the sender.
SELECT coalesce(target_unit, '-') AS unit,
       escalates_signal AS earlier,
       signal,
       coalesce(sender_comm, '-') AS sender,
       count(*) AS escalations,
       count(DISTINCT host) AS hosts,
       CAST(round(min(escalates_after_ns) / 1000000000.0, 3) AS DECIMAL(18, 3)) AS shortest_s,
       CAST(round(max(escalates_after_ns) / 1000000000.0, 3) AS DECIMAL(18, 3)) AS longest_s
FROM events
WHERE event = 'signal' AND escalates_id IS NOT NULL
GROUP BY coalesce(target_unit, '-'), escalates_signal, signal, coalesce(sender_comm, '-')
ORDER BY escalations DESC, unit, earlier, signal, sender
LIMIT 50
