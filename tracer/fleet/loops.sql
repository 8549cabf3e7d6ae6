-- What dies, is started again and dies again: five deaths of a unit by one signal on a host within an hour of the clock.
SELECT host, unit, signal, count(*) AS hours, sum(deaths) AS deaths, max(deaths) AS most_an_hour,
       min(first_death) AS first_death, max(last_death) AS last_death
FROM (SELECT host, process_unit AS unit, signal, date_trunc('hour', time) AS clock_hour,
             count(*) AS deaths, min(time) AS first_death, max(time) AS last_death
      FROM events
      WHERE event = 'exit' AND signal IS NOT NULL AND process_unit IS NOT NULL
      GROUP BY host, process_unit, signal, date_trunc('hour', time)
      HAVING count(*) >= 5) bad
GROUP BY host, unit, signal
ORDER BY deaths DESC, host, unit, signal
LIMIT 50
