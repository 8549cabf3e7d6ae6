-- Whom the OOM killer chose: by unit and scope, on how many of the hosts that tell anything.
SELECT coalesce(target_unit, '-') AS unit,
       coalesce(oom_scope, '-') AS scope,
       count(*) AS kills,
       count(DISTINCT host) AS hosts,
       (SELECT count(DISTINCT host) FROM events) AS all_hosts,
       min(time) AS first_kill,
       max(time) AS last_kill
FROM events
WHERE event = 'signal' AND origin = 'oom'
GROUP BY coalesce(target_unit, '-'), coalesce(oom_scope, '-')
ORDER BY kills DESC, unit, scope
LIMIT 50
