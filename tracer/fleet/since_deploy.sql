-- What dies more since a time: deaths a day, before wanted.since and after it, of each unit and signal.
-- First what chance explains least: the square of the difference over its variance, were both Poisson. By the difference
-- alone, the ups and downs of a unit that dies by the thousand would stand above one that never died before.
SELECT counted.unit AS unit,
       counted.signal AS signal,
       counted.deaths_before AS deaths_before,
       counted.deaths_after AS deaths_after,
       counted.hosts_after AS hosts_after,
       CAST(round(CAST(counted.deaths_before AS DOUBLE) / days.before_it, 3) AS DECIMAL(18, 3)) AS a_day_before,
       CAST(round(CAST(counted.deaths_after AS DOUBLE) / days.after_it, 3) AS DECIMAL(18, 3)) AS a_day_after
FROM (SELECT coalesce(events.process_unit, '-') AS unit,
             events.signal AS signal,
             count(CASE WHEN events.time < wanted.since THEN 1 END) AS deaths_before,
             count(CASE WHEN events.time >= wanted.since THEN 1 END) AS deaths_after,
             count(DISTINCT CASE WHEN events.time >= wanted.since THEN events.host END) AS hosts_after
      FROM events CROSS JOIN wanted
      WHERE events.event = 'exit' AND events.signal IS NOT NULL
      GROUP BY coalesce(events.process_unit, '-'), events.signal) counted
CROSS JOIN (SELECT greatest(count(DISTINCT CASE WHEN events.time < wanted.since THEN events.date END), 1) AS before_it,
                   greatest(count(DISTINCT CASE WHEN events.time >= wanted.since THEN events.date END), 1) AS after_it
            FROM events CROSS JOIN wanted) days
WHERE counted.deaths_after * days.before_it > counted.deaths_before * days.after_it
ORDER BY CAST(counted.deaths_after * days.before_it - counted.deaths_before * days.after_it AS DOUBLE)
         * CAST(counted.deaths_after * days.before_it - counted.deaths_before * days.after_it AS DOUBLE)
         / CAST(counted.deaths_after * days.before_it * days.before_it + counted.deaths_before * days.after_it * days.after_it AS DOUBLE) DESC,
         unit, signal
LIMIT 50
