-- Who sent the signals that others died of: by program, user and unit of the sender, and unit of the dead.
SELECT coalesce(killer.sender_comm, '-') AS sender,
       coalesce(killer.sender_user_name, CAST(killer.sender_uid AS VARCHAR(20)), '-') AS sender_user,
       coalesce(killer.sender_unit, '-') AS sender_unit,
       coalesce(dead.process_unit, '-') AS unit,
       dead.signal AS signal,
       count(*) AS deaths,
       count(DISTINCT dead.host) AS hosts
FROM (SELECT host, cause, process_pid, process_unit, signal
      FROM events
      WHERE event = 'exit' AND signal IS NOT NULL AND cause IS NOT NULL) dead
JOIN (SELECT host, id, target_pid, sender_comm, sender_user_name, sender_uid, sender_unit
      FROM events
      WHERE event = 'signal' AND sender_pid IS NOT NULL) killer
  ON killer.id = dead.cause AND killer.host = dead.host AND killer.target_pid = dead.process_pid
GROUP BY coalesce(killer.sender_comm, '-'),
         coalesce(killer.sender_user_name, CAST(killer.sender_uid AS VARCHAR(20)), '-'),
         coalesce(killer.sender_unit, '-'), coalesce(dead.process_unit, '-'), dead.signal
ORDER BY deaths DESC, sender, sender_user, sender_unit, unit, signal
LIMIT 50
