-- 50 interviews after a random place in the order of start and id, with their people. LIMIT comes before the joins.
\set slot random(0, :interviews / 500 - 2)
\set minute random(0, 14)
\set id :slot * 500 + random(1, 500)
SELECT i.*, e.kind, e.updated_at, d.*, r.*
FROM (SELECT * FROM interviews
      WHERE (start_at, id) > (timestamptz '2026-03-01 00:00Z' + (:slot * 60 + :minute) * interval '1 minute', :id)
      ORDER BY start_at, id LIMIT 50) i
  JOIN interviewees e ON e.id = interviewee_id
  JOIN drivers d ON d.id = driver_id
  JOIN interviewers r ON r.id = interviewer_id
ORDER BY start_at, i.id;
