-- Who sent the signals that others died of: by program, user and unit of the sender, and unit of the dead.
-- First on each host: what repeats is compared once.
SELECT coalesce(sender_comm, '-') AS sender,
       coalesce(sender_user_name, CAST(sender_uid AS VARCHAR(20)), '-') AS sender_user,
       coalesce(sender_unit, '-') AS sender_unit,
       coalesce(process_unit, '-') AS unit,
       signal,
       sum(deaths) AS deaths,
       count(DISTINCT host) AS hosts
FROM (SELECT dead.host AS host, killer.sender_comm, killer.sender_user_name, killer.sender_uid, killer.sender_unit,
             dead.process_unit, dead.signal, count(*) AS deaths
      FROM (SELECT host, cause, process_pid, process_unit, signal
            FROM events
            WHERE event = 'exit' AND signal IS NOT NULL AND cause IS NOT NULL) dead
      JOIN (SELECT host, id, target_pid, sender_comm, sender_user_name, sender_uid, sender_unit
            FROM events
            WHERE event = 'signal' AND sender_pid IS NOT NULL) killer
        ON killer.id = dead.cause AND killer.host = dead.host AND killer.target_pid = dead.process_pid
      GROUP BY dead.host, killer.sender_comm, killer.sender_user_name, killer.sender_uid, killer.sender_unit,
               dead.process_unit, dead.signal) on_a_host
GROUP BY coalesce(sender_comm, '-'), coalesce(sender_user_name, CAST(sender_uid AS VARCHAR(20)), '-'),
         coalesce(sender_unit, '-'), coalesce(process_unit, '-'), signal
ORDER BY deaths DESC, sender, sender_user, sender_unit, unit, signal
LIMIT 50
